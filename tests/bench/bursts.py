"""Do three hundred reports filed at once wait for each other? And what does the desk's suggestion cost at a million cases?

`python -m tests.bench.bursts`: the front desk's own code on a database of its own, sixteen desks in threads. The floor is the same
number of cases that are no reports of anything.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine, text

from deploy.local.stack import borrowed_parts
from services.chassis.database import open_engine
from services.chassis.settings import settings
from services.contracts import frontdesk, intake
from services.frontdesk.handlers.bursts import collapse_bursts
from tests.bench.__main__ import ROOT, Figure, say
from tests.integration.frontdesk.conftest import PLACE, Desk, complaint, id_number

REPORTS, DESKS, CASES, LOOKS = 300, 16, 1_000_000, 60
ORDINARY, BURST = "灯坏了", "楼里都是浓烟"
TABLES = "cases, history, reports, incidents, broadcasts, ledger_lines, outbox"


def measure_burst(engine: Engine) -> list[Figure]:
    file_all(engine, ORDINARY)  # warm
    floor = file_all(engine, ORDINARY)
    ours = file_all(engine, BURST, beside=True)
    desk = Desk(engine)
    for _ in range(REPORTS // 100 + 1):
        desk.look(collapse_bursts)
    [incident] = desk.ask(intake.ListIncidents)["items"]
    assert incident["reports"] == REPORTS and len(desk.said("BroadcastMade")) == 1
    say(f"one incident of {incident['reports']} reports, one broadcast")
    return [
        Figure(f"file_{REPORTS}_reports_at_once", ours[0], "s", floor[0]),
        Figure(
            "file_a_report_p99", ours[1], "ms", floor[1], "< 1000: nobody waits for seconds", ours[1] < 1000
        ),
    ]


def file_all(engine: Engine, words: str, beside: bool = False) -> tuple[float, float]:
    """(seconds for all, milliseconds of the 99th of a hundred)."""
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {TABLES}"))
    desk, took, taking, done = Desk(engine), list[float](), threading.Lock(), threading.Event()
    waiting = iter(range(REPORTS))

    def fill() -> None:
        while True:
            with taking:
                number = next(waiting, None)
            if number is None:
                return
            person = {"name": "张某", "id_number": id_number(number), "phone": "13500000000"}
            began = time.perf_counter()
            desk.order(frontdesk.FileCase, **complaint("other", {"description": words}, applicant=person))
            took.append(time.perf_counter() - began)

    def look() -> None:
        while not done.wait(1 if took else 0.01):
            desk.look(collapse_bursts)

    filling = [threading.Thread(target=fill) for _ in range(DESKS)]
    looking = threading.Thread(target=look)
    began = time.perf_counter()
    if beside:
        looking.start()
    for thread in filling:
        thread.start()
    for thread in filling:
        thread.join()
    wall = time.perf_counter() - began
    done.set()
    if beside:
        looking.join()
    return wall, sorted(took)[int(REPORTS * 0.99)] * 1000


def measure_suggestions(engine: Engine) -> list[Figure]:
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {TABLES}"))
    desk = Desk(engine)
    filed = desk.order(frontdesk.FileCase, **complaint("other", {"description": "楼道灯不亮"}))
    began = time.perf_counter()
    with engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(SEED, {"cases": CASES})
        connection.execute(text("VACUUM ANALYZE cases"))
        connection.execute(text("RESET statement_timeout"))
        say(f"{CASES:,} cases seeded in {time.perf_counter() - began:.0f} s")
        floor = p95(lambda: connection.execute(text("SELECT 1")))
    similar = p95(lambda: desk.ask(intake.ListSimilar, case_no=filed["case_no"]))
    routing = p95(lambda: desk.ask(intake.SuggestRouting, text="楼道灯不亮", place=PLACE))
    goal = "< 50 at a million cases"
    return [
        Figure("similar_p95", similar, "ms", floor, goal, similar < 50),
        Figure("routing_p95", routing, "ms", floor, goal, routing < 50),
    ]


SEED = text("""
INSERT INTO cases (no, matter, status, place, filed_at, due_at, units, tracking_hash, sought, body)
SELECT 'x' || g, CASE WHEN g % 3 = 0 THEN 'complaint' ELSE 'repair' END,
       CASE WHEN g % 50 = 0 THEN 'dispatched' ELSE 'archived' END,
       '110105001' || lpad((g % 10 + 1)::text, 3, '0') || lpad((g / 10 % 40 + 1)::text, 3, '0'),
       timestamptz '2026-11-23T02:00:00Z' - g * interval '31 seconds', now(), '{community}', 'h' || g, 'x' || g,
       jsonb_build_object(
           'title_zh', '投诉求助', 'title_en', 'Complaint', 'applicant', jsonb_build_object('name', '张某'),
           'tasks', '[{"unit": "property", "status": "done"}]'::jsonb, 'pad', repeat('x', 800),
           'form', jsonb_build_object('topic', 'other', 'address', '110105001001001-3-502', 'description',
               (ARRAY['楼道灯不亮已经三天', '垃圾没人清运', '停水了', '物业保安态度差'])[g % 4 + 1] || g))
FROM generate_series(1, :cases) g
""")


def p95(act: Callable[[], object]) -> float:
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return sorted(took)[int(LOOKS * 0.95)] * 1000


def main() -> None:
    with borrowed_parts(ROOT / ".run" / "bench-intake") as env:
        os.environ.update(env)
        settings.cache_clear()
        command = [sys.executable, "-W", "ignore", "-m", "services.chassis.migrate", "upgrade", "frontdesk"]
        subprocess.run(command, cwd=ROOT, check=True)
        engine = open_engine(env["DATABASE_URL_FRONTDESK"], "frontdesk-bench", DESKS + 2)
        try:
            for figure in (*measure_burst(engine), *measure_suggestions(engine)):
                figure.print()
        finally:
            engine.dispose()


if __name__ == "__main__":
    main()
