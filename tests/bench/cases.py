"""(a) Moving in: cases through five departments to *closed*, and how soon the resident and the lanes know."""

import asyncio
import itertools
import json
import os
import time
import uuid
from collections.abc import Callable

import psycopg

from services.contracts import citizens
from tests.bench.__main__ import Figure
from tests.bench.http import Line, sign_in

CASES = 600
CONNECTIONS = 24
FLOOR_CASES = 600
FLOOR_CONNECTIONS = 8
STEADY_RATE = 20
STEADY_SECONDS = 15
_serial = itertools.count()


def application() -> dict:
    """Another family each time, at another door."""
    n = next(_serial)
    first = f"110199{1960 + n % 40}{1 + n % 12:02}{1 + n % 28:02}{n % 1000:03}"
    me = first + citizens.id_check_digit(first)
    return {
        "matter": "moving-in",
        "channel": "kiosk",
        "applicant": {"name": "张某", "id_number": me, "phone": "13500000000"},
        "form": {
            "address": f"11010500100100{1 + n % 6}-90-{1 + n // 1000}-{n % 1000:04}",
            "property_right_no": f"B{n}",
            "move_in_date": "2026-11-23",
            "members": [
                {
                    "name": "张某",
                    "id_number": me,
                    "relation": "self",
                    "is_party_member": True,
                    "wants_to_volunteer": True,
                }
            ],
            "vehicles": [{"plate": f"京A{n % 100000:05}"}],
            "door_access": "card",
            "water_reading": "1.5",
            "electricity_reading": "20",
            "party_branch_previous": "某支部",
            "consent": True,
        },
        "materials": [],
    }


async def measure(say: Callable[..., None]) -> list[Figure]:
    headers = await sign_in("terminal")
    floor = await asyncio.to_thread(bare_transactions)
    say(f"floor: {floor:.0f} cases/s as 11 bare transactions each, {FLOOR_CONNECTIONS} connections")
    await burst(headers, 30)  # warm: plans prepared, pools filled
    closed_per_s = await burst(headers, CASES)
    submits, signed = await steady(headers)
    say("all five signed: " + ", ".join(f"p{p} {1000 * quantile(signed, p):.0f} ms" for p in (50, 95, 99)))
    where_time_goes(say)
    return [
        Figure(
            "cases_closed_per_s",
            closed_per_s,
            "1/s",
            floor,
            ">= 60 and ratio >= 0.2",
            closed_per_s >= 60 and closed_per_s >= 0.2 * floor,
        ),
        *(
            Figure(f"submit_p{percent}_ms", 1000 * quantile(submits, percent), "ms", goal="reported")
            for percent in (50, 95, 99)
        ),
        Figure(
            "signed_p95_ms", 1000 * quantile(signed, 95), "ms", goal="< 1000", met=quantile(signed, 95) < 1
        ),
    ]


async def burst(headers: dict[str, str], count: int) -> float:
    """Submits `count` cases as fast as they are taken, and waits until the last is closed."""
    applications = [application() for _ in range(count)]
    numbers: list[str] = []
    begun = time.monotonic()

    async def clerk() -> None:
        async with Line(headers) as line:
            while applications:
                status, body = await line.ask(
                    "POST", "/v1/cases", applications.pop(), idempotency_key=str(uuid.uuid4())
                )
                assert status == 202, body
                numbers.append(json.loads(body)["case_no"])

    await asyncio.gather(*(clerk() for _ in range(CONNECTIONS)))
    await asyncio.to_thread(wait_closed, numbers)
    return count / (time.monotonic() - begun)


def wait_closed(numbers: list[str]) -> None:
    with psycopg.connect(database("frontdesk"), autocommit=True) as connection:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            row = connection.execute(
                "SELECT count(*) FROM cases WHERE no = ANY(%s) AND status = 'closed'", (numbers,)
            ).fetchone()
            if row[0] == len(numbers):
                return
            time.sleep(0.05)
    raise SystemExit("cases did not close within 300 s")


