"""A meter's curve with what could be expected of it, and the health of meters in their list."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.identifiers import Caller
from services.meters.model import UnknownMeter
from services.meters.vee.views import NoTimeAtAll, TooLongASeries, TooManyPoints
from tests.integration.meters.surroundings import PLACE
from tests.integration.meters.test_vee import MIDNIGHT, H, Vee, ask, hours, order

DAY = timedelta(days=1)
WEEKS = 5
END = MIDNIGHT + WEEKS * 7 * DAY


@pytest.fixture
def vee(tester):
    return Vee(tester)


def litres_of(hour):
    """A household: 20 l at seven in the morning and 5 l in the others; on weekends 50 l at nine instead."""
    on = MIDNIGHT + hour * H
    if on.weekday() >= 5:
        return 50 if on.hour == 9 else 5
    return 20 if on.hour == 7 else 5


def household(days):
    states = [1000]
    for hour in range(24 * days):
        states.append(states[-1] + litres_of(hour))
    return states


@pytest.fixture
def weeks(vee):
    vee.tester.meter("W-1")
    vee.send(*hours(*household(7 * WEEKS)))
    vee.validate()
    return vee


def series(vee, step, start, end, **more):
    return ask(
        vee, "GetSeries", meter="W-1", step=step, start=f"{start:%Y-%m-%d}", end=f"{end:%Y-%m-%d}", **more
    )


def test_an_hour_stands_beside_the_same_hour_of_the_weeks_before(weeks):
    found = series(weeks, "hour", END - 7 * DAY, END)
    assert found["unit"] == "m3" and found["register"] == "total" and len(found["items"]) == 7 * 24
    assert found["expected_by"] == {
        "unit": "week", "back": 8, "least": 3, "lower_percentile": 10, "upper_percentile": 90,
    }  # fmt: skip
    seven = found["items"][7]
    assert seven == {
        "from": (END - 7 * DAY + 7 * H).astimezone(UTC),
        "until": (END - 7 * DAY + 8 * H).astimezone(UTC),
        "quantity": "0.02",
        "state": "measured",
        "complete": True,
        "expected": {"lower": "0.02", "median": "0.02", "upper": "0.02", "seen": 4},
    }
    assert found["items"][8]["expected"]["median"] == "0.005"
    saturday_nine = found["items"][5 * 24 + 9]
    assert saturday_nine["quantity"] == "0.05" and saturday_nine["expected"]["median"] == "0.05"


def test_where_too_little_is_known_nothing_is_expected(weeks):
    found = series(weeks, "day", MIDNIGHT, END)
    assert [item["expected"] and item["expected"]["seen"] for item in found["items"]] == [
        *[None] * 21, *[3] * 7, *[4] * 7,
    ]  # fmt: skip
    assert found["items"][-1]["expected"]["median"] == "0.165" and found["items"][-1]["quantity"] == "0.165"


def test_a_surprise_stands_out_of_its_band_and_a_gap_is_said_to_be_estimated(weeks):
    end = household(7 * WEEKS)[-1]
    later = [end + 500 * (hour + 1) for hour in range(24)]
    weeks.send(*hours(*later, start=END + H))  # waits for validation: judged while one looks
    found = series(weeks, "day", END, END + 9 * DAY)
    (day,) = found["items"]
    assert found["waiting"] and day["quantity"] == "12" and day["expected"]["upper"] == "0.135"
    weeks.send(*hours(later[-1] + 2000, start=END + 3 * DAY))
    weeks.validate()
    assert [item["state"] for item in series(weeks, "day", END, END + 9 * DAY)["items"]] == [
        "measured", "estimated", "estimated",
    ]  # fmt: skip
    by_hour = series(weeks, "hour", END + DAY, END + 2 * DAY)["items"]
    assert {item["state"] for item in by_hour} == {"estimated"} and len(by_hour) == 24
    assert by_hour[7]["expected"]["median"] == "0.02"


def test_what_a_person_wrote_is_said_to_be_edited_and_the_current_hour_is_not_complete(weeks):
    last = household(7 * WEEKS)[-1]
    weeks.send(*hours(last + 5, start=END + timedelta(minutes=20)))
    at = (END - 5 * H).isoformat()
    order(weeks, "EditReading", meter="W-1", at=at, value=str((last - 24) / 1000), reason="read on site")
    found = series(weeks, "hour", END - DAY, END + DAY)["items"]
    assert [item["state"] for item in found[-8:]] == [
        *["measured"] * 1,
        "edited",
        "edited",
        *["measured"] * 5,
    ]
    assert (found[-1]["complete"], found[-1]["quantity"]) == (False, "0.005")
    assert found[-1]["expected"]["median"] == "0.005" and all(item["complete"] for item in found[:-1])


def test_by_month_the_months_the_days_touch(weeks):
    found = series(weeks, "month", datetime(2026, 3, 31), datetime(2026, 4, 2))
    march, april = found["items"]
    assert (march["quantity"], march["complete"]) == ("4.29", False)  # from the second of March on
    assert april["quantity"] == "0.735" and not april["complete"] and april["expected"] is None
    assert found["expected_by"]["unit"] == "month"


def test_too_many_points_are_refused_with_the_step_that_fits(weeks):
    assert len(series(weeks, "hour", END - 20 * DAY, END)["items"]) == 480
    with pytest.raises(TooManyPoints) as refused:
        series(weeks, "hour", END - 21 * DAY, END)
    assert "step=day" in refused.value.en and "504" in refused.value.en
    with pytest.raises(TooManyPoints) as refused:
        series(weeks, "day", END - 501 * DAY, END)
    assert "step=month" in refused.value.en
    with pytest.raises(TooLongASeries):
        series(weeks, "month", datetime(2000, 1, 1), datetime(2100, 1, 1))
    with pytest.raises(NoTimeAtAll):
        series(weeks, "day", END, END)
    assert series(weeks, "day", datetime(2000, 1, 1), datetime(2000, 1, 2))["items"] == []


def test_of_other_peoples_meters_there_is_no_curve(weeks):
    elsewhere = Caller("e", "staff", "meters", ({"role": "officer", "scope": "110105001002"},))
    with pytest.raises(UnknownMeter):
        ask(weeks, "GetSeries", elsewhere, meter="W-1", start="2026-03-02", end="2026-03-03")


def test_the_list_of_meters_tells_how_healthy_each_is(vee, database):
    for meter in ("W-1", "W-2", "W-3"):
        vee.tester.meter(meter)
    vee.send(*hours(1000, 900, 1100, meter="W-1"))
    vee.validate()
    bad = {"meter": "W-2", "at": "2026-03-01T00:00:00Z", "value": -1, "unit": "m3"}
    vee.tester.send(
        bad, bad | {"seq": 1}, {**bad, "unit": "gallon", "value": 2, "meter": "W-\x00"}, {"meter": 7}
    )
    database.execute(
        "INSERT INTO findings (finding_id, kind, meter, place, window_start, window_end, judged_until, evidence,"
        " raised_at, said_at, state) SELECT state, 'leak', 'W-2', %s, now(), now(), now(), '{}', now(), now(), state"
        " FROM unnest(ARRAY['active', 'cleared']) AS state",
        (PLACE,),
    )
    listed = {each["meter"]: each for each in ask(vee, "ListMeters")["items"]}
    assert listed["W-1"]["health"] == {"findings": 0, "validations": 1, "quarantine": 0}
    assert listed["W-2"]["health"] == {"findings": 1, "validations": 0, "quarantine": 2}
    assert listed["W-3"]["health"] == {"findings": 0, "validations": 0, "quarantine": 0}
    assert ask(vee, "GetMeter", meter="W-2")["health"]["quarantine"] == 2
    mine = ask(vee, "ListQuarantine", meter="W-2")["items"]
    assert len(mine) == 2
    order(vee, "DismissReading", reading_id=mine[0]["reading_id"], reason="noise")
    assert ask(vee, "GetMeter", meter="W-2")["health"]["quarantine"] == 1
