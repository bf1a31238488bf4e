"""`make bench-insight`: the wall and every list at a million cases, with the log they were made from.

A fresh stack, a log of a year copied into insight's database, and a rebuild by the running service make the rest. Then
each question is asked again and again, in the service's own read path and through the gateway; the floor is a look-up
by primary key in the same run. `CASES` sets how many.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import psycopg

from services.chassis.identifiers import luhn_digit
from tests.bench import lists
from tests.bench.__main__ import Figure, own_stack, say
from tests.bench.http import Line, sign_in

CASES = int(os.environ.get("CASES", "1000000"))
TIMES = 60
GOAL_MS = 50.0
CHINA = timezone(timedelta(hours=8))
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
DAYS = 365
COMMUNITY = "110105001001"
GRIDS = [
    f"110105{street:03}{community:03}{grid:03}"
    for street in (1, 2)
    for community in range(1, 6)
    for grid in range(1, 11)
]
MATTERS = [f"matter-{n}" for n in range(30)] + ["welfare-check", "leak-check", "alarm", "camera-maintenance"]
CHANNELS = ("window", "kiosk", "hotline", "visit", "online", "device")
UNITS = (
    "property", "property", "community", "community", "grid", "street", "party", "meters", "cameras", "volunteers",
    "police", "housing", "civil-affairs",
)  # fmt: skip

# -- a year's log --------------------------------------------------------------------------------------


def lines(count: int) -> Iterator[str]:
    """Rows of event_log as COPY reads them; the same for the same day and count. The oldest case first."""
    dice = random.Random(4)
    start = NOW - timedelta(days=DAYS)
    minutes = [(start + timedelta(minutes=m)).isoformat() for m in range(DAYS * 1440 + 40 * 1440)]
    today = DAYS * 1440
    for n in range(count):
        filed = n * today // count
        day = (start + timedelta(minutes=filed)).astimezone(CHINA).strftime("%Y%m%d")
        digits = f"{n % 1_000_000:06}"
        yield from _case(dice, f"{day}-{digits}{luhn_digit(day + digits)}", filed, today, minutes)


def _case(dice: random.Random, no: str, filed: int, today: int, minutes: list[str]) -> Iterator[str]:
    draw = dice.random
    place, matter = GRIDS[int(draw() * 100)], MATTERS[int(draw() ** 2 * 34)]
    channel, units = CHANNELS[int(draw() * 6)], {UNITS[int(draw() * 13)] for _ in range(1 + int(draw() * 2))}
    due, ended, last = filed + 7200, True, filed
    lanes, seq, out = [], 2 + len(units), []
    at = minutes[filed]
    for unit in sorted(units):
        task = f"{no}.{unit}"
        signed = filed + int(draw() * draw() * 240)
        finished = signed + int(draw() * draw() * 9000) + 5
        officer = f"{unit}-{int(draw() * 12)}"
        status = "done" if finished <= today else "handling" if signed <= today else "assigned"
        if status == "done" and draw() < 0.012:
            status = "handling"  # somebody forgot it
        ended, last = ended and status == "done", max(last, finished)
        if status != "assigned":
            out.append(f"{no}\t{seq}\t{minutes[signed]}\tsigned\t{unit}\t{task}\t{officer}\t{{}}\t\\N\n")
            seq += 1
            if draw() < 0.03:
                out.append(
                    f"{no}\t{seq}\t{minutes[signed]}\treturn-asked\t{unit}\t{task}\t{officer}\t{{}}\t\\N\n"
                )
                seq += 1
        if status == "done":
            out.append(f"{no}\t{seq}\t{minutes[finished]}\tfinished\t{unit}\t{task}\t{officer}\t{{}}\t\\N\n")
            seq += 1
        signed_at = "null" if status == "assigned" else f'"{minutes[signed]}"'
        finished_at = f'"{minutes[finished]}"' if status == "done" else "null"
        lanes.append(
            f'{{"task_id":"{task}","unit":"{unit}","step":"{unit}","title_zh":"办理","title_en":"Handle",'
            f'"status":"{status}","assigned_at":"{at}","sign_by":"{minutes[filed + 120]}","due_at":"{minutes[due]}",'
            f'"signed_at":{signed_at},"finished_at":{finished_at},"outcome":null}}'
        )
    status, closed = ("closed", f'"{minutes[last]}"') if ended else ("handling", "null")
    face = (
        f'{{"status":"{status}","matter":"{matter}","title_zh":"某事项","title_en":"Some matter","place":"{place}",'
        f'"channel":"{channel}","filed_at":"{at}","due_at":"{minutes[due]}","closed_at":{closed},"level":0,'
        f'"returns":0,"lanes":[{",".join(lanes)}]}}'
    )
    yield f"{no}\t1\t{at}\tfiled\t\\N\t\\N\tclerk\t{{}}\t\\N\n"
    yield f"{no}\t2\t{at}\tassigned\t\\N\t\\N\tfrontdesk\t{{}}\t\\N\n"
    yield from out
    end = minutes[min(last, today)]
    yield f"{no}\t{seq}\t{end}\t{status}\t\\N\t\\N\tfrontdesk\t{{}}\t{face}\n"
    if ended and draw() < 0.4:
        word = json.dumps({"reached": draw() < 0.9, "resolved": draw() < 0.92, "satisfied": draw() < 0.9})
        yield f"{no}\t{seq + 1}\t{end}\tcalled-back\t\\N\t\\N\tclerk\t{word}\t\\N\n"


def seed(connection: psycopg.Connection, count: int) -> None:
    connection.execute("SET synchronous_commit = off")
    connection.execute("TRUNCATE event_log, cases, lanes, tallies, changes, rebuilds, said")
    connection.execute("ALTER TABLE event_log DROP CONSTRAINT pk_event_log")
    with connection.cursor().copy("COPY event_log FROM STDIN") as copy:
        piece: list[str] = []
        for one in lines(count):
            piece.append(one)
            if len(piece) == 2000:
                copy.write("".join(piece))
                piece.clear()
        copy.write("".join(piece))
    connection.execute("ALTER TABLE event_log ADD CONSTRAINT pk_event_log PRIMARY KEY (case_no, seq)")
    connection.execute("VACUUM ANALYZE event_log")


# -- what is asked -------------------------------------------------------------------------------------

PAST = ("tasks_done", "called_back", "satisfied", "sign_due", "tasks_late", "filed")
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "overview_everywhere": ("get_overview", {}),
    "overview_street": ("get_overview", {"place": COMMUNITY[:9]}),
    "overview_community": ("get_overview", {"place": COMMUNITY}),
    "overview_grid": ("get_overview", {"place": GRIDS[0]}),
    "departments": ("get_departments", {}),
    "figures_by_unit_of_a_year": ("get_figures", {"by": "unit", "period": "year"}),
    "figures_by_month_of_a_year": ("get_figures", {"by": "month", "period": "year"}),
    "figures_by_community_of_a_month": ("get_figures", {"by": "community", "period": "month"}),
    "grids": ("get_grids", {}),
    **{
        f"list_{number}": ("list_behind", {"number": number})
        for number in ("in_hand", "overdue", "tasks_open", *PAST)
    },
    "list_in_hand_of_a_unit": ("list_behind", {"number": "in_hand", "unit": "housing"}),
    "list_in_hand_of_a_grid": ("list_behind", {"number": "in_hand", "place": GRIDS[0]}),
    "list_tasks_done_of_a_unit": ("list_behind", {"number": "tasks_done", "unit": "housing"}),
    "list_tasks_done_of_a_community": ("list_behind", {"number": "tasks_done", "place": COMMUNITY}),
    "list_tasks_done_of_a_grid": ("list_behind", {"number": "tasks_done", "place": GRIDS[0]}),
    "list_satisfied_of_a_matter": ("list_behind", {"number": "satisfied", "matter": "matter-20"}),
    "list_filed_of_a_year": ("list_behind", {"number": "filed", "period": "year"}),
}
PATHS = {
    "get_overview": "/v1/overview",
    "get_departments": "/v1/overview/departments",
    "get_figures": "/v1/overview/figures",
    "get_grids": "/v1/overview/grids",
    "list_behind": "/v1/overview/behind",
}
FIELDS = ("place", "unit", "matter", "channel", "staff", "company", "period", "on", "by", "cursor")


def p95(seconds: list[float]) -> float:
    return 1000 * sorted(seconds)[int(len(seconds) * 0.95)]


def in_the_service(say: Callable[..., None]) -> list[Figure]:
    from services.chassis.database import Ledger
    from services.insight import views
    from services.insight.repository import Repository

    ledger = Ledger("insight", Repository)
    figures = []
    with ledger.engine.connect() as connection:
        no = connection.exec_driver_sql("SELECT max(case_no) FROM cases").scalar()

    def timed(act: Callable[[], object]) -> float:
        for _ in range(3):
            act()
        times = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            act()
            times.append(time.perf_counter() - begun)
        return p95(times)

    def look_up() -> None:
        with ledger.read() as read:
            read.connection.exec_driver_sql("SELECT * FROM cases WHERE case_no = %s", (no,)).one()

    floor = timed(look_up)
    for name, (view, query) in ASKED.items():
        asked = dict.fromkeys(FIELDS) | {"limit": 50} | query

        def ask(view: str = view, asked: dict[str, Any] = asked) -> Any:
            with ledger.read() as read:
                return getattr(views, view)(read, SimpleNamespace(**asked))

        found = ask()
        if found.get("next"):
            asked["cursor"] = found["next"]
            say(f"{name}: {found['count']} in all")
        ms = timed(ask)
        figures.append(Figure(f"insight_{name}_ms_p95", ms, "ms", floor, f"< {GOAL_MS:.0f}", ms < GOAL_MS))
    ledger.close()
    return figures


async def through_the_gateway(say: Callable[..., None]) -> list[Figure]:
    headers = await sign_in("supervisor")
    figures = []
    async with Line(headers) as line:

        async def timed(path: str) -> float:
            times = []
            for _ in range(TIMES):
                begun = time.perf_counter()
                status, body = await line.ask("GET", path)
                times.append(time.perf_counter() - begun)
                assert status == 200, body
            return p95(times)

        floor = await timed("/v1/matters/repair")
        for name, (view, query) in ASKED.items():
            ms = await timed(PATHS[view] + "?" + "&".join(f"{key}={value}" for key, value in query.items()))
            figures.append(
                Figure(f"gateway_{name}_ms_p95", ms, "ms", floor, f"< {GOAL_MS:.0f}", ms < GOAL_MS)
            )
    return figures


def measure_rebuild(connection: psycopg.Connection, say: Callable[..., None]) -> list[Figure]:
    """By the running service; whoever looks meanwhile is timed too. The floor: one bare walk over the whole log."""
    begun = time.perf_counter()
    connection.execute("SELECT count(*), max(length(face::text)) FROM event_log").fetchone()
    floor = time.perf_counter() - begun
    begun = time.perf_counter()
    connection.execute("INSERT INTO rebuilds (asked_at, stage) VALUES (now(), 'rows')")
    while True:
        row = connection.execute(
            "SELECT stage, done_to, cases, finished_at FROM rebuilds ORDER BY id DESC LIMIT 1"
        ).fetchone()
        assert row is not None
        if row[3]:
            break
        time.sleep(1)
        if int(time.perf_counter() - begun) % 20 == 0:
            say(f"rebuild: {row[:3]}")
    seconds = time.perf_counter() - begun
    connection.execute("VACUUM ANALYZE")
    return [Figure("insight_rebuild_s", seconds, "s", floor)]


def main() -> None:
    count = CASES
    with own_stack():
        url = os.environ["DATABASE_URL_INSIGHT"].replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            begun = time.perf_counter()
            seed(connection, count)
            say(f"seeded the log of {count:,} cases in {time.perf_counter() - begun:.0f} s")
            figures = measure_rebuild(connection, say)
            for name in ("event_log", "cases", "lanes", "tallies"):
                say(
                    name,
                    connection.execute(
                        f"SELECT count(*), pg_size_pretty(pg_total_relation_size('{name}')) FROM {name}"
                    ).fetchone(),
                )
        figures += in_the_service(say)
        figures += asyncio.run(through_the_gateway(say))
        for figure in figures:
            figure.print()
        desk = os.environ["DATABASE_URL_FRONTDESK"].replace("+psycopg", "")
        with psycopg.connect(desk, autocommit=True) as connection:
            lists.seed(connection, count)
        for figure in lists.measure(say, TIMES):
            figure.print()


if __name__ == "__main__":
    main()
