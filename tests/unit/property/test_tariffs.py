from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from services.property import tariffs
from services.property.tariffs import Tariff, UnknownTariff

GRID = "110105001001003"


def per_area(price="2.50"):
    return Tariff("t", "area", Decimal(price), date(2024, 1, 1), "110105", "费", "Fee")


def test_a_price_holds_from_its_first_day_on():
    assert tariffs.tariff("residential", GRID, "2025-12").price == Decimal("2.50")
    assert tariffs.tariff("residential", GRID, "2026-01").price == Decimal("2.80")


@pytest.mark.parametrize(
    ("code", "place", "period"),
    [
        ("nothing", GRID, "2026-01"),
        ("residential", "310101001001001", "2026-01"),
        ("residential", GRID, "2023-12"),
    ],
)
def test_an_unknown_tariff_is_named(code, place, period):
    with pytest.raises(UnknownTariff) as problem:
        tariffs.tariff(code, place, period)
    assert code in problem.value.en and period in problem.value.chinese


@pytest.mark.parametrize(
    ("area", "fee"),
    [("89.50", "223.75"), ("0.01", "0.03"), ("0", "0.00"), ("33.33", "83.33"), ("100000", "250000.00")],
)
def test_a_month_by_area_is_exact_to_the_fen_and_rounds_half_up(area, fee):
    assert per_area().amount(Decimal(area), date(2026, 1, 1), None) == Decimal(fee)


@pytest.mark.parametrize(
    ("moved_in", "fee"),
    [
        (date(2025, 12, 31), "31.00"),
        (date(2026, 1, 1), "31.00"),
        (date(2026, 1, 2), "30.00"),
        (date(2026, 1, 31), "1.00"),
        (date(2026, 2, 1), "0.00"),
    ],
)
def test_the_month_of_moving_in_is_paid_from_that_day(moved_in, fee):
    flat = Tariff("t", "household", Decimal(31), date(2024, 1, 1), "110105", "费", "Fee")
    assert flat.amount(None, date(2026, 1, 1), moved_in) == Decimal(fee)


def test_without_an_area_there_is_no_fee_by_area():
    assert per_area().amount(None, date(2026, 1, 1), None) is None


def test_urgent_is_thirty_minutes_ordinary_a_day_and_ungraded_counts_as_urgent():
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert tariffs.arrive_by("urgent", at) - at == timedelta(minutes=30)
    assert tariffs.arrive_by("ordinary", at) - at == timedelta(hours=24)
    assert tariffs.arrive_by(None, at) == tariffs.arrive_by("urgent", at)


def test_some_categories_grade_themselves():
    assert tariffs.urgency_of("lift-trap") == "urgent"
    assert tariffs.urgency_of("door") == "ordinary"
    assert tariffs.urgency_of("elevator") is None
    assert tariffs.urgency_of("no such thing") is None
