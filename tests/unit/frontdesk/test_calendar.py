from __future__ import annotations

import logging
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis import calendar
from services.chassis.calendar import ZONE, Calendar, Promise, Year

cn = calendar.of("110105001001001")
HOUR = timedelta(hours=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 30), timezones=st.just(UTC))
some_days = st.integers(1, 15)
some_time = st.timedeltas(timedelta(0), timedelta(hours=60))
promises = st.sampled_from(["1wd", "3wd", "4wh", "30min", "24h", "15d", "15wd+7d+5wd"]).map(Promise.parse)


# -- days ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2025-01-01", False),
        ("2025-01-02", True),
        ("2025-01-26", True),  # a Sunday that is worked
        ("2025-01-28", False),
        ("2025-02-04", False),
        ("2025-02-05", True),
        ("2025-02-08", True),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2026-01-02", False),
        ("2026-01-04", True),
        ("2026-02-14", True),
        ("2026-02-15", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-02-28", True),
        ("2026-05-09", True),
        ("2026-09-20", True),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),
        ("2026-10-11", False),
    ],
)
def test_days_of_the_notices(day, works):
    assert cn.is_working_day(date.fromisoformat(day)) is works


@pytest.mark.parametrize(("year", "working_days"), [(2025, 248), (2026, 248)])
def test_a_year_has_its_number_of_working_days(year, working_days):
    """365 days less 104 weekend days less 13 statutory holidays, as 调休 only moves days about."""
    first = date(year, 1, 1)
    assert sum(cn.is_working_day(first + timedelta(days=n)) for n in range(365)) == working_days


def test_every_make_up_day_is_a_weekend_day_and_names_its_source():
    for year in calendar._all_years():
        assert all(day.weekday() >= 5 for day in year.worked)
        assert "国办发明电" in year.source
    assert cn.sources(2026) == ("国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）",)


def test_holidays_have_names():
    assert cn.holiday(date(2026, 2, 17)) == ("春节", "Spring Festival")
    assert cn.holiday(date(2026, 11, 21)) is None  # a plain Saturday
    assert cn.holiday(date(2026, 11, 23)) is None


def test_a_year_without_data_has_weekends_only_and_says_so(caplog):
    fresh = Calendar(list(calendar._all_years()))
    with caplog.at_level(logging.WARNING):
        assert fresh.is_working_day(date(2031, 1, 1))
        assert not fresh.is_working_day(date(2031, 1, 4))
        assert fresh.is_working_day(date(2031, 10, 1))
    assert [record.getMessage() for record in caplog.records] == [
        "calendar: no holidays are known for 2031; only weekends count as free"
    ]
    assert fresh.hours(date(2031, 1, 2)) == (local("2031-01-02T09:00"), local("2031-01-02T17:00"))
    assert fresh.unknown_years(local("2026-12-30T10:00"), local("2028-01-05T17:00")) == (2027, 2028)
    assert fresh.unknown_years(local("2025-12-30T10:00"), local("2026-01-05T17:00")) == ()
    assert fresh.sources(2031) == ()


