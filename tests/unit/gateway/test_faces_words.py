"""Every face says the same word for the same state: the terminal's table and the phone page's are one."""

import re
from pathlib import Path

import pytest

from gateway.routes import progress
from services.contracts.units import UNITS

STATES = (Path(__file__).parents[3] / "gateway" / "web" / "src" / "kit" / "states.ts").read_text()
ENTRY = re.compile(r"^  '?([\w-]+)'?: of\('([^']+)', '([^']+)'\),$", re.MULTILINE)


def table(name):
    body = STATES.split(f"export const {name}", 1)[1].split("\n}", 1)[0]
    return {key: (zh, en.replace("’", "'")) for key, zh, en in ENTRY.findall(body)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CASE", progress.CASE_STATES),
        ("LANE", progress.LANE_STATES),
        ("UNITS", {unit: (names["zh"], names["en"]) for unit, names in UNITS.items()}),
    ],
)
def test_terminal_and_phone_page_use_the_same_words(name, words):
    assert table(name) == words
