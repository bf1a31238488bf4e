"""Drills use the chassis' probe: a service of the tests' own whose every effect can be counted."""

import json
import time
from pathlib import Path

import pytest

from tests.integration.chassis.conftest import (  # noqa: F401 — fixtures
    call,
    dead,
    effects,
    engine,
    parts,
    poke,
    post,
    probe,
    replicas,
)

REPORT = Path(__file__).resolve().parents[2] / ".run" / "drills.jsonl"


@pytest.fixture
def report(request):
    """Writes the drill's row of the table in docs/operations.md: `make drills` prints it."""
    begun = time.monotonic()

    def write(fault, load, lost, doubled):
        row = {"fault": fault, "load": load, "lost": lost, "doubled": doubled}
        row["seconds"] = round(time.monotonic() - begun, 1)
        REPORT.parent.mkdir(exist_ok=True)
        with REPORT.open("a") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    return write