# -- deadlines -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "promise", "due"),
    [
        ("2026-11-23T10:00", "3wd", "2026-11-26T17:00"),
        ("2026-11-23T00:00", "1wd", "2026-11-24T17:00"),
        ("2026-11-23T23:59", "1wd", "2026-11-24T17:00"),
        ("2026-11-20T16:59", "1wd", "2026-11-23T17:00"),  # Friday to Monday
        ("2026-11-21T12:00", "1wd", "2026-11-23T17:00"),  # filed on a Saturday
        ("2026-02-13T10:00", "1wd", "2026-02-14T17:00"),  # a worked Saturday
        ("2026-02-14T10:00", "1wd", "2026-02-24T17:00"),  # over the Spring Festival
        ("2026-09-30T10:00", "3wd", "2026-10-10T17:00"),  # 8, 9 and the worked Saturday
        ("2025-12-31T10:00", "1wd", "2026-01-04T17:00"),  # into another year's file
        ("2026-11-23T16:00", "2wh", "2026-11-24T10:00"),
        ("2026-11-23T09:00", "8wh", "2026-11-23T17:00"),  # a full day ends at its close
        ("2026-11-21T03:00", "1wh", "2026-11-23T10:00"),
        ("2026-11-21T23:50", "30min", "2026-11-22T00:20"),
        ("2026-11-20T18:00", "24h", "2026-11-21T18:00"),
        ("2026-02-13T18:00", "15d", "2026-02-28T18:00"),
        ("2026-11-02T10:00", "15wd+7d+5wd", "2026-12-07T17:00"),
    ],
)
def test_due(start, promise, due):
    assert cn.due(local(start), Promise.parse(promise)).astimezone(ZONE) == local(due)


def test_the_day_of_start_is_the_local_one():
    just_past_midnight = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)  # 00:05 on Tuesday the 24th in Shanghai
    assert cn.add_working_days(just_past_midnight, 1) == local("2026-11-25T17:00")


def test_moments_need_a_zone_and_promises_a_day():
    with pytest.raises(ValueError, match="no time zone"):
        cn.due(datetime(2026, 11, 23), Promise.parse("1wd"))
    with pytest.raises(ValueError, match="at least one"):
        cn.add_working_days(local("2026-11-23T10:00"), 0)
    with pytest.raises(ValueError, match="forwards"):
        cn.add_working_hours(local("2026-11-23T10:00"), -1)


@given(moments, moments, promises)
def test_who_starts_later_is_due_no_earlier(one, other, promise):
    first, second = sorted((one, other))
    assert first < cn.due(first, promise) <= cn.due(second, promise)


@given(moments, some_days, some_days)
def test_working_days_add_up(start, a, b):
    assert cn.add_working_days(cn.add_working_days(start, a), b) == cn.add_working_days(start, a + b)


@given(moments, some_time, some_time)
def test_working_hours_add_up(start, a, b):
    assert cn.add_working_hours(cn.add_working_hours(start, a), b) == cn.add_working_hours(start, a + b)


@given(moments, some_time)
def test_working_time_measures_what_was_added(start, amount):
    assert cn.working_time_between(start, cn.add_working_hours(start, amount)) == amount


@given(moments, moments, moments)
@settings(max_examples=50)
def test_working_time_is_additive_and_never_more_than_elapsed_time(a, b, c):
    a, b, c = sorted((a, b, c))
    assert cn.working_time_between(a, b) + cn.working_time_between(b, c) == cn.working_time_between(a, c)
    assert timedelta(0) <= cn.working_time_between(a, b) <= b - a
    assert cn.working_time_between(b, a) == -cn.working_time_between(a, b)


@given(moments, some_days)
def test_a_working_deadline_is_the_close_of_a_working_day(start, days):
    due = cn.add_working_days(start, days).astimezone(ZONE)
    assert due.time() == time(17) and cn.is_working_day(due.date())
    assert not cn.is_open(due) and cn.is_open(due - timedelta(seconds=1))


# -- the pausable clock --------------------------------------------------------------------------------


def test_a_supplement_over_a_weekend_gives_back_working_time_only():
    due = local("2026-11-25T17:00")
    moved = cn.resume(due, paused_at=local("2026-11-20T16:00"), resumed_at=local("2026-11-23T10:00"))
    assert moved == local("2026-11-26T11:00")  # one hour on Friday, one on Monday
    assert cn.resume(due, local("2026-11-21T08:00"), local("2026-11-22T20:00")) == due


def test_an_alarm_paused_at_night_keeps_its_minutes():
    promise = Promise.parse("30min")
    due = local("2026-11-21T03:30")
    assert cn.resume(due, local("2026-11-21T03:10"), local("2026-11-21T04:00"), promise) == local(
        "2026-11-21T04:20"
    )
    assert cn.remaining(due, local("2026-11-21T03:10"), promise) == timedelta(minutes=20)


