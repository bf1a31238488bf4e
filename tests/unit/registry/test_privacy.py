"""The states of an erasure, the chain of looks, and that every office knows what it keeps."""

from datetime import UTC, datetime

import pytest

from services.contracts.privacy import HOLDERS
from services.contracts.retention import KEPT
from services.registry.privacy import model


def chain(*whys):
    lines, previous = [], model.GENESIS
    for position, why in enumerate(whys, 1):
        line = {
            "position": position, "at": datetime(2026, 1, 1, tzinfo=UTC), "account": "a", "kind": "staff",
            "department": None, "resident_id": "r", "fields": ["name"], "why": why, "case_no": None,
        }  # fmt: skip
        lines.append({**line, "previous": previous, "hash": model.link(previous, line)})
        previous = lines[-1]["hash"]
    return lines


def test_a_whole_chain_holds_and_each_harm_is_found_where_it_was_done():
    lines = chain("a", "b", "c")
    assert model.first_broken(lines) is None
    assert model.first_broken([lines[0], {**lines[1], "why": "x"}, lines[2]]) == 2
    assert model.first_broken([lines[0], lines[2]]) == 3
    assert model.first_broken([{**lines[0], "hash": model.GENESIS}]) == 1


def test_an_erasure_is_complete_with_the_last_answer():
    assert model.answered("open", HOLDERS[:-1]) == "open"
    assert model.answered("open", ["registry", *HOLDERS]) == "complete"
    with pytest.raises(KeyError):
        model.answered("complete", HOLDERS)


def test_every_office_says_by_which_rule_it_keeps_what_it_keeps():
    assert set(KEPT) == {"registry", *HOLDERS}
    assert all(text for lines in KEPT.values() for line in lines for text in line.values())
