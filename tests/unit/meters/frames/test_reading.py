"""Readings out of messages of frames: whose time counts, what is kept, what is quarantined and why."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.meters import frames
from services.meters.frames import Item, cjt188, dlt645
from services.meters.frames.reading import read
from services.meters.wire import Refused, Row
from tests.unit.meters.frames.strategies import frames_188, frames_645

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = "2026-03-01T19:00:00+08:00"
METER = "123456789012"
WATER = "00002020120218"


def energy(*values, identifier="00010000", meter=METER):
    return dlt645.reply(meter, identifier, [Item("", "", "", Decimal(value)) for value in values])


POWER = frames.encode(energy("123.45"), 4)


def water(clock=None, unit="m3", status="0000", total="155.68"):
    told = {
        "total": Item("", "total", "", Decimal(total), unit),
        "settlement": Item("", "settlement", "", Decimal("100"), "m3"),
        "clock": Item("", "clock", "", clock),
        "status": Item("", "status", "", status),
    }
    question = cjt188.read_request(0x10, WATER, 5)
    return frames.encode(cjt188.reply(question, tuple(told.values())), 2)


def taken(message):
    return list(read(message if isinstance(message, bytes) else msgspec.json.encode(message), NOW))


def sent(data, **more):
    return {"hex": data.hex(), **more}


GOOD = sent(POWER, at=AT, seq=7)


@pytest.mark.parametrize("shape", [GOOD, [GOOD], {"frames": [GOOD]}, {"account": "co", "frames": [GOOD]}])
def test_an_object_an_array_and_a_batch_say_the_same(shape):
    assert taken(shape) == [
        Row(METER, "total", datetime(2026, 3, 1, 11, tzinfo=UTC), 7, Decimal("123.45"), "kWh", None)
    ]


def test_a_block_gives_a_reading_of_each_tariff():
    rows = taken(sent(frames.encode(energy(10, 1, 2, 3, 4, identifier="0001FF00")), at=AT))
    assert [(row.register, str(row.value)) for row in rows] == [
        ("total", "10.00"), ("sharp", "1.00"), ("peak", "2.00"), ("flat", "3.00"), ("valley", "4.00"),
    ]  # fmt: skip


def test_water_is_kept_in_cubic_metres_with_what_its_status_warns_of():
    (row,) = taken(sent(water(unit="L", total="1500", status="0700"), at=AT))
    assert (row.meter, row.value, row.unit, row.quality) == (
        WATER,
        Decimal("1.5"),
        "m3",
        "valve-fault,battery-low",
    )


LOCAL = datetime(2026, 3, 1, 18, 30)
OWN = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "told", "expected"),
    [
        (LOCAL, {"at": AT}, datetime.fromisoformat(AT)),
        (LOCAL, {"heard_at": "2026-03-01T11:00:00Z"}, OWN),
        (LOCAL, {}, OWN),
        (None, {"heard_at": "2026-03-01T11:00:00Z"}, datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("not a date", {"heard_at": "2026-03-01T11:00:00Z"}, datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("not a date", {"at": AT}, datetime.fromisoformat(AT)),
        (datetime(2000, 1, 1), {"heard_at": "2026-03-01T11:00:00Z"}, datetime(2026, 3, 1, 11, tzinfo=UTC)),
        (datetime(2026, 9, 1), {"heard_at": "2026-03-01T11:00:00Z"}, datetime(2026, 3, 1, 11, tzinfo=UTC)),
        (LOCAL - timedelta(days=30), {"heard_at": "2026-03-01T11:00:00Z"}, OWN - timedelta(days=30)),
    ],
)
def test_whose_time_counts(clock, told, expected):
    data = water(clock.isoformat() if isinstance(clock, datetime) else None)
    if clock == "not a date":
        data = bytearray(data)
        data[26:33] = bytes.fromhex("00 00 00 32 01 26 20")
        data[-2] = sum(data[2:-2]) & 0xFF
    (row,) = taken(sent(data, **told))
    assert row.at == expected


def test_raw_frames_are_read_by_their_own_clock():
    rows = taken(b"\xfe\xfe" + water(LOCAL.isoformat()) + water((LOCAL + timedelta(hours=1)).isoformat()))
    assert [row.at for row in rows] == [OWN, OWN + timedelta(hours=1)]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (POWER, "no-clock"),
        (water(), "no-clock"),
        (POWER[:-2] + b"\x00\x16", "checksum"),
        (b"AT+REG\r\n", "no-start"),
        (b"", "unparsable"),
        (b'{"frames": 3}', "malformed"),
        (b'{"frames": [', "unparsable"),
        ({"hex": 5}, "malformed"),
        (GOOD | {"at": "2026-03-01T19:00:00"}, "no-time-zone"),
        (GOOD | {"at": "yesterday"}, "malformed"),
        (GOOD | {"seq": -1}, "malformed"),
        (sent(POWER, heard_at="0001-01-01T00:00:00Z"), "too-old"),
        (sent(POWER, heard_at="9999-12-31T23:59:59Z"), "future"),
        (GOOD | {"hex": "68zz"}, "not-hex"),
        (GOOD | {"hex": ""}, "empty"),
        (GOOD | {"hex": GOOD["hex"] + "00"}, "trailing"),
        (GOOD | {"at": (NOW + timedelta(minutes=11)).isoformat()}, "future"),
        (GOOD | {"at": "1970-01-01T00:00:00Z"}, "too-old"),
        (sent(frames.encode(dlt645.error_reply(METER, 0x11, "no-such-data")), at=AT), "meter-error"),
        (sent(water(unit="GJ"), at=AT), "unknown-unit"),
        (sent(frames.encode(energy("-5", identifier="00000000")), at=AT), "negative"),
        (sent(frames.encode(energy("5", meter=dlt645.ANYBODY)), at=AT), "no-address"),
        (sent(bytes.fromhex("68030000000000688104 44E93334EC16"), at=AT), "old-standard"),
        (sent(frames.encode(dlt645.Frame(METER, 0x91, b"\0\0\0\x09\0")), at=AT), "unknown-identifier"),
    ],
)
def test_what_cannot_be_kept_is_quarantined_with_its_reason(message, reason):
    (refused,) = taken(message)
    assert isinstance(refused, Refused) and refused.reason == reason, refused


def test_what_is_quarantined_can_be_sent_again_and_names_the_byte():
    (refused,) = taken(GOOD | {"hex": POWER[:-2].hex() + "0016"})
    content = msgspec.json.decode(refused.content)
    assert content["byte"] == len(POWER) - 2 and content["problem"]
    assert taken(content | {"hex": POWER.hex()}) == taken(GOOD)


def test_a_bad_frame_does_not_take_its_neighbours_with_it():
    found = taken({"frames": [GOOD, GOOD | {"hex": "00"}, 5, GOOD | {"seq": 8}]})
    assert [getattr(each, "reason", "row") for each in found] == ["row", "no-start", "malformed", "row"]


@pytest.mark.parametrize(
    "frame",
    [
        dlt645.read_request(METER, "00010000"),
        dlt645.reply(METER, "02010100", [Item("", "", "", Decimal("220.5"))]),
        dlt645.reply(METER, "00010000", [Item("", "", "", None)]),
        dlt645.reply(METER, "00010001", [Item("", "", "", Decimal(1))]),
        dlt645.address_reply(METER),
        cjt188.valve_reply(cjt188.valve_request(0x10, WATER, "open"), b"\0\0"),
    ],
)
def test_what_tells_no_register_gives_no_reading(frame):
    assert taken(sent(frames.encode(frame), at=AT)) == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
hexes = (frames_645 | frames_188).map(lambda frame: frames.encode(frame).hex())
moments = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
odd = {"hex": hexes | anything, "at": moments | anything, "heard_at": moments | anything, "seq": anything}


@given(st.lists(st.fixed_dictionaries({}, optional=odd) | anything, max_size=5))
def test_nothing_that_is_sent_crashes_or_gets_lost_unread(message):
    for found in taken({"frames": message}):
        assert isinstance(found, Row | Refused)
        if isinstance(found, Row):
            assert datetime(2000, 1, 1, tzinfo=UTC) <= found.at <= NOW + timedelta(minutes=10)


def test_an_answer_in_parts_is_one_reading_at_the_time_of_its_first():
    parts = dlt645.replies(energy(*range(40), identifier="0001FF00"), 60)
    later = "2026-03-01T19:05:00+08:00"
    pack = [sent(frames.encode(part), at=later if number else AT) for number, part in enumerate(parts)]
    rows = taken([*pack, GOOD])
    assert len(rows) == 41 and {row.at for row in rows} == {datetime.fromisoformat(AT)}
    (refused,) = taken(pack[:2])
    assert refused.reason == "unfinished"
    assert len(msgspec.json.decode(refused.content)["frames"]) == 2
    assert [refused.reason for refused in taken(pack[1:2])] == ["unfinished"]
