"""Every process replaced, one after another, while work arrives at a steady rate."""

import signal
import threading
import time

import pytest

pytestmark = [pytest.mark.drill, pytest.mark.long]
RATE, SECONDS, REPLICAS = 20, 45, 3


def test_all_replicas_replaced_under_steady_load_lose_and_repeat_nothing(replicas, drill):
    running = [replicas().ready() for _ in range(REPLICAS)]
    done = threading.Event()
    codes = []

    def roll():
        while not done.is_set():
            new = replicas().ready()
            codes.append(running.pop(0).stop(signal.SIGTERM))
            running.append(new)

    roller = threading.Thread(target=roll)
    roller.start()
    begun = time.monotonic()

    def keep_pace(n):
        time.sleep(max(0.0, begun + n / RATE - time.monotonic()))  # the rate is the drill

    drill.say(RATE * SECONDS, meanwhile=keep_pace)
    done.set()
    roller.join()
    drill.fault_ends()
    drill.settle()
    assert len(codes) >= REPLICAS and set(codes) == {0}
    assert drill.tell(f"{len(codes)} processes replaced at {RATE} events/s") == (0, 0)
    assert sum(replica.metric("yikou_duplicate_events_total") for replica in running) == 0, (
        "nor was work repeated"
    )
