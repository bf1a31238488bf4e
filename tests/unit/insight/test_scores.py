"""Assessment: the published formulas, their limits, and what a sheet makes of them."""

from datetime import date
from decimal import Decimal

import pytest

from gateway.routes.insight import cell, flat, line
from services.insight.scores import views
from services.insight.scores.model import NoScheme, Scheme, grade, scheme_for, score

COMPANY = scheme_for(views.schemes(), "company", "110105", date(2026, 12, 31))


@pytest.mark.parametrize(
    ("total", "expected"),
    [("120", "AAA"), ("85", "AAA"), ("84.99", "AA"), ("80", "AA"), ("79.99", "A"), ("70", "A"), ("69.99", "B"),
     ("60", "B"), ("59.99", "C"), ("30", "C"), ("29.99", "blacklist"), ("-60", "blacklist")],
)  # fmt: skip
def test_grades_of_property_companies_at_their_limits(total, expected):
    """AAA >= 85, AA 80-85, A 70-80, B 60-70, C < 60 (Shandong, Yantai); where the blacklist begins is data."""
    assert grade(COMPANY, Decimal(total)) == expected


def rates(numerator, denominator):
    one = {"numerator": numerator, "denominator": denominator}
    return dict.fromkeys(("timeliness", "response", "satisfaction", "resolution", "RepairFinished"), one)


def test_base_is_at_most_80_and_good_at_most_40():
    best = score(COMPANY, rates(5, 5), {"satisfied": 10_000, "closed_in_time": 10_000})
    assert (best["base"], best["good"], best["score"], best["grade"]) == ("80.00", "40.00", "120.00", "AAA")


def test_the_bad_is_taken_off_up_to_its_most():
    bad = score(COMPANY, rates(5, 5), {"tasks_late": 1})
    assert (bad["bad"], bad["score"], bad["grade"]) == ("0.50", "79.50", "A")
    worst = score(COMPANY, rates(0, 5), {"tasks_late": 10_000, "supervised": 10_000, "ping_pong": 10_000})
    assert (worst["score"], worst["grade"]) == ("-60.00", "blacklist")


def test_late_is_not_done():
    """S11.3: a task finished late is below the line only."""
    scheme = scheme_for(views.schemes(), "unit", "", date(2026, 1, 1))
    given = rates(5, 5) | {"timeliness": {"numerator": 0, "denominator": 5}}
    assert score(scheme, given, {})["score"] == "80.00"


def test_a_rate_of_nothing_gives_nothing_and_takes_nothing():
    scheme = scheme_for(views.schemes(), "unit", "", date(2026, 1, 1))
    given = rates(1, 2) | {"resolution": {"numerator": 0, "denominator": 0}}
    made = score(scheme, given, {})
    assert made["score"] == "50.00"
    assert [item["points"] for item in made["items"] if item["item"] == "resolution"] == [None]
    nothing = score(scheme, rates(0, 0), {})
    assert (nothing["score"], nothing["grade"]) == ("0.00", None)


def test_the_smallest_area_and_the_newest_begun_formula_counts():
    def scheme(name, place, since):
        return Scheme(name, ("unit",), place, since)

    known = [
        scheme("everywhere", "", date(2020, 1, 1)),
        scheme("old", "110105", date(2020, 1, 1)),
        scheme("new", "110105", date(2026, 3, 2)),
    ]
    found = [
        scheme_for(known, "unit", place, day).scheme
        for place, day in (
            ("110106", date(2026, 3, 2)),
            ("110105001", date(2026, 3, 1)),
            ("110105001", date(2026, 3, 2)),
        )
    ]
    assert found == ["everywhere", "old", "new"]
    with pytest.raises(NoScheme):
        scheme_for(known, "branch", "110105", date(2026, 3, 2))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_of_a_sheet_is_a_formula(begin):
    assert cell(f"{begin}1+1").lstrip('"').startswith("'")


def test_a_sheet_quotes_what_needs_it_and_shows_rates_with_what_they_are_made_of():
    assert line(["a,b", 'say "hi"', None, True, -1, 0.5]) == '"a,b","say ""hi""",,true,-1,0.5\r\n'
    item = {"key": "x", "numbers": {"filed": 2}, "rates": {"response": {"value": 0.5, "numerator": 1, "denominator": 2}}}  # fmt: skip
    assert flat(item) == {
        "key": "x",
        "filed": 2,
        "response": 0.5,
        "response_numerator": 1,
        "response_denominator": 2,
    }