async def steady(headers: dict[str, str]) -> tuple[list[float], list[float]]:
    """At 20 a second: (seconds to the receipt, seconds until all five had signed)."""
    submits: list[float] = []
    begun: dict[str, float] = {}
    idle: asyncio.Queue[Line] = asyncio.Queue()
    lines = [await Line(headers).__aenter__() for _ in range(40)]
    for line in lines:
        idle.put_nowait(line)

    async def submit(due: float) -> None:
        line = await idle.get()
        wall = time.time() - (time.monotonic() - due)  # measured from when it should have been sent
        status, body = await line.ask("POST", "/v1/cases", application(), idempotency_key=str(uuid.uuid4()))
        submits.append(time.monotonic() - due)
        idle.put_nowait(line)
        assert status == 202, body
        begun[json.loads(body)["case_no"]] = wall

    start = time.monotonic()
    tasks = []
    for n in range(STEADY_RATE * STEADY_SECONDS):
        due = start + n / STEADY_RATE
        await asyncio.sleep(max(0, due - time.monotonic()))
        tasks.append(asyncio.create_task(submit(due)))
    await asyncio.gather(*tasks)
    for line in lines:
        await line.__aexit__()
    await asyncio.to_thread(wait_closed, list(begun))
    with psycopg.connect(database("frontdesk")) as connection:
        rows = connection.execute(
            "SELECT case_no, extract(epoch FROM max(at)) FROM history WHERE kind = 'signed' AND case_no = ANY(%s)"
            " GROUP BY case_no HAVING count(*) = 5",
            (list(begun),),
        ).fetchall()
    assert len(rows) == len(begun)
    return submits, [float(at) - begun[no] for no, at in rows]


def bare_transactions() -> float:
    """The floor: the case, five tasks, five answers — 11 transactions of one INSERT or UPDATE and one history row."""
    with psycopg.connect(database("frontdesk"), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS floor_cases, floor_history")
        connection.execute("CREATE TABLE floor_cases (no bigint PRIMARY KEY, status text, body jsonb)")
        connection.execute(
            "CREATE TABLE floor_history (no bigint, seq int, kind text, PRIMARY KEY (no, seq))"
        )

    async def clerk(numbers: list[int]) -> None:
        async with await psycopg.AsyncConnection.connect(database("frontdesk")) as connection:
            while numbers:
                no = numbers.pop()
                for seq in range(11):
                    async with connection.transaction():
                        if seq == 0:
                            await connection.execute(
                                "INSERT INTO floor_cases VALUES (%s, 'filed', '{}')", (no,)
                            )
                        else:
                            await connection.execute(
                                "UPDATE floor_cases SET status = %s WHERE no = %s", (str(seq), no)
                            )
                        await connection.execute("INSERT INTO floor_history VALUES (%s, %s, 'x')", (no, seq))

    async def run() -> float:
        numbers = list(range(FLOOR_CASES))
        begun = time.monotonic()
        await asyncio.gather(*(clerk(numbers) for _ in range(FLOOR_CONNECTIONS)))
        return FLOOR_CASES / (time.monotonic() - begun)

    floor = asyncio.run(run())
    with psycopg.connect(database("frontdesk"), autocommit=True) as connection:
        connection.execute("DROP TABLE floor_cases, floor_history")
    return floor


def where_time_goes(say: Callable[..., None]) -> None:
    """CPU seconds each process has used since it started: the two cores are what is shared."""
    ticks = os.sysconf("SC_CLK_TCK")
    mark = f"YIKOU_URL={os.environ['YIKOU_URL']}".encode()
    used = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                ours = mark in file.read().split(b"\0")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode()
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if ours and "-m " in command:
            used.append(((int(fields[11]) + int(fields[12])) / ticks, command.split("-m ")[1].strip()))
    say(
        "CPU s: "
        + ", ".join(
            f"{name.removeprefix('services.chassis.launch ')} {seconds:.1f}"
            for seconds, name in sorted(used)[::-1]
        )
    )


def quantile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def database(service: str) -> str:
    return os.environ[f"DATABASE_URL_{service.upper()}"].replace("+psycopg", "")
