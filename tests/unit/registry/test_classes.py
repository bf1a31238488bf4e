"""Rule §6, classes of community (S7): open old 65+ > 20 %, no property firm; gated > 50 % of residents in gated estates,
5,000–10,000/km², 65+ ≈ 10 %, unemployment < 2 %; resettlement < 5,000/km², 65+ > 10 %, unemployment > 4.5 %."""

from datetime import date
from decimal import Decimal

import pytest

from services.registry import rulebook
from services.registry.classes.model import Figure, holds, judge

RULE = rulebook.in_force("community_classes", "110105001001", date(2026, 1, 1))


def figures(aged="0.10", gated="0", managed="0.5", density="6000", unemployment="0.01", **missing):
    told = {
        "aged_65": aged,
        "gated": gated,
        "managed": managed,
        "density": density,
        "unemployment": unemployment,
    }
    return {
        name: Figure(name, Decimal(value) * 10_000, Decimal(10_000), missing.get(f"{name}_missing", 0))
        for name, value in told.items()
    }


def class_of(**told):
    verdict = judge(figures(**told), RULE["classes"])
    return verdict["class"], verdict["state"]


@pytest.mark.parametrize(
    ("aged", "managed", "found"),
    [("0.2001", "0", "open-old"), ("0.2", "0", None), ("0.2001", "0.0001", None)],
)
def test_open_old_has_more_than_a_fifth_of_65_and_no_property_firm(aged, managed, found):
    assert class_of(aged=aged, managed=managed)[0] == found


GATED = {"gated": "0.5001", "density": "7000", "aged": "0.1", "unemployment": "0.0199"}


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({}, "gated"),
        ({"gated": "0.5"}, None),
        ({"density": "5000"}, "gated"),
        ({"density": "4999"}, None),
        ({"density": "10000"}, "gated"),
        ({"density": "10001"}, None),
        ({"aged": "0.08"}, "gated"),
        ({"aged": "0.0799"}, None),
        ({"aged": "0.12"}, "gated"),
        ({"aged": "0.1201"}, None),
        ({"unemployment": "0.02"}, None),
    ],
)
def test_gated(other, found):
    assert class_of(**GATED | other)[0] == found


RESETTLED = {"density": "4999", "aged": "0.1001", "unemployment": "0.0451"}


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({}, "resettlement"),
        ({"density": "5000"}, None),
        ({"aged": "0.1"}, None),
        ({"unemployment": "0.045"}, None),
    ],
)
def test_resettlement(other, found):
    assert class_of(**RESETTLED | other)[0] == found


def test_what_nobody_entered_keeps_it_undetermined():
    known = figures(**GATED)
    known["unemployment"] = Figure("unemployment", None, None, note="not entered")
    verdict = judge(known, RULE["classes"])
    assert (verdict["class"], verdict["state"]) == (None, "undetermined")
    (gated,) = [one for one in verdict["classes"] if one["class"] == "gated"]
    assert [one["figure"] for one in gated["conditions"] if one["holds"] is None] == ["unemployment"]


def test_the_missing_decide_only_where_they_could():
    """Of 10,000 persons 2,001 are known to be 65: whoever the 100 of unknown age are, it is more than a fifth."""
    assert class_of(aged="0.2001", managed="0", aged_65_missing=100) == ("open-old", "classified")
    assert class_of(aged="0.1950", managed="0", aged_65_missing=100) == (None, "undetermined")
    assert class_of(aged="0.1900", managed="0", aged_65_missing=100) == (None, "none")


def test_a_span_that_lies_between_the_least_and_the_most_is_not_a_no():
    condition = {"figure": "aged_65", "from": "0.08", "to": "0.12"}
    wide = Figure("aged_65", Decimal(50), Decimal(1000), 100)
    assert holds(condition, wide) is None
    assert holds(condition, Figure("aged_65", Decimal(130), Decimal(1000), 100)) is False
    assert holds(condition, Figure("aged_65", Decimal(90), Decimal(1000), 20)) is True


def test_nobody_lives_there_is_no_division():
    assert holds({"figure": "aged_65", "over": "0.2"}, Figure("aged_65", Decimal(0), Decimal(0))) is None


def test_every_class_has_measures_in_both_languages_and_figures_that_exist():
    for one in RULE["classes"]:
        assert {condition["figure"] for condition in one["conditions"]} <= figures().keys()
        assert all(measure["zh"] and measure["en"].isascii() for measure in one["measures"])
        assert len(one["measures"]) >= 2


def test_a_figure_shows_numerator_denominator_and_span():
    shown = Figure("aged_65", Decimal(200), Decimal(1000), 50).as_dict()
    assert (shown["value"], shown["least"], shown["most"]) == (None, "0.2000", "0.2500")
    assert (shown["numerator"], shown["denominator"], shown["missing"]) == ("200", "1000", 50)
    assert Figure("aged_65", Decimal(200), Decimal(999)).as_dict()["value"] == "0.2002"
