"""What the backbone promises, under the faults it must bear. Each event has an effect and says another, which has one too.

The last tests break the build on purpose: a drill that could not see a loss would prove nothing.
"""

import os
import signal
import threading
import time

import pytest

from deploy.local import stack
from services.chassis.mishaps import POINTS
from tests.integration.chassis.conftest import ROOT
from tests.waiting import until

LOAD = 120
DIRECTORY = ROOT / ".run" / "test"
OUTAGE = float(os.environ.get("YIKOU_DRILL_SECONDS", "5"))
"""How long the broker is away. An operator runs it with 10, 60, 300."""
pytestmark = [pytest.mark.drill, pytest.mark.timeout(300 + 2 * OUTAGE)]


def expected(load=LOAD):
    return {f"{prefix}k{n}" for n in range(load) for prefix in ("", "echo-")}


def settle(effects, wanted, seconds=60):
    until(lambda: set(effects()) >= wanted, seconds, "every event and every echo has had its effect")


def verdict(effects, wanted):
    counted = effects()
    lost = len(wanted - set(counted))
    doubled = sum(count > 1 for count in counted.values())
    return lost, doubled


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_any_step_loses_and_repeats_nothing(replicas, poke, effects, report, point):
    doomed = replicas(YIKOU_DIE_AT=f"{point}:3", YIKOU_BATCH="8").ready()
    for n in range(LOAD):
        poke(f"k{n}", "echo")
    assert doomed.process.wait(60) == -signal.SIGKILL
    replicas().ready()
    settle(effects, expected())
    lost, doubled = verdict(effects, expected())
    report(f"kill -9 {point}", 2 * LOAD, lost, doubled)
    assert (lost, doubled) == (0, 0)


def test_processes_killed_at_random_under_load_lose_and_repeat_nothing(replicas, poke, effects, report):
    alive = [replicas(YIKOU_BATCH="8").ready(), replicas(YIKOU_BATCH="8").ready()]
    for n in range(LOAD):
        poke(f"k{n}", "echo")
        if n % 40 == 20:  # in the middle of whatever it is doing
            alive.pop(0).stop(signal.SIGKILL)
            alive.append(replicas(YIKOU_BATCH="8").ready())
    settle(effects, expected())
    lost, doubled = verdict(effects, expected())
    report("kill -9 at random, two replicas", 2 * LOAD, lost, doubled)
    assert (lost, doubled) == (0, 0)


def test_a_deploy_loses_and_repeats_nothing(replicas, poke, effects, report):
    old = replicas(YIKOU_BATCH="8").ready()
    for n in range(LOAD // 2):
        poke(f"k{n}", "echo")
    new = replicas(YIKOU_BATCH="8").ready()
    assert old.stop(signal.SIGTERM) == 0
    for n in range(LOAD // 2, LOAD):
        poke(f"k{n}", "echo")
    settle(effects, expected())
    lost, doubled = verdict(effects, expected())
    report("rolling restart", 2 * LOAD, lost, doubled)
    assert (lost, doubled) == (0, 0)
    assert new.process.poll() is None


def test_every_message_delivered_up_to_five_times_has_one_effect(replicas, poke, effects, report):
    replicas().ready()
    replicas().ready()
    for n in range(LOAD):
        poke(f"k{n}", "echo", times=1 + n % 5)
    settle(effects, expected())
    lost, doubled = verdict(effects, expected())
    report("every message 1–5 times", 3 * LOAD, lost, doubled)
    assert (lost, doubled) == (0, 0)


def test_a_broker_killed_and_away_for_a_while_only_delays(replicas, poke, effects, report):
    one = replicas().ready()
    for n in range(LOAD):
        poke(f"k{n}", "echo")
    stack.kill_broker(DIRECTORY)
    time.sleep(OUTAGE)  # the outage is the drill
    stack.start_broker(DIRECTORY)
    settle(effects, expected(), 120)
    lost, doubled = verdict(effects, expected())
    report(f"broker killed, away {OUTAGE:.0f} s", 2 * LOAD, lost, doubled)
    assert (lost, doubled) == (0, 0)
    assert one.process.poll() is None, "it lived through the outage"


def test_a_database_restarted_under_load_only_delays(replicas, poke, effects, report, engine):
    one = replicas(YIKOU_BATCH="8").ready()
    restart = threading.Thread(target=stack.restart_postgres, args=(DIRECTORY,))
    for n in range(LOAD):
        poke(f"k{n}", "echo")
        if n == LOAD // 3:
            restart.start()
    restart.join()
    engine.dispose()
    settle(effects, expected(), 90)
    lost, doubled = verdict(effects, expected())
    report("database restarted", 2 * LOAD, lost, doubled)
    assert (lost, doubled) == (0, 0)
    assert one.process.poll() is None


def test_without_the_inbox_the_same_drill_sees_effects_twice(replicas, poke, effects, report):
    doomed = replicas(YIKOU_BROKEN="inbox", YIKOU_DIE_AT="before-ack:3", YIKOU_BATCH="8").ready()
    for n in range(LOAD):
        poke(f"k{n}", "echo")
    doomed.process.wait(60)
    replicas(YIKOU_BROKEN="inbox").ready()
    settle(effects, expected())
    lost, doubled = verdict(effects, expected())
    report("inbox switched off (must double)", 2 * LOAD, lost, doubled)
    assert doubled > 0


def test_without_the_outbox_the_same_drill_sees_a_loss(replicas, poke, effects, report):
    doomed = replicas(YIKOU_BROKEN="outbox", YIKOU_DIE_AT="after-commit:3", YIKOU_BATCH="8").ready()
    for n in range(LOAD):
        poke(f"k{n}", "echo")
    doomed.process.wait(60)
    replicas(YIKOU_BROKEN="outbox").ready()
    events_only = {f"k{n}" for n in range(LOAD)}
    settle(effects, events_only)
    poke("last")
    until(lambda: effects("last") == 1, what="everything before is settled")
    lost, doubled = verdict(effects, expected())
    report("outbox switched off (must lose)", 2 * LOAD, lost, doubled)
    assert lost > 0
