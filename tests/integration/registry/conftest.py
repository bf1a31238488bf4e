import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from deploy.local.stack import borrowed_parts
from services.chassis.database import Ledger, open_engine, outbox
from services.chassis.identifiers import SYSTEM, Caller
from services.contracts import citizens, registry
from services.contracts.envelope import Envelope
from services.contracts.messages import Query
from services.registry import geometry, handlers, views
from services.registry.repository import Repository

ROOT = Path(__file__).resolve().parents[3]
PARTS = Path(os.environ.get("YIKOU_TEST_PARTS") or ROOT / ".run" / "test")


@pytest.fixture(scope="session")
def stack():
    """A real broker and database, with the registry's tables in it."""
    with borrowed_parts(PARTS) as env:
        # Several test processes may arrive at once; only one migrates at a time.
        migrate = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "registry"]
        command = ["flock", str(PARTS / "migrate.lock"), *migrate]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True)
        yield env


class Office:
    """The registry's handlers and views on the real database, each call one transaction."""

    def __init__(self, ledger):
        self.ledger = ledger

    def __call__(self, contract, caller: Caller = SYSTEM, **fields):
        message = contract.read(fields)
        if issubclass(contract, Query):
            with self.ledger.read(caller) as read:
                return views.QUERIES[contract](read, message)
        with self.ledger.work(caller) as work:
            return handlers.COMMANDS[contract](work, message)

    def hear(self, event, **fields):
        with self.ledger.work() as work:
            handlers.EVENTS[event](work, event.read(event.write(fields)))

    def said(self, subject):
        """(event, data) of everything said of a household or person, in order."""
        with self.ledger.engine.connect() as connection:
            bodies = connection.execute(select(outbox.c.body).order_by(outbox.c.position)).scalars()
            envelopes = [Envelope.decode(bytes(body)) for body in bodies]
        return [(one.name, one.data) for one in envelopes if one.subject == subject]


@pytest.fixture
def office(stack):
    ledger = Ledger("registry", Repository)
    ledger._engine = open_engine(stack["DATABASE_URL_REGISTRY"], "registry-test", 6)
    yield Office(ledger)
    ledger.close()


@pytest.fixture
def community():
    """A community nobody else's test uses."""
    return f"99{random.randrange(10**10):010}"


@pytest.fixture
def estate(office, community):
    """Two grids and a building with two homes."""
    cells = geometry.lattice(116.44, 39.92, 0.01, 0.01, 2, 1, lambda: 0)
    grids = [
        {"code": f"{community}{n:03}", "name": f"第{n}网格", "geometry": cell}
        for n, cell in enumerate(cells, 1)
    ]
    office(registry.ImportGrids, community=community, grids=grids)
    grid = grids[0]["code"]
    building = office(registry.AddBuilding, grid=grid, number=3, address="一口社区3号楼")["building"]
    homes = [
        office(registry.AddHousehold, building=building, unit=1, door=door)["household"]
        for door in ("0101", "0102")
    ]
    return SimpleNamespace(
        community=community, grid=grid, other_grid=grids[1]["code"], building=building, homes=homes
    )


@pytest.fixture
def number():
    """Makes ID numbers nobody else's test uses."""

    def make(birth="19500101"):
        body = f"1{random.randrange(10**5):05}{birth}{random.randrange(1000):03}"
        return body + citizens.id_check_digit(body)

    return make


def caller(role, scope, account="someone", department=None, kind="staff"):
    return Caller(account, kind, department, ({"role": role, "scope": scope},))
