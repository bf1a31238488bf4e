"""Drills use the chassis' probe: a service of the tests' own whose every effect can be counted."""

import json
import time
from pathlib import Path

import pytest
from kombu import Connection

from deploy.local import stack
from deploy.local.platform import running
from services.chassis import topology
from tests.integration.chassis.conftest import (  # noqa: F401 — fixtures
    call,
    dead,
    effects,
    engine,
    parts,
    poke,
    post,
    probe,
    purge,
    replicas,
)
from tests.journeys.conftest import Platform
from tests.waiting import until

REPORT = Path(__file__).resolve().parents[2] / ".run" / "drills.jsonl"
PLATFORM = REPORT.parent / "drill-platform"
LOAD = 120


@pytest.fixture
def report():
    """Writes a drill's row of the table in docs/operations.md."""

    def write(fault, load, lost, doubled, recovery=None):
        row = {"fault": fault, "load": load, "lost": lost, "doubled": doubled, "recovery": recovery}
        REPORT.parent.mkdir(exist_ok=True)
        with REPORT.open("a") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    return write


class Drill:
    """Each event said has an effect and says another, which has one too: the set of both is known beforehand."""

    def __init__(self, send, count, report):
        self._poke, self.effects, self._report = send, count, report
        self.wanted, self._ended, self.recovery = set(), time.monotonic(), None

    def say(self, count=LOAD, meanwhile=lambda n: None, times=lambda n: 1, mood="echo"):
        for n in range(len(self.wanted) // 2, len(self.wanted) // 2 + count):
            self._poke(f"k{n}", mood, times=times(n))
            self.wanted |= {f"k{n}", f"echo-k{n}"}
            meanwhile(n)

    def fault_ends(self):
        self._ended = time.monotonic()

    def settle(self, seconds=60, wanted=None):
        wanted = wanted or self.wanted
        until(lambda: wanted <= set(self.effects()), seconds, "every event and every echo has had its effect")
        self.recovery = round(time.monotonic() - self._ended, 1)

    def tell(self, fault):
        """(lost, doubled), and the row of the report."""
        counted = self.effects()
        lost = len(self.wanted - set(counted))
        doubled = sum(count > 1 for count in counted.values())
        self._report(fault, len(self.wanted), lost, doubled, self.recovery)
        return lost, doubled


@pytest.fixture
def drill(parts, poke, effects, report):  # noqa: F811
    with Connection(parts["AMQP_URI"]) as connection:
        topology.declare(connection, ["probe"])
    purge(parts)
    return Drill(poke, effects, report)


@pytest.fixture(scope="session")
def platform():
    """The whole platform, new: every process under its supervisor, which restarts what we kill."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YIKOU_RATE_SCALE", "10000")  # the limits are for people
        stack.remove_parts(PLATFORM)
        with running(PLATFORM) as env:
            found = Platform(env)
            yield found
            found.close()