@given(moments, promises, moments)
def test_a_pause_of_no_length_changes_nothing(start, promise, paused_at):
    due = cn.due(start, promise)
    assert cn.resume(due, paused_at, paused_at, promise) == due


@given(
    moments,
    promises,
    st.timedeltas(timedelta(0), timedelta(days=9)),
    st.timedeltas(timedelta(0), timedelta(days=20)),
)
def test_what_remained_at_the_pause_remains_when_the_clock_runs_again(start, promise, before, pause):
    due = cn.due(start, promise)
    paused_at = start + before
    resumed_at = paused_at + pause
    moved = cn.resume(due, paused_at, resumed_at, promise)
    assert moved >= due
    assert cn.remaining(moved, resumed_at, promise) == cn.remaining(due, paused_at, promise)


@given(moments, some_days, *[st.timedeltas(timedelta(0), timedelta(days=5))] * 3)
def test_two_pauses_in_a_row_are_one_long_pause(start, days, before, first, second):
    due = cn.add_working_days(start, days)
    a = start + before
    b, c = a + first, a + first + second
    assert cn.resume(cn.resume(due, a, b), b, c) == cn.resume(due, a, c)


def test_the_clock_cannot_run_before_it_stopped():
    with pytest.raises(ValueError, match="before it stopped"):
        cn.resume(local("2026-11-25T17:00"), local("2026-11-24T10:00"), local("2026-11-23T10:00"))


# -- promises ------------------------------------------------------------------------------------------


@given(promises)
def test_a_promise_reads_back(promise):
    assert Promise.parse(str(promise)) == promise
    assert promise.roughly > timedelta(0)


def test_a_promise_in_words():
    promise = Promise.parse("1wd+7d")
    assert (promise.zh, promise.en) == ("1个工作日，另加7天", "1 working day, then 7 days")
    assert Promise.parse("30min").round_the_clock and not promise.round_the_clock


@pytest.mark.parametrize(
    "text", ["", "3", "wd", "0wd", "-1wd", "3 wd", "3WD", "1.5h", "3wd+", "99999d", "３wd"]
)
def test_what_is_no_promise(text):
    with pytest.raises(ValueError, match="no promise"):
        Promise.parse(text)


# -- places and files ----------------------------------------------------------------------------------


def a_year(tmp_path, text: str) -> Year:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return Year.read(path)


DISTRICT = """
place: "110105"
year: 2026
source: { title: 区通知, number: 1号, issued: 2026-01-01 }
hours: { opens: "08:30", closes: "18:00" }
holidays: [{ zh: 停工, en: Closed, from: 2026-02-14, to: 2026-02-14 }]
workdays: [2026-02-15]
"""


def test_a_district_s_own_file_has_the_last_word(tmp_path):
    ours = Calendar([a_year(tmp_path, DISTRICT), *calendar._all_years()])
    assert not ours.is_working_day(date(2026, 2, 14))
    assert ours.is_working_day(date(2026, 2, 15))
    assert not ours.is_working_day(date(2026, 2, 16))
    assert ours.add_working_days(local("2026-11-23T10:00"), 1) == local("2026-11-24T18:00")
    assert len(ours.sources(2026)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        DISTRICT.replace("[2026-02-15]", "[2026-02-14]"),
        DISTRICT.replace("[2026-02-15]", "[2025-02-15]"),
        DISTRICT.replace('"18:00"', '"08:00"'),
        DISTRICT.replace("to: 2026-02-14", "to: 2026-02-13"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match=r".+"):
        a_year(tmp_path, wrong)


def test_a_calendar_is_shared_by_the_places_it_serves():
    assert calendar.of("110105001001001") is calendar.of("310101")
