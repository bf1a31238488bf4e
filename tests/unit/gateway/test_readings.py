"""Each reading is judged by itself; nothing ambiguous gets through on the fast path."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hygiene import DuplicateKey, InvalidJson
from gateway.routes.readings import DEVICE_TYPES as OURS
from gateway.routes.readings import READINGS_LIMIT, UNITS, TooManyReadings, judge, judge_alarms
from services.cameras import signals
from services.cameras.model import DEVICE_TYPES
from services.chassis.errors import Invalid, Problem
from services.meters import wire
from services.meters.model import UNITS as METERS_UNITS

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOOD = {
    "meter": "W1",
    "register": "total",
    "at": "2026-11-23T19:59:00+08:00",
    "value": 12.5,
    "unit": "m3",
    "seq": 1,
}


def body(*readings):
    return json.dumps({"readings": readings}).encode()


def slugs(*readings):
    good, rejected = judge(body(*readings), NOW)
    return len(good), [(one["index"], one["problem"]["slug"]) for one in rejected]


def test_the_units_are_those_the_meters_office_converts():
    assert set(METERS_UNITS) == UNITS


def test_good_ones_pass_and_bad_ones_are_told_by_their_place():
    bad = [
        GOOD | {"value": -1},
        GOOD | {"unit": "furlong"},
        GOOD | {"at": "2026-11-23T12:11:00Z"},
        GOOD | {"at": "2026-11-23T12:00:00"},
        GOOD | {"value": True},
        GOOD | {"value": None},
        GOOD | {"seq": -1},
        GOOD | {"seq": 1.5},
        GOOD | {"meter": ""},
        GOOD | {"meter": "x" * 65},
        GOOD | {"surprise": 1},
        {"meter": "W1"},
        "reading",
        None,
    ]
    accepted, rejected = slugs(GOOD, *bad, GOOD | {"seq": 2})
    assert accepted == 2
    assert rejected == [(1, "negative"), (2, "unknown-unit"), (3, "future")] + [
        (n, "unreadable") for n in range(4, 15)
    ]


def test_every_rejection_speaks_both_languages():
    _, rejected = judge(body(GOOD | {"value": -1}, {}), NOW)
    assert all(one["problem"]["zh"] and one["problem"]["en"] for one in rejected)


@pytest.mark.parametrize("ahead", [timedelta(minutes=9, seconds=59), timedelta(0), -timedelta(days=365)])
def test_a_clock_may_be_ten_minutes_fast_and_a_reading_very_late(ahead):
    assert slugs(GOOD | {"at": (NOW + ahead).isoformat()}) == (1, [])


@pytest.mark.parametrize("value", [0, 0.0, 12, "12.345", 99999999999, "0"])
def test_numbers_and_decimal_texts_are_values(value):
    assert slugs(GOOD | {"value": value}) == (1, [])


@pytest.mark.parametrize("text", ["123456789.123456", "0.1", "99999999999.999999", "12"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_value_is_kept_exactly_to_the_last_digit(text, quote):
    sent = json.dumps({"readings": [GOOD | {"value": 0}]}).replace(
        '"value": 0', f'"value": {quote}{text}{quote}'
    )
    (good,), _ = judge(sent.encode(), NOW)
    assert str(good.value) == text


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("key", list(GOOD))
def test_a_key_twice_is_refused_on_either_path(key, fast):
    text = json.dumps(GOOD)[:-1] + f', "{key}": {json.dumps(GOOD[key])}}}'
    others = [] if fast else [{"meter": 1}]
    listed = ", ".join([text, *map(json.dumps, others)])
    with pytest.raises(DuplicateKey):
        judge(f'{{"readings": [{listed}]}}'.encode(), NOW)


def test_a_key_twice_by_an_escape_is_refused():
    text = json.dumps(GOOD)[:-1] + ', "val\\u0075e": 1}'
    with pytest.raises(DuplicateKey):
        judge(f'{{"readings": [{text}]}}'.encode(), NOW)


def test_readings_twice_is_refused():
    with pytest.raises(DuplicateKey):
        judge(b'{"readings": [], "readings": []}', NOW)


def test_a_name_that_looks_like_a_key_is_only_a_name():
    assert slugs(GOOD | {"meter": "value"}) == (1, [])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", InvalidJson),
        (b"[]", Invalid),
        (b"{}", Invalid),
        (b'{"readings": {}}', Invalid),
        (b'{"readings": [], "x": 1}', Invalid),
        (b'{"readings": [NaN]}', InvalidJson),
        (b"\xef\xbb\xbf{}", InvalidJson),
        (b'{"readings": ["\xff"]}', InvalidJson),
    ],
)
def test_what_is_no_batch_at_all_is_refused_as_a_whole(text, error):
    with pytest.raises(error):
        judge(text, NOW)


def test_five_thousand_are_taken_and_one_more_is_not():
    assert slugs(*[GOOD] * READINGS_LIMIT)[0] == READINGS_LIMIT
    with pytest.raises(TooManyReadings):
        judge(body(*[GOOD] * (READINGS_LIMIT + 1)), NOW)
    with pytest.raises(TooManyReadings):
        judge(body(*[{}] * (READINGS_LIMIT + 1)), NOW)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(
    st.lists(
        st.fixed_dictionaries({}, optional={key: anything | st.just(GOOD[key]) for key in GOOD}), max_size=5
    )
)
def test_every_reading_is_either_taken_or_rejected(readings):
    try:
        good, rejected = judge(json.dumps({"readings": readings}).encode(), NOW)
    except (
        Problem
    ) as problem:  # NaN and numbers beyond all bounds spoil the whole: it is not JSON we can read
        assert problem.status in (400, 422)
    else:
        assert len(good) + len(rejected) == len(readings)
        if good:
            kept = list(wire.read(msgspec.json.encode(good), NOW))
            assert all(isinstance(row, wire.Row) for row in kept), "confirmed here, refused there"


ALARM = {"type": "fire", "at": "2026-11-23T19:59:00+08:00", "device": "11010500001320000001"}
odd = {
    "device": [
        "11010500001320000001\n",
        "１１０１０５０００01320000001",
        "01010500001320000001",
        "11010500009990000001",
        "x",
        None,
    ],
    "state": ["active", "cleared", "maybe"],
    "priority": [1, 4, 5, True, "1"],
    "label": ["person", "", "x" * 65],
    "evidence": [
        {"sha256": "a" * 64},
        {"sha256": "a" * 64 + "\n"},
        {"url": "file:///x"},
        {"url": "https://a/b c"},
        {},
        1,
    ],
    "at": [ALARM["at"], "2026-11-23T19:59+08:00", "2026-11-23T19:59:00", "2027-01-01T00:00:00Z"],
    "surprise": [1],
}


@given(
    st.lists(st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in odd.items()}), max_size=6)
)
def test_every_alarm_confirmed_here_is_read_there(changes):
    alarms = [ALARM | changed for changed in changes]
    good, rejected = judge_alarms(alarms, "11010500001180000001", NOW)
    assert len(good) + len(rejected) == len(alarms)
    if good:
        key = "yikou.v1.11010500001180000001.alarms"
        assert len(signals.read(key, msgspec.json.encode(good))) == len(good)


def test_the_device_types_are_those_of_the_cameras_office():
    assert set(OURS) == set(DEVICE_TYPES)


def test_an_alarm_of_nobody_in_particular_is_the_senders_own():
    own = {key: value for key, value in ALARM.items() if key != "device"}
    assert len(judge_alarms([own], "11010500001180000001", NOW)[0]) == 1
    assert judge_alarms([own], "acme", NOW)[1][0]["problem"]["slug"] == "not-a-device"
