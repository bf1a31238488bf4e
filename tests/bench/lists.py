"""The desk's list of cases at a million: each filter alone and together, in the front desk's own read path."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import psycopg

from services.chassis.identifiers import Caller
from tests.bench.__main__ import Figure

PLACE, GRID = "110105001001", "110105001001001"
GOAL_MS = 50.0
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
NAMES = [
    family + given
    for family in "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
    for given in ("某", "某甲", "某乙", "某丙", "某丁")
]
UNITS = (
    "property",
    "community",
    "grid",
    "street",
    "party",
    "meters",
    "cameras",
    "volunteers",
    "police",
    "housing",
)
TITLES = (
    "居住证明",
    "房屋报修",
    "投诉求助",
    "最低生活保障",
    "停车月租",
    "纠纷调解",
    "装修备案",
    "调取录像",
    "老年体检",
    "临时救助",
)

SEED = """
    INSERT INTO cases (no, matter, status, place, filed_at, due_at, units, tracking_hash, sought, body)
    SELECT no, matter, status, place, filed_at, due_at, units, no, no || ' ' || title || ' ' || name,
           CAST(%(body)s AS jsonb) || jsonb_build_object('no', no, 'matter', matter, 'status', status, 'place', place,
               'filed_at', filed_at, 'due_at', due_at, 'title_zh', title, 'applicant', jsonb_build_object('name', name))
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
    CROSS JOIN LATERAL (SELECT hashint4(n) & 2147483647 AS dice, %(start)s + n * %(step)s AS filed_at) AS drawn
    CROSS JOIN LATERAL (SELECT
        to_char(filed_at, 'YYYYMMDD') || '-' || lpad((n %% 1000000)::text, 7, '0') AS no,
        'matter-' || dice %% 34 AS matter,
        (%(titles)s::text[])[1 + dice %% 10] AS title,
        (%(names)s::text[])[1 + dice / 7 %% 100] AS name,
        CASE WHEN dice %% 1000 < 3 THEN 'suspended' WHEN dice %% 1000 < 20 OR filed_at > %(now)s - interval '3 days' THEN 'handling'
             WHEN dice %% 100 = 99 THEN 'withdrawn' ELSE 'closed' END AS status,
        '1101050' || lpad((1 + dice / 3 %% 2)::text, 2, '0') || lpad((1 + dice / 5 %% 5)::text, 3, '0')
            || lpad((1 + dice / 11 %% 10)::text, 3, '0') AS place,
        filed_at + interval '5 days' AS due_at,
        ARRAY[(%(units)s::text[])[1 + dice / 13 %% 10], (%(units)s::text[])[1 + dice / 131 %% 10]] AS units) AS made
"""

ASKED: dict[str, dict[str, Any]] = {
    "all": {},
    "of_a_community": {"place": PLACE},
    "of_a_grid": {"place": GRID},
    "suspended": {"status": "suspended"},
    "suspended_in_a_grid": {"status": "suspended", "place": GRID},
    "of_a_unit": {"unit": "housing"},
    "of_a_unit_in_hand_in_a_grid": {"unit": "housing", "status": "handling", "place": GRID},
    "of_a_matter": {"matter": "matter-7"},
    "overdue": {"overdue": True},
    "overdue_in_a_grid": {"overdue": True, "place": GRID},
    "by_name": {"q": "罗某丁"},
    "by_name_in_a_grid": {"q": "罗某丁", "place": GRID},
    "by_family_name": {"q": "罗"},
    "by_title": {"q": "调解"},
    "by_number_begin": {"q": (NOW - timedelta(days=100)).strftime("%Y%m%d-00")},
    "by_number_end": {"q": "123456"},
    "by_nobody": {"q": "没有这人"},
}


def seed(connection: psycopg.Connection, count: int) -> None:
    from services.frontdesk.model import Case

    day = timedelta(days=1)
    blank = Case("", "", 1, "", "A matter", "", "window", {}, {"address": "", "description": "某事" * 60, "consent": True},
                 [], NOW, NOW, "clerk", "")  # fmt: skip
    body = json.loads(msgspec.json.encode(blank))
    connection.execute("SET synchronous_commit = off")
    connection.execute("TRUNCATE cases CASCADE")
    for first in range(1, count + 1, 50_000):
        facts = {
            "body": json.dumps(body),
            "first": first,
            "last": min(first + 49_999, count),
            "start": NOW - 365 * day,
            "step": 365 * day / count,
            "now": NOW,
            "titles": list(TITLES),
            "names": NAMES,
            "units": list(UNITS),
        }
        connection.execute(SEED, facts)
    connection.execute("VACUUM ANALYZE cases")


def measure(say: Callable[..., None], times: int) -> list[Figure]:
    from services.chassis.database import Ledger
    from services.frontdesk import views

    ledger = Ledger("frontdesk")
    clerk = Caller("clerk", "staff", None, ({"role": "clerk", "scope": "110105"},))

    def timed(act: Callable[[], object]) -> float:
        taken = []
        for _ in range(times + 3):
            begun = time.perf_counter()
            act()
            taken.append(time.perf_counter() - begun)
        return 1000 * sorted(taken[3:])[int(times * 0.95)]

    def look_up() -> None:
        with ledger.read() as read:
            read.connection.exec_driver_sql("SELECT body FROM cases ORDER BY no LIMIT 1").one()

    floor, figures = timed(look_up), []
    for name, asked in ASKED.items():
        query = dict.fromkeys(("status", "matter", "unit", "place", "overdue", "trouble", "q", "cursor"))
        given = SimpleNamespace(**(query | {"limit": 50} | asked))

        def ask(given: Any = given) -> Any:
            with ledger.read(clerk) as read:
                return views.list_cases(read, given)

        say(f"{name}: {len(ask()['items'])} on the first page")
        ms = timed(ask)
        figures.append(Figure(f"desk_list_{name}_ms_p95", ms, "ms", floor, f"< {GOAL_MS:.0f}", ms < GOAL_MS))
    ledger.close()
    return figures


if __name__ == "__main__":
    import sys

    from deploy.local import environment
    from tests.bench.__main__ import ROOT, say

    os.environ.update(environment.read(ROOT / sys.argv[1] / "env"))
    with psycopg.connect(
        os.environ["DATABASE_URL_FRONTDESK"].replace("+psycopg", ""), autocommit=True
    ) as connection:
        if len(sys.argv) > 2:
            seed(connection, int(sys.argv[2]))
    for figure in measure(say, 20):
        figure.print()
