"""Whose processor time a measurement was: the two cores are what everything shares."""

import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
KINDS = (
    ("postgres:", "database"), ("beam.smp", "broker"), ("services.meters.ingest", "ingest"),
    ("services.chassis.launch meters", "meters"), ("gateway", "gateway"), ("tests.bench.", "generator"),
)  # fmt: skip


def used() -> dict[str, float]:
    """Seconds by kind of process, of this user's whole machine: nothing else should run beside a measurement."""
    seconds: dict[str, float] = defaultdict(float)
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            fields = (directory / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        kind = next((kind for word, kind in KINDS if word in command), "others")
        seconds[kind] += (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


class Processor:
    """Says, at its end, how many cores each kind of process kept busy meanwhile."""

    def __init__(self, say: Callable[..., None], name: str) -> None:
        self.say, self.name = say, name

    def __enter__(self) -> "Processor":
        self.before, self.begun = used(), time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        took = time.monotonic() - self.begun
        after = used()
        shares = {kind: (after[kind] - self.before.get(kind, 0)) / took for kind in after}
        busy = sorted(((share, kind) for kind, share in shares.items() if share >= 0.01), reverse=True)
        self.say(f"{self.name}, cores busy: " + ", ".join(f"{kind} {share:.2f}" for share, kind in busy))
