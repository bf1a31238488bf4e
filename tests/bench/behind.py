"""Do the rules keep up with the readings? `python -m tests.bench.behind [SECONDS]`, a stack of its own.

A hundred thousand meters, every reading of another one than the reading before, as fast as they become rows; meanwhile,
each second, how many notes of the ingest wait for the sweep. What still waits at the end is swept, and that is timed.
"""

import sys
import threading
import time
from collections.abc import Callable

import psycopg

from tests.bench.__main__ import Figure, own_stack, say
from tests.bench.cases import database

NOTES = "SELECT count(*), coalesce(sum(cardinality(meters)), 0) FROM touched"


class Behind:
    """Looks each second, until its block ends, at what the ingest has noted and the sweep has not taken."""

    def __init__(self, say: Callable[..., None], name: str) -> None:
        self.say, self.name = say, name
        self.seen: list[tuple[int, int]] = []
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        with psycopg.connect(database("meters"), autocommit=True) as connection:
            while not self._over.wait(1):
                self.seen.append(waiting(connection))

    def __enter__(self) -> "Behind":
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()
        self.say(
            f"{self.name}: at most {max(notes for notes, _ in self.seen)} notes waited;"
            f" readings' meters in them, each second: {[each for _, each in self.seen]}"
        )

    @property
    def most(self) -> int:
        return max(each for _, each in self.seen)


def waiting(connection: psycopg.Connection) -> tuple[int, int]:
    """(notes, meters in them)."""
    row = connection.execute(NOTES).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def until_nothing_waits(within: float = 300) -> float:
    begun = time.monotonic()
    with psycopg.connect(database("meters"), autocommit=True) as connection:
        while waiting(connection)[0]:
            assert time.monotonic() - begun < within, "the rules never caught up"
            time.sleep(0.2)
    return time.monotonic() - begun


def main() -> None:
    from tests.bench.meters import by_devices, register_city

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    with own_stack():
        register_city()
        with Behind(say, "every reading of another meter") as behind:
            _, rate = by_devices("batches:500", seconds, "by500")
        caught_up = until_nothing_waits()
        say(f"{rate:.0f} readings/s; at most {behind.most} waited; nothing after {caught_up:.1f} s more")
        Figure("rules_caught_up_s", caught_up, "s").print()


if __name__ == "__main__":
    main()
