"""The validations, each at its boundary: what is just no finding, and what just is one."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from services.meters.vee.amounts import HOUR, MILLION, amount, midnight
from services.meters.vee.book import editions
from services.meters.vee.judge import Case, find, judge, weigh
from services.meters.vee.rules import DAILY, FAMILY_RULES, RULES
from services.meters.vee.series import Register, Row

ZONE = ZoneInfo("Asia/Shanghai")
START = midnight(ZONE, datetime(2026, 3, 2).date())
DAY = 24 * HOUR
LITRE = 1000


def rows(*litres, every=HOUR, start=START, seq=0):
    return [Row(start + i * every, seq + i, round(value * LITRE)) for i, value in enumerate(litres)]


def steady(days, litres_an_hour=10, start=START, first=1000):
    return rows(*(first + i * litres_an_hour for i in range(24 * days + 1)), start=start)


def seen(found, register=None, **more):
    outcome, one = judge(weigh(Case([register or Register("W-1")], sorted(found), zone=ZONE, **more)))
    find({"total": (outcome, one)})
    return outcome


def findings(found, rule, **more):
    return [each for each in seen(found, **more).findings if each.rule == rule]


def by_days(*litres):
    """Each day its litres, evenly."""
    total, values = 1000.0, [1000.0]
    for day in litres:
        for _ in range(24):
            total += day / 24
            values.append(total)
    return rows(*values)


def test_consecutive_interval():
    kept = steady(1)
    assert not findings(
        [*kept[:5], Row(kept[5].at + HOUR * 3 // 4, 5, kept[5].value), *kept[7:]], "consecutive_interval"
    )
    late = Row(kept[5].at + HOUR * 3 // 4 + MILLION, 5, kept[5].value)
    (found,) = findings([*kept[:5], late, *kept[7:]], "consecutive_interval")
    assert (found.start, found.until) == (kept[4].at, late.at)
    assert found.evidence == {"missing": 1, "used": "0.01"}


def test_duplicate():
    kept = steady(1)
    assert not findings(kept, "duplicate")
    assert not findings([*kept, kept[5]._replace(seq=99, value=kept[5].value + 1)], "duplicate")
    (found,) = findings([*kept, kept[5]._replace(seq=99)], "duplicate")
    assert (found.at, found.evidence) == (kept[5].at, {"times": 2})


def test_final_replacement():
    kept = steady(1)
    assert not findings([*kept, kept[5]._replace(seq=99, value=kept[5].value + 1000)], "final_replacement")
    (found,) = findings([*kept, kept[5]._replace(seq=99, value=kept[5].value + 1001)], "final_replacement")
    assert found.evidence == {"was": "1.05", "is": "1.051001", "seq": 99}


def test_dynamic_comparison():
    usual = [100] * 8 + [300] + [100] * 20
    assert not findings(
        by_days(*usual, 1300), "dynamic_comparison"
    )  # a litre and more over 300 on one of its Mondays
    (found,) = findings(by_days(*usual, 1301), "dynamic_comparison")
    assert found.evidence["same_weekdays"] == ["0.1", "0.1", "0.3", "0.1"]
    assert not findings(by_days(*[400] * 29, 1600), "dynamic_comparison")
    assert findings(by_days(*[400] * 29, 1601), "dynamic_comparison")


@pytest.mark.parametrize("most, found", [(2000, False), (2001, True)])
def test_high_low(most, found):
    outcome = findings(by_days(*[500] * 10, most), "high_low")
    assert bool(outcome) == found
    if found:
        assert outcome[0].evidence == {
            "day": "2026-03-12",
            "which": "high",
            "used": "2.001",
            "average_day": "0.5",
        }


def test_high_low_needs_a_week_of_known_days():
    assert not findings(by_days(*[500] * 7, 9000), "high_low")  # the first day is no whole day
    assert findings(by_days(*[500] * 8, 9000), "high_low")


def test_high_low_knows_a_shop_that_stopped_and_an_empty_home():
    assert not findings(by_days(*[400] * 10, 0, 0), "high_low")
    assert not findings(by_days(*[5500] * 10, 275), "high_low")
    (found,) = findings(by_days(*[5500] * 10, 274), "high_low")
    assert found.evidence["which"] == "low"


def test_high_low_knows_what_goes_through_a_pipe():
    kept = rows(0, 10, 5010, 5020)
    assert not findings(kept, "high_low")
    (found,) = findings(rows(0, 10, 5011, 5020), "high_low")
    assert found.evidence == {"which": "capacity", "used": "5.001", "hours": 1.0, "most_an_hour": "5"}


def test_inactive_measurement():
    installed = Register(
        "W-1", opened_at=START + 2 * HOUR, opening=0, closed_at=START + 5 * HOUR, closing=3000
    )
    assert not findings(
        rows(0, 1, 2, 3, start=START + 2 * HOUR)[:3], "inactive_measurement", register=installed
    )
    (before,) = findings(rows(7, 8, 0, 1, 2, start=START), "inactive_measurement", register=installed)
    assert before.evidence == {"day": "2026-03-02", "readings": 2, "value": "0.007"}
    (after,) = findings(rows(0, 1, 2, 3, start=START + 2 * HOUR), "inactive_measurement", register=installed)
    assert after.evidence["readings"] == 1


def test_interval_size():
    kept = steady(2)
    between = [
        Row(kept[hour].at + HOUR // 2 - MILLION, 100 + hour, kept[hour].value + 5) for hour in (30, 33, 36)
    ]
    assert not findings([*kept, *between[:2]], "interval_size")
    assert not findings([*kept, *(each._replace(at=each.at + MILLION) for each in between)], "interval_size")
    (found,) = findings([*kept, *between], "interval_size")
    assert found.evidence == {"day": "2026-03-03", "times": 3, "shortest_s": 1799, "interval_s": 3600}


@pytest.mark.parametrize(
    "highest, third, found",
    [(700, 200, False), (800, 200, False), (801, 200, True), (505, 5, False), (506, 5, True)],
)
def test_spike(highest, third, found):
    hours = [2] * 48
    hours[30], hours[33], hours[40] = highest, third, third  # second and third
    total, values = 0, [0]
    for each in hours:
        total += each
        values.append(total)
    outcome = findings(rows(*values), "spike")
    assert bool(outcome) == found
    if found:
        assert outcome[0].evidence["highest"] == f"0.{highest}" and outcome[0].evidence["ends"].startswith(
            "2026-03-03T07"
        )


@pytest.mark.parametrize(
    "before, after, times",
    [
        (2000, 20_400, 10),
        (2000, 20_401, 0),
        (2000, 196_000, 100),
        (999, 9990, 0),
        (155_683, 155_683_000, 1000),
    ],
)
def test_multiplier(before, after, times):
    found = findings(rows(before, after), "multiplier")
    assert [each.evidence["times"] for each in found] == ([times] if times else [])


def test_multiplier_is_not_what_a_year_of_silence_brings():
    assert not findings(rows(2000, 20_000, every=168 * HOUR + MILLION), "multiplier")


def test_negative():
    assert not findings(rows(5, 5, 6), "negative")
    (found,) = findings(rows(5, 4.999, 6), "negative")
    assert found.evidence == {"was": "0.005", "is": "0.004999", "back": "0.000001", "became": "held"}
    assert not findings(rows(999_999_500, 250), "negative")  # it began again at zero


def test_prolonged_estimation():
    kept = steady(8)
    assert not findings([*kept[:31], *kept[101:]], "prolonged_estimation")
    (found,) = findings([*kept[:31], *kept[102:]], "prolonged_estimation")
    assert found.evidence["hours"] == 72 and not found.evidence["open"]
    still = [each._replace(value=kept[30].value) for each in kept[31:]]
    assert not findings(
        [*kept[:31], *still[72:]], "prolonged_estimation"
    )  # nothing was used: nothing is estimated


def test_prolonged_estimation_while_no_reading_comes():
    kept = steady(8)
    assert not findings(kept, "prolonged_estimation", until=kept[-1].at + 72 * HOUR - 1)
    (found,) = findings(kept, "prolonged_estimation", until=kept[-1].at + 72 * HOUR)
    assert found.evidence == {"method": "proxy_day", "hours": 72, "total": "0.72", "open": True}


def test_missing_quantity():
    kept = steady(3)
    assert not findings(
        [*kept[:25], *kept[36:]], "missing_quantity"
    )  # eleven hours and the one that is known of twelve
    (found,) = findings([*kept[:25], *kept[37:]], "missing_quantity")
    assert found.evidence == {"day": "2026-03-03", "missing": 13, "of": 24}


def test_unit():
    assert not findings(steady(1), "unit")
    (found,) = findings(steady(1), "unit", other_units=[(START + HOUR, "kWh")])
    assert found.evidence == {"unit": "kWh", "expected": "m3"}


def test_zero():
    still = [1000] * (24 * 28 + 1)
    assert not findings(rows(900, *still), "zero")
    (found,) = findings(rows(*[900] * 24, *still, 1000), "zero")
    assert found.evidence["days_without_use"] == 28


def test_frozen():
    assert not findings(rows(0, 30, 60, 91), "frozen")
    assert not findings(rows(0, 29, 58, 87, 116), "frozen")
    (found,) = findings(rows(0, 30, 60, 90), "frozen")
    assert found.evidence == {"day": "2026-03-02", "step": "0.03", "times": 3}
    assert not findings(rows(5, 5, 5, 5, 5, 5), "frozen")  # not using anything is no fault


# -- several registers ---------------------------------------------------------------------------------


def electric(**registers):
    outcomes = {}
    for name, found in registers.items():
        register = Register("E-1", name, "electricity", "kWh")
        outcomes[name] = judge(weigh(Case([register], found, zone=ZONE)))
    find(outcomes)
    return {(name, each.rule): each for name, (outcome, _) in outcomes.items() for each in outcome.findings}


def test_sibling_exists():
    total, peak = steady(3), steady(3)
    assert ("peak", "sibling_exists") not in electric(total=total, peak=peak[:25] + peak[37:])  # half of them
    found = electric(total=total, peak=peak[:25] + peak[38:])
    assert found["peak", "sibling_exists"].evidence == {"day": "2026-03-03", "readings": 11, "siblings": 24}


def test_sum():
    def quarters(extra=0):
        return {name: steady(2, 250) for name in ("peak", "flat", "valley")} | {
            "sharp": steady(2, 250 + extra)
        }

    assert ("total", "sum") not in electric(total=steady(2, 1000), **quarters())
    assert ("total", "sum") not in electric(total=steady(2, 1000), **quarters(5))  # half a percent
    assert electric(total=steady(2, 1000), **quarters(6))["total", "sum"].evidence == {
        "day": "2026-03-03", "total": "24", "parts": "24.144",
    }  # fmt: skip


# -- all of them ---------------------------------------------------------------------------------------


def test_an_ordinary_month_is_no_finding():
    assert seen(steady(31)).findings == []


def test_every_rule_has_its_figures_and_its_test():
    (first, *_) = editions()
    every = RULES.keys() | FAMILY_RULES.keys()
    assert first.rules.keys() == every and len(every) == 17 and every > DAILY
    assert {name for name in every if f"test_{name}" not in globals()} == set()


def test_a_persons_word_on_a_reading_settles_what_is_suspected():
    kept = rows(0, 10, 5011, 5020)
    assert findings(kept, "high_low")
    assert not findings(kept, "high_low", edits={kept[2].at: kept[2].value})
    days = by_days(*[500] * 10, 2001)
    assert not findings(days, "high_low", edits={days[-3].at: days[-3].value})


def test_neighbouring_days_are_one_finding():
    (found,) = findings(by_days(*[200] * 10, 2000, 2000, 200), "high_low")
    assert found.until - found.start == 2 * DAY and found.evidence["day"] == "2026-03-12"


def test_a_registers_own_figures_come_before_the_files():
    own = Register("W-1", limits={"frozen": {"times": 5}, "negative": "off"})
    assert not findings(rows(0, 30, 60, 90), "frozen", register=own)
    assert not findings(rows(5, 4, 6), "negative", register=own)


def test_amounts_are_exact():
    assert amount(Decimal("155.683")) == 155_683_000
    assert amount("0.0000005") == 1
    assert datetime(2026, 3, 2, tzinfo=ZONE).astimezone(UTC) + timedelta(0) == datetime(
        2026, 3, 1, 16, tzinfo=UTC
    )
