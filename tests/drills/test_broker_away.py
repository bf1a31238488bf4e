"""The broker is away, and the work goes on: what is said meanwhile is committed, waits in the outbox, and arrives."""

import random
import signal
import time

import pytest
from sqlalchemy import text

from deploy.local import stack
from tests.integration.chassis.conftest import ROOT
from tests.waiting import until

pytestmark = pytest.mark.drill
DIRECTORY = ROOT / ".run" / "test"
SECONDS = [10, *(pytest.param(seconds, marks=pytest.mark.long) for seconds in (60, 300))]


@pytest.mark.parametrize("seconds", SECONDS)
def test_what_is_said_while_the_broker_is_away_arrives_once_whichever_relays_die(
    replicas, drill, engine, seconds
):
    says = {
        "PROBE_SAYS": "1",
        "PROBE_TICK_SECONDS": "0.05",
        "YIKOU_START_DEADLINE": "600",
        "YIKOU_BATCH": "8",
    }
    steady = replicas(**says).ready()
    doomed = [replicas(**says).ready(), replicas(**says).ready()]
    drill.say()
    stack.kill_broker(DIRECTORY)
    away, waiting = time.monotonic(), []
    while time.monotonic() < away + seconds:
        doomed.pop(random.randrange(2)).stop(signal.SIGKILL)
        doomed.append(replicas(**says))
        with engine.connect() as connection:
            waiting.append(connection.execute(text("SELECT count(*) FROM outbox")).scalar_one())
        time.sleep(min(5, seconds / 4))  # the outage is the drill
    assert waiting == sorted(set(waiting)), "rows were committed throughout the outage"
    stack.start_broker(DIRECTORY)
    drill.fault_ends()
    with engine.connect() as connection:
        said = set(connection.execute(text("SELECT key FROM effects WHERE key LIKE 'said-%'")).scalars())
    drill.wanted |= said | {key.replace("said-", "heard-") for key in said}
    drill.settle(180)
    assert steady.process.poll() is None, "it lived through the outage"
    for replica in [steady, *doomed]:  # nothing new is said: what is left must be as much heard as said
        replica.stop(signal.SIGKILL)
    replicas().ready()
    until(lambda: _said_but_not_heard(engine) == 0, 60, "everything said is heard")
    assert drill.tell(f"broker away {seconds} s, relays killed at random") == (0, 0)


def _said_but_not_heard(engine):
    with engine.connect() as connection:
        return connection.execute(
            text(
                "SELECT count(*) FROM effects a WHERE key LIKE 'said-%' AND NOT EXISTS"
                " (SELECT 1 FROM effects b WHERE b.key = replace(a.key, 'said-', 'heard-'))"
            )
        ).scalar_one()
