"""How quick the registry's files and searches are: `python -m tests.bench.registry` (own database, about a minute).

Floors of the same run: the bytes of the file written to the database and read back; a look-up by primary key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from deploy.local.stack import borrowed_parts
from services.chassis.database import Ledger, open_engine
from services.contracts import exchange, people, registry
from services.registry import demonstration, handlers, views
from services.registry.repository import Repository

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / ".run" / "bench-registry"
HOMES = 20_000
HEAD = "住户编码,姓名,身份证号,电话,与户主关系,党员,迁入日期"


def main() -> None:
    shutil.rmtree(PARTS, ignore_errors=True)  # its own, and nobody else's people in it
    with borrowed_parts(PARTS) as env:
        migrate = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "registry"]
        subprocess.run(migrate, cwd=ROOT, env={**os.environ, **env}, check=True)
        ledger = Ledger("registry", Repository)
        ledger._engine = open_engine(env["DATABASE_URL_REGISTRY"], "registry-bench", 4)
        print(json.dumps(measure(ledger), indent=1))
        ledger.close()


def measure(ledger: Ledger) -> dict[str, object]:
    place = f"99{random.randrange(10**10):010}"
    with ledger.work() as work:
        made = demonstration.build(place, random.randrange(10**6), HOMES, work.now)
        work.store.put_grids(made.grids)
        work.store.add_buildings(made.buildings)
    homes = "楼栋,单元,门牌号,面积\n" + "\n".join(
        f"{one['building']},{one['unit']},{one['door']},{one['area']}" for one in made.households
    )
    persons = "\n".join(
        [HEAD]
        + [
            f"{one.household},{one.name},{one.id_number},{one.phone or ''},{one.relation},"
            f"{'是' if one.is_party_member else '否'},{one.move_in_date}"
            for one in made.residents
        ]
    )
    figures: dict[str, object] = {"households": len(made.households), "residents": len(made.residents)}
    figures["households_file"] = bring(ledger, "households", place, homes, "portions")
    figures["residents_file"] = bring(ledger, "residents", place, persons, "whole")
    figures["searches_ms"] = searches(ledger, place, made)
    return figures


def bring(ledger: Ledger, kind: str, place: str, content: str, how: str) -> dict[str, float]:
    data = content.encode()
    begun = time.perf_counter()
    told = {
        "kind": kind,
        "place": place,
        "name": "a.csv",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    import_id = do(ledger, exchange.OpenImport, **told)["import_id"]
    for number, start in enumerate(range(0, len(data), exchange.PART)):
        piece = base64.b64encode(data[start : start + exchange.PART]).decode()
        do(ledger, exchange.AddImportPart, import_id=import_id, number=number, content=piece)
    sent = time.perf_counter()
    ticks(ledger, import_id, "checked")
    checked = time.perf_counter()
    do(ledger, exchange.ApplyImport, import_id=import_id, how=how, reason="bench")
    found = ticks(ledger, import_id, "applied")
    assert found["faulty"] == 0, found
    ended = time.perf_counter()
    return {
        "bytes": len(data), "rows": found["rows"], "sent_s": round(sent - begun, 2), "dry_run_s": round(checked - sent, 2),
        "stored_s": round(ended - checked, 2), "all_s": round(ended - begun, 2),
        "ratio_to_floor": round((ended - begun) / max(sent - begun, 1e-9), 1),
    }  # fmt: skip


def ticks(ledger: Ledger, import_id: str, wanted: str) -> dict[str, object]:
    while True:
        with ledger.work() as work:
            handlers.exchange.work_off_imports(work)
        found = do(ledger, exchange.GetImport, import_id=import_id)
        if found["state"] == wanted:
            return found
        assert found["state"] in ("checking", "applying"), found


def do(ledger: Ledger, contract, **given):
    message = contract.read(given)
    table, door = (
        (views.QUERIES, ledger.read) if contract in views.QUERIES else (handlers.COMMANDS, ledger.work)
    )
    with door() as work:
        return table[contract](work, message)


def searches(ledger: Ledger, place: str, made) -> dict[str, dict[str, float]]:
    with ledger.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    people_ = random.sample(made.residents, 200)
    asked = {
        "floor: by primary key": lambda one: by_key(ledger, one.household),
        "ID number": lambda one: do(ledger, registry.FindResidents, q=one.id_number, place=place),
        "telephone": lambda one: do(ledger, registry.FindResidents, q=one.phone or "1", place=place),
        "whole name": lambda one: do(ledger, registry.FindResidents, q=one.name, place=place),
        "surname": lambda one: do(ledger, registry.FindResidents, q=one.name[:1], place=place),
        "household on a day": lambda one: do(
            ledger, people.HouseholdOn, household=one.household, on="2026-06-01"
        ),
    }
    figures = {}
    for name, ask in asked.items():
        took = []
        for one in people_:
            begun = time.perf_counter()
            ask(one)
            took.append((time.perf_counter() - begun) * 1000)
        figures[name] = {"p50": round(statistics.median(took), 2), "p95": round(sorted(took)[189], 2)}
    begun = time.perf_counter()
    do(ledger, people.GetHouseholdFigures, place=place)
    figures["figures of the place"] = {"once": round((time.perf_counter() - begun) * 1000, 1)}
    return figures


def by_key(ledger: Ledger, household: str) -> None:
    with ledger.read() as read:
        read.connection.execute(
            text("SELECT * FROM households WHERE household = :home"), {"home": household}
        ).one()


if __name__ == "__main__":
    main()
