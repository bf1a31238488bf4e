"""Readings as they arrive: three shapes of message, and every way to be wrong."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from services.meters.wire import LONGEST, Refused, Row, read

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = {
    "meter": "W-1",
    "register": "total",
    "at": "2026-03-01T19:00:00+08:00",
    "value": 12.345,
    "unit": "m3",
    "seq": 7,
}


def taken(message):
    body = message if isinstance(message, bytes) else msgspec.json.encode(message)
    return list(read(body, NOW))


@pytest.mark.parametrize("shape", [GOOD, [GOOD], {"readings": [GOOD]}, {"account": "co", "readings": [GOOD]}])
def test_an_object_an_array_and_a_batch_say_the_same(shape):
    assert taken(shape) == [
        Row("W-1", "total", datetime(2026, 3, 1, 11, tzinfo=UTC), 7, Decimal("12.345"), "m3", None)
    ]


@pytest.mark.parametrize(
    "unit, value, kept",
    [("L", 1500, "1.5 m3"), ("Wh", "250", "0.25 kWh"), ("m³", "3", "3 m3"), ("MWh", 2, "2000 kWh")],
)
def test_values_are_kept_in_the_unit_of_the_kind(unit, value, kept):
    (row,) = taken(GOOD | {"unit": unit, "value": value})
    assert f"{row.value.normalize():f} {row.unit}" == kept


@pytest.mark.parametrize(
    "wrong, reason",
    [
        ({"value": -0.001}, "negative"),
        ({"value": "twelve"}, "not-a-number"),
        ({"value": True}, "not-a-number"),
        ({"value": None}, "not-a-number"),
        ({"value": "NaN"}, "not-a-number"),
        ({"value": "Infinity"}, "not-a-number"),
        ({"value": "1e400"}, "too-large"),
        ({"at": (NOW + timedelta(minutes=11)).isoformat()}, "future"),
        ({"at": "1970-01-01T00:00:00Z"}, "too-old"),
        ({"at": "2026-03-01T11:00:00"}, "no-time-zone"),
        ({"at": "yesterday"}, "malformed"),
        ({"unit": "gallon"}, "unknown-unit"),
        ({"meter": ""}, "malformed"),
        ({"meter": "W\u0000"}, "malformed"),
        ({"meter": "W" * 65}, "malformed"),
        ({"seq": -1}, "malformed"),
        ({"seq": 2**63}, "malformed"),
        ({"quality": "a\u0000"}, "malformed"),
    ],
)
def test_what_cannot_be_true_is_refused_with_its_reason(wrong, reason):
    (refused,) = taken(GOOD | wrong)
    assert isinstance(refused, Refused) and refused.reason == reason


def test_a_clock_ten_minutes_ahead_is_still_believed():
    (row,) = taken(GOOD | {"at": (NOW + timedelta(minutes=10)).isoformat()})
    assert isinstance(row, Row)


def test_a_bad_reading_does_not_take_its_neighbours_with_it():
    found = taken([GOOD, GOOD | {"value": "x"}, 5, GOOD | {"seq": 8}])
    assert [getattr(each, "reason", "row") for each in found] == ["row", "not-a-number", "malformed", "row"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"meter":"\\ud800"}', b"nonsense", b'"text"', b"null"]
)
def test_noise_is_refused_and_breaks_nothing(body):
    (refused,) = taken(body)
    assert refused.reason in ("unparsable", "malformed")


def test_of_unknown_fields_nothing_is_made():
    (row,) = taken(GOOD | {"battery": 3.1})
    assert isinstance(row, Row)


def test_a_message_too_long_to_be_one_of_ours_is_not_even_decoded():
    (refused,) = taken(b"[" + msgspec.json.encode(GOOD) + b" " * LONGEST + b"]")
    assert refused.reason == "message-too-large"


def test_of_many_readings_the_one_that_cannot_be_true_is_found():
    found = taken([GOOD, GOOD | {"value": "NaN"}, GOOD | {"seq": 8}, GOOD | {"value": -1}])
    assert [getattr(each, "reason", "row") for each in found] == ["row", "not-a-number", "row", "negative"]
    assert taken([]) == []
