"""What the backbone promises, under the faults of a process: killed at any step, at random, replaced, told twice.

What each does to a build whose outbox or inbox is switched off is in test_broken_builds.py.
"""

import signal

import pytest

from services.chassis.calls import Calls
from services.chassis.errors import Problem
from services.chassis.mishaps import POINTS
from tests.drills.conftest import LOAD
from tests.integration.chassis.conftest import purge
from tests.waiting import until

pytestmark = pytest.mark.drill
CALLS = ("before-reply", "after-reply")
EVENTS = [point for point in POINTS if point not in (*CALLS, "after-retry")]


@pytest.mark.parametrize("point", EVENTS)
def test_a_process_killed_at_any_step_loses_and_repeats_nothing(replicas, drill, point):
    doomed = replicas(YIKOU_DIE_AT=f"{point}:3", YIKOU_BATCH="8").ready()
    drill.say()
    assert doomed.process.wait(60) == -signal.SIGKILL
    drill.fault_ends()
    replicas().ready()
    drill.settle()
    assert drill.tell(f"kill -9 {point}") == (0, 0)


def test_a_process_killed_between_the_retrys_confirm_and_the_ack_tries_once_more_and_has_one_effect(
    replicas, parts, poke, drill
):
    doomed = replicas(YIKOU_DIE_AT="after-retry:1", YIKOU_BATCH="8").ready()
    purge(parts)
    poke("shaky", "fail:1")
    assert doomed.process.wait(60) == -signal.SIGKILL
    drill.fault_ends()
    drill.wanted = {"shaky"}
    replicas().ready()  # meets the original, which fails once here as well, and the retry
    drill.settle()
    assert drill.tell("kill -9 after-retry") == (0, 0)


@pytest.mark.parametrize("point", CALLS)
def test_a_call_whose_office_dies_around_the_reply_is_repeated_with_its_key_and_has_one_effect(
    replicas, parts, drill, point
):
    doomed = replicas(YIKOU_DIE_AT=f"{point}:3").ready()
    purge(parts)
    drill.wanted = {f"note-{n}" for n in range(20)}
    successors = []
    with Calls(parts["AMQP_URI"], "drill") as calls:

        def ask(key):
            if not successors and doomed.process.poll() is not None:
                drill.fault_ends()
                successors.append(replicas().ready())
            try:
                return calls.ask("probe", "note", {"key": key}, {"nameko.idempotency_key": key}, timeout=5)
            except Problem:
                return None

        for key in sorted(drill.wanted):
            until(lambda key=key: ask(key), 60, "the call is answered")
    assert doomed.process.wait(10) == -signal.SIGKILL
    drill.settle()
    assert drill.tell(f"kill -9 {point}, calls repeated") == (0, 0)


def test_processes_killed_at_random_under_load_lose_and_repeat_nothing(replicas, drill):
    alive = [replicas(YIKOU_BATCH="8").ready(), replicas(YIKOU_BATCH="8").ready()]

    def kill_one(n):
        if n % 40 == 20:  # in the middle of whatever it is doing
            alive.pop(0).stop(signal.SIGKILL)
            alive.append(replicas(YIKOU_BATCH="8").ready())

    drill.say(meanwhile=kill_one)
    drill.fault_ends()
    drill.settle()
    assert drill.tell("kill -9 at random, two replicas") == (0, 0)


def test_a_deploy_loses_and_repeats_nothing(replicas, drill):
    old = replicas(YIKOU_BATCH="8").ready()
    drill.say(LOAD // 2)
    new = replicas(YIKOU_BATCH="8").ready()
    assert old.stop(signal.SIGTERM) == 0
    drill.fault_ends()
    drill.say(LOAD // 2)
    drill.settle()
    assert drill.tell("one process replaced") == (0, 0)
    assert new.process.poll() is None


def test_every_message_delivered_up_to_five_times_has_one_effect(replicas, drill):
    replicas().ready()
    replicas().ready()
    drill.say(times=lambda n: 1 + n % 5)
    drill.fault_ends()
    drill.settle()
    assert drill.tell("every message 1–5 times") == (0, 0)
