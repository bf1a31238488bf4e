"""How a day of somebody's life here is read from the lines about him."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from services.registry import model
from services.registry.people.model import (
    EvidenceMissing,
    NotYet,
    check_day,
    check_evidence,
    follow,
    last_day,
)

NAMES = {"death-certificate": ("死亡证明", "death certificate"), "visit": ("入户", "visit")}


def line(no, kind, on, lives_in=None, relation=None, corrects=None, at=None, household=None):
    return SimpleNamespace(
        no=no, change_id=f"c{no}", kind=kind, effective_on=date.fromisoformat(on), lives_in=lives_in,
        relation=relation, corrects=corrects, at=at or datetime(2026, 1, no, tzinfo=UTC), household=household,
    )  # fmt: skip


LIFE = [
    line(1, "moved-in", "2020-05-01", "A", "self"),
    line(2, "relation", "2021-01-01", relation="spouse"),
    line(3, "moved-within", "2022-03-01", "B", "self"),
    line(4, "died", "2025-06-30", household="B"),
]


@pytest.mark.parametrize(
    ("on", "household", "relation"),
    [
        ("2020-04-30", None, None),
        ("2020-05-01", "A", "self"),
        ("2020-12-31", "A", "self"),
        ("2021-01-01", "A", "spouse"),
        ("2022-02-28", "A", "spouse"),
        ("2022-03-01", "B", "self"),
        ("2025-06-29", "B", "self"),
        ("2025-06-30", None, "self"),
    ],
)
def test_a_change_counts_from_its_own_day_on(on, household, relation):
    stay = follow(LIFE, date.fromisoformat(on))
    assert (stay.household, stay.relation) == (household, relation)


def test_the_dead_are_known_by_the_day_and_the_last_home():
    stay = follow(LIFE)
    assert (stay.died_on, stay.household, stay.last) == (date(2025, 6, 30), None, "B")


def test_a_correction_stands_in_the_place_of_the_line_and_the_past_is_read_as_it_was_known():
    lines = [*LIFE, line(5, "moved-within", "2022-09-01", "B", "self", corrects="c3")]
    day = date(2022, 6, 1)
    assert follow(lines, day).household == "A"
    assert follow(lines, day, known_at=datetime(2026, 1, 4, tzinfo=UTC)).household == "B"
    assert follow(lines, date(2022, 9, 1)).household == "B"


def test_a_line_struck_out_never_happened_and_a_correction_may_be_corrected():
    struck = [*LIFE, line(5, "struck", "2025-06-30", corrects="c4")]
    assert follow(struck).household == "B" and follow(struck).died_on is None
    again = [
        *LIFE,
        line(5, "died", "2025-06-01", corrects="c4", household="B"),
        line(6, "struck", "2025-06-01", corrects="c5"),
    ]
    assert follow(again).household == "B"


def test_lines_told_late_take_their_place_by_the_day_of_effect():
    lines = [line(1, "moved-in", "2024-01-01", "B"), line(2, "moved-in", "2020-01-01", "A")]
    assert follow(lines).household == "B" and follow(lines, date(2021, 1, 1)).household == "A"
    assert last_day(lines) == date(2024, 1, 1)


def test_a_death_is_entered_by_a_certificate_and_not_by_hearsay():
    with pytest.raises(EvidenceMissing):
        check_evidence(
            "died",
            [{"kind": "visit"}],
            NAMES | {"household-register": ("户口簿", ""), "court-decision": ("", "")},
        )
    check_evidence("died", [{"kind": "visit"}, {"kind": "death-certificate"}], NAMES)
    check_evidence("moved", [{"kind": "visit"}], NAMES)


def test_what_has_not_happened_yet_is_not_written_down():
    check_day(date(2026, 1, 1), date(2026, 1, 1))
    with pytest.raises(NotYet):
        check_day(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("today", "born"),
    [("2026-11-25", "1966-11-25"), ("2028-02-29", "1968-02-29"), ("2026-02-28", "1966-02-28")],
)
def test_who_was_born_sixty_years_before_is_sixty(today, born):
    day, birth = date.fromisoformat(today), date.fromisoformat(born)
    assert model.years_before(day, 60) == birth and model.age(birth, day) == 60


def test_a_leap_day_in_a_year_without_one():
    assert model.years_before(date(2028, 2, 29), 65) == date(1963, 2, 28)
