"""A drill that could not see a loss would prove nothing: each fault once more, with a safeguard switched off on purpose.

Without the inbox what is delivered again happens again; without the outbox what was committed but not yet published is
gone. Faults that neither of the two answers for (a clean replacement, a full disk, a slow or restarted database: there the
transaction itself is the safeguard) have no line here.
"""

import signal

import pytest
from kombu import Connection

from deploy.local import stack
from tests.drills.conftest import LOAD
from tests.integration.chassis.conftest import ROOT
from tests.waiting import until

pytestmark = pytest.mark.drill
DIRECTORY = ROOT / ".run" / "test"
INBOX, OUTBOX = {"YIKOU_BROKEN": "inbox", "YIKOU_BATCH": "8"}, {"YIKOU_BROKEN": "outbox", "YIKOU_BATCH": "8"}


def nothing_waits(parts):
    """A process that lost something cannot be waited for by its effects: by its queue, then."""

    def empty():
        with Connection(parts["AMQP_URI"]) as connection, connection.channel() as channel:
            return channel.queue_declare("probe.events", passive=True).message_count == 0

    until(empty, 60, "the queue is empty")


def finish(replicas, parts, poke, effects, broken):
    replicas(**broken).ready()
    nothing_waits(parts)
    poke("last")
    until(lambda: effects("last") == 1, 60, what="everything before is settled")
    nothing_waits(parts)


@pytest.mark.parametrize("point", ["before-ack", pytest.param("after-publish", marks=pytest.mark.long)])
def test_without_the_inbox_a_process_killed_there_doubles(replicas, parts, drill, poke, effects, point):
    doomed = replicas(**INBOX, YIKOU_DIE_AT=f"{point}:3").ready()
    drill.say()
    assert doomed.process.wait(60) == -signal.SIGKILL
    finish(replicas, parts, poke, effects, INBOX)
    lost, doubled = drill.tell(f"inbox off, kill -9 {point} (must double)")
    assert lost == 0 and doubled > 0


def test_without_the_outbox_a_process_killed_after_the_commit_loses(replicas, parts, drill, poke, effects):
    doomed = replicas(**OUTBOX, YIKOU_DIE_AT="after-commit:3").ready()
    drill.say()
    assert doomed.process.wait(60) == -signal.SIGKILL
    finish(replicas, parts, poke, effects, OUTBOX)
    lost, _ = drill.tell("outbox off, kill -9 after-commit (must lose)")
    assert lost > 0


@pytest.mark.long
def test_without_the_inbox_messages_told_five_times_double(replicas, parts, drill, poke, effects):
    replicas(**INBOX).ready()
    drill.say(times=lambda n: 1 + n % 5)
    finish(replicas, parts, poke, effects, INBOX)
    lost, doubled = drill.tell("inbox off, every message 1–5 times (must double)")
    assert lost == 0 and doubled >= LOAD // 2


@pytest.mark.long
@pytest.mark.parametrize("broken", [INBOX, OUTBOX], ids=["inbox", "outbox"])
def test_with_a_safeguard_off_a_broker_that_goes_away_in_the_middle_of_the_work_is_seen(
    replicas, parts, drill, post, poke, effects, broken
):
    """Events are in hand when it goes: they commit, and neither their ack nor what they say can leave."""
    replicas(**broken).ready()
    drill.say(40, mood="slow-echo:0.3")
    until(effects, what="the work has begun")
    stack.kill_broker(DIRECTORY)
    before = len(effects())
    until(lambda: len(effects()) > before, 30, "a batch commits without the broker")
    stack.start_broker(DIRECTORY)
    post.close()  # our own connection has died with it
    drill.settle(120, wanted={key for key in drill.wanted if not key.startswith("echo-")})
    finish(replicas, parts, poke, effects, broken)
    which = broken["YIKOU_BROKEN"]
    lost, doubled = drill.tell(
        f"{which} off, broker away ({'must double' if which == 'inbox' else 'must lose'})"
    )
    assert (doubled if which == "inbox" else lost) > 0
