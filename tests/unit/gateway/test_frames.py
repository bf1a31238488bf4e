"""Each frame is judged by itself; what the door calls whole is what the meters office calls whole."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hygiene import DuplicateKey, InvalidJson
from gateway.routes.frames import PREAMBLE, READINGS_LIMIT, judge
from gateway.routes.readings import TooManyReadings
from services.chassis.errors import Invalid
from services.meters import frames
from services.meters.frames import Fault, envelope, reading
from tests.unit.meters.frames.strategies import frames_188, frames_645

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HEX = "fefefefe6812907856341268910833333433785634332116"
GOOD = {"hex": HEX, "at": "2026-11-25T11:00:00Z"}


def body(*sent):
    return json.dumps({"frames": sent}).encode()


def slugs(*sent):
    good, rejected = judge(body(*sent), NOW)
    return len(good), [(one["index"], one["problem"]["slug"]) for one in rejected]


def test_good_ones_are_taken_and_each_other_is_told_by_its_place():
    assert slugs(GOOD, GOOD | {"hex": "zz"}, GOOD | {"seq": 3}, {}) == (
        2,
        [(1, "not-hex"), (3, "unreadable")],
    )


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"hex": HEX[:-4] + "2216"}, "checksum"),
        ({"hex": HEX[:-2]}, "not-a-frame"),
        ({"hex": "fe" + HEX}, "not-a-frame"),
        ({"hex": "33" + HEX}, "not-a-frame"),
        ({"hex": "6816"}, "not-a-frame"),
        ({"hex": HEX[1:]}, "not-hex"),
        ({"hex": ""}, "unreadable"),
        ({"hex": HEX * 22}, "unreadable"),
        ({"hex": 5}, "unreadable"),
        ({"at": "2026-11-25T11:00:00"}, "unreadable"),
        ({"at": (NOW + timedelta(minutes=11)).isoformat()}, "future"),
        ({"at": "1999-12-31T00:00:00Z"}, "too-old"),
        ({"seq": -1}, "unreadable"),
        ({"surprise": 1}, "unreadable"),
    ],
)
def test_what_is_wrong_is_named(change, slug):
    assert slugs(GOOD | change) == (0, [(0, slug)])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", InvalidJson),
        (b"[]", Invalid),
        (b"{}", Invalid),
        (b'{"frames": {}}', Invalid),
        (b'{"frames": [], "x": 1}', Invalid),
        (b"\xef\xbb\xbf{}", InvalidJson),
        (b'{"frames": ["\xff"]}', InvalidJson),
    ],
)
def test_what_is_no_batch_at_all_is_refused_as_a_whole(text, error):
    with pytest.raises(error):
        judge(text, NOW)


@pytest.mark.parametrize("key", ["hex", "at", "seq", "h\\u0065x"])
def test_a_key_twice_is_refused(key):
    full = GOOD | {"seq": 1}
    text = json.dumps(full)[:-1] + f', "{key}": {json.dumps(full[json.loads(chr(34) + key + chr(34))])}}}'
    for others in ([], [GOOD], [{}], [{"at": GOOD["at"]}], [{"hex": HEX}]):
        with pytest.raises(DuplicateKey):
            judge(f'{{"frames": [{", ".join([text, *map(json.dumps, others)])}]}}'.encode(), NOW)
    with pytest.raises(DuplicateKey):
        judge(b'{"frames": [], "frames": []}', NOW)


def test_five_thousand_are_taken_and_one_more_is_not():
    assert slugs(*[GOOD] * READINGS_LIMIT)[0] == READINGS_LIMIT
    with pytest.raises(TooManyReadings):
        judge(body(*[GOOD] * (READINGS_LIMIT + 1)), NOW)


def test_the_preamble_is_as_long_as_the_office_allows():
    assert PREAMBLE == envelope.LONGEST_PREAMBLE


@given(frames_645 | frames_188, st.integers(0, 4), st.data())
def test_what_is_whole_here_is_whole_there_and_the_other_way_round(frame, preamble, data):
    sent = frames.encode(frame, preamble)
    assert slugs(GOOD | {"hex": sent.hex()})[0] == 1
    position = data.draw(st.integers(0, len(sent) - 1))
    broken = (
        sent[:position] + bytes((sent[position] ^ data.draw(st.integers(1, 255)),)) + sent[position + 1 :]
    )
    assert slugs(GOOD | {"hex": broken.hex()})[0] == 0
    with pytest.raises(Fault):
        frames.decode(broken)


def test_what_is_published_is_what_the_office_reads():
    good, _ = judge(body(GOOD, GOOD | {"seq": 9}), NOW)
    rows = list(reading.read(msgspec.json.encode(good), NOW))
    assert [(row.meter, row.seq, str(row.value)) for row in rows] == [
        ("123456789012", 0, "123.45"),
        ("123456789012", 9, "123.45"),
    ]
