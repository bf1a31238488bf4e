import itertools

import pytest
from sqlalchemy import text

from deploy.local.stack import borrowed_parts
from services.cameras import handlers
from services.cameras.signals import AlarmSignal, Heartbeat
from services.contracts.cameras import RegisterCamera
from tests.offices import PARTS, Office, community, migrate


@pytest.fixture(scope="session")
def stack():
    with borrowed_parts(PARTS) as env:
        migrate(env, "cameras")
        yield env


class CameraOffice(Office):
    """The office and its cameras, whose clock the test turns."""

    numbers = itertools.count(1)

    def install(self, place, count=1, **more):
        """As many cameras in a grid, in the order of their ids."""
        return [
            self(
                RegisterCamera,
                camera=f"{place[:8]}01132{next(self.numbers):07}",
                **{"name": "东门", "place": place, "address": "东门", "site": "gate", **more},
            )["camera"]
            for _ in range(count)
        ]

    def hear_devices(self, signals, at):
        with self.ledger.work() as work:
            work.now = at
            return list(handlers.hear_signals(work, signals).values())

    def beat(self, cameras, at, said_at=None, speaker=None):
        return self.hear_devices([Heartbeat(speaker or camera, camera, said_at) for camera in cameras], at)

    def sound(self, camera, at, type="fire", id=None, **more):
        facts = {"state": "active", "priority": 4, "label": None, "zone": None, "speaker": camera} | more
        return self.hear_devices(
            [AlarmSignal(device=camera, id=id or at.isoformat(), type=type, at=at, **facts)], at
        )

    def look_for_silence(self, at):
        with self.ledger.work() as work:
            work.now = at
            handlers.find_offline(work)


@pytest.fixture
def office(stack):
    office = CameraOffice("cameras", stack)
    yield office
    office.ledger.close()


@pytest.fixture
def grid():
    return community() + "001"


@pytest.fixture
def alone(office):
    """The search for silence goes over all cameras: one test at a time, and the others' cameras out of its sight."""
    with office.ledger.engine.connect() as held:
        held.execute(
            text("SET lock_timeout = 0; SET statement_timeout = 0")
        )  # another test may take its time
        held.execute(text("SELECT pg_advisory_lock(7)"))
        held.commit()
        held.execute(text("UPDATE cameras SET status = 'retired'"))
        held.commit()
        yield
        held.execute(text("SELECT pg_advisory_unlock(7)"))
        held.commit()
