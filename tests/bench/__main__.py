"""`make bench`: a fresh stack of its own, each figure with a floor measured in the same run, one JSON object a line.

`floor` is the same work done as barely as it can be on this machine, `ratio` ours to it; a goal that is missed says
`"met": false`. Standard error tells where the time goes.
"""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local import environment

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Figure:
    name: str
    value: float
    unit: str
    floor: float | None = None
    goal: str = ""
    met: bool | None = None
    ratio: float | None = None

    def print(self) -> None:
        self.value = round(self.value, 4)
        if self.floor:
            self.floor = round(self.floor, 4)
            self.ratio = round(self.value / self.floor, 3)
        print(json.dumps(asdict(self)), flush=True)


def say(*words: object) -> None:
    print(*words, file=sys.stderr, flush=True)


def main() -> None:
    os.environ["YIKOU_RATE_SCALE"] = (
        "10000"  # the limits are for people; this is a load test of one credential
    )
    started = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "deploy.local", "bench-env"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    say(started.stdout)
    if started.returncode:
        raise SystemExit(started.returncode)
    directory = ROOT / ".run" / "bench"
    try:
        os.environ.update(environment.read(directory / "env"))
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "deploy.cli", "demo", "load"],
            cwd=ROOT,
            stdout=sys.stderr,
            check=True,
        )
        from tests.bench import bills, calls, cases, readings

        for measure in (cases.measure, calls.measure, readings.measure):
            for figure in asyncio.run(measure(say)):
                figure.print()
        for figure in bills.measure_bills(say):
            figure.print()
    finally:
        subprocess.run(
            [sys.executable, "-m", "deploy.local", "down", "--directory", str(directory)],
            cwd=ROOT,
            stdout=sys.stderr,
            check=False,
        )


if __name__ == "__main__":
    main()
