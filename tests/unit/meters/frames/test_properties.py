"""What holds for every frame there can be: written and read it is the same, one changed byte is noticed, nothing crashes."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.meters import frames, wire
from services.meters.frames import Fault, Found, Noise, Stream, cjt188, dlt645, reading
from tests.unit.meters.frames.strategies import answers_188, answers_645, digits, frames_188, frames_645

NOW = datetime(2026, 11, 25, tzinfo=UTC)
preambles = st.integers(0, 4)
any_frame = frames_645 | frames_188

WATER = bytes.fromhex(
    "FEFEFEFE6810180212202000008116901F00000200002C000200002C0000000000000000FF8516".replace(" ", "")
)
POWER = bytes.fromhex("FEFEFEFE6812907856341268910833333433785634332116")


# -- written and read --------------------------------------------------------------------------------------


@given(frames_645, preambles)
def test_a_frame_of_645_comes_back_as_it_was_sent(frame, preamble):
    assert dlt645.decode(dlt645.encode(frame, preamble)) == frame


@given(frames_188, preambles)
def test_a_frame_of_188_comes_back_as_it_was_sent(frame, preamble):
    assert cjt188.decode(cjt188.encode(frame, preamble)) == frame


@given(any_frame, preambles)
def test_bytes_come_back_as_they_were_sent_and_the_protocol_is_recognised(frame, preamble):
    sent = frames.encode(frame, preamble)
    found = frames.decode(sent)
    assert frames.encode(found, preamble) == sent
    if type(found) is not type(frame):  # both readings are whole, as happens once in a while
        both = {dlt645.Frame: dlt645.decode, cjt188.Frame: cjt188.decode}
        assert all(decode(sent) for decode in both.values())


@given(answers_645(), digits)
def test_what_an_electricity_meter_tells_is_read_as_it_was_told(answer, address):
    identifier, told = answer
    frame = dlt645.reply(address[:12], identifier, told)
    if len(frame.data) <= 255:
        assert dlt645.items(dlt645.decode(dlt645.encode(frame))) == told
    parts = dlt645.replies(frame, 40)
    assert all(dlt645.decode(dlt645.encode(part)) == part for part in parts)
    assert dlt645.items(dlt645.joined(parts)) == told


@given(answers_188())
def test_what_a_water_heat_or_gas_meter_tells_is_read_as_it_was_told(answer):
    question, told, profile = answer
    frame = cjt188.decode(cjt188.encode(cjt188.reply(question, told, profile)))
    assert cjt188.items(frame, profile=profile) == told
    assert cjt188.content(frame)[:3] == cjt188.content(question)[:3]


# -- one changed byte --------------------------------------------------------------------------------------


def refused(data):
    with pytest.raises(Fault) as fault:
        frames.decode(data)
    assert fault.value.at is not None and 0 <= fault.value.at <= len(data)
    assert fault.value.zh and fault.value.en


@settings(max_examples=40, deadline=None)
@given(any_frame, preambles)
@example(dlt645.decode(POWER), 4)
@example(cjt188.decode(WATER), 4)
@example(dlt645.Frame("680000000068", 0x11, b"\x68" * 8), 4)
def test_every_single_changed_byte_of_every_frame_is_refused(frame, preamble):
    """All positions, the preamble's among them, and all 255 other values."""
    sent = frames.encode(frame, preamble)
    for position in range(len(sent)):
        for value in range(256):
            if value != sent[position]:
                changed = sent[:position] + bytes((value,)) + sent[position + 1 :]
                with pytest.raises(Fault):
                    frames.decode(changed)


@settings(max_examples=60, deadline=None)
@given(any_frame, preambles, st.data())
def test_a_changed_byte_is_refused_with_its_place_and_in_both_languages(frame, preamble, data):
    sent = bytearray(frames.encode(frame, preamble))
    position = data.draw(st.integers(0, len(sent) - 1))
    sent[position] ^= data.draw(st.integers(1, 255))
    refused(bytes(sent))


@given(any_frame, preambles, st.data())
def test_a_frame_that_lacks_a_byte_or_has_one_too_many_is_refused(frame, preamble, data):
    sent = frames.encode(frame, preamble)
    refused(sent[: data.draw(st.integers(0, len(sent) - 1))])
    refused(sent + data.draw(st.binary(min_size=1, max_size=3)))


# -- anything at all ---------------------------------------------------------------------------------------

noise = st.binary(max_size=80) | st.lists(
    st.sampled_from([b"\x68", b"\xfe", b"\x16", b"\x10", b"\x91", b"\x99", b"\x00", b"\x33", POWER, WATER])
).map(b"".join)


@given(noise)
def test_no_input_crashes(data):
    with suppress(Fault):
        frames.decode(data)
    frames.tell(data)
    stream = Stream()
    for each in stream.feed(data) + stream.finish():
        assert each.raw in data
    for row in reading.read(data, NOW):
        assert isinstance(row, wire.Row | wire.Refused)


@given(any_frame, noise)
def test_no_content_of_a_good_frame_crashes(frame, data):
    frames.tell(frames.encode(frame))
    with suppress(Fault):
        (dlt645 if isinstance(frame, dlt645.Frame) else cjt188).items(frame)


@given(st.lists(any_frame, max_size=6), st.data())
def test_a_stream_cut_anywhere_gives_the_same_frames(sent, data):
    whole = b"".join(frames.encode(frame, data.draw(preambles)) for frame in sent)
    once = Stream()
    expected = [each.raw for each in once.feed(whole) + once.finish()]
    stream, found = Stream(), []
    rest = whole
    while rest:
        size = data.draw(st.integers(1, 40))
        found += stream.feed(rest[:size])
        rest = rest[size:]
    found += stream.finish()
    assert [each.raw for each in found] == expected
    assert [each.raw for each in found] == [frames.encode(frame) for frame in sent]


good = st.sampled_from([WATER, POWER, frames.encode(dlt645.read_request("123456789012", "0001FF00"))])


@given(good, st.binary(max_size=60).filter(lambda noise: b"\x68" not in noise), good)
def test_noise_between_frames_is_told_and_loses_none(first, between, last):
    stream = Stream()
    found = stream.feed(first + between + last) + stream.finish()
    assert [each.raw for each in found if isinstance(each, Found)] == [
        first.lstrip(b"\xfe"),
        last.lstrip(b"\xfe"),
    ]
    left = b"".join(each.raw for each in found if isinstance(each, Noise))
    assert left.strip(b"\xfe") == between.strip(b"\xfe")


@given(st.data(), st.sampled_from([WATER, POWER]))
def test_after_a_changed_or_lost_byte_a_stream_finds_the_next_frame(data, broken):
    """Changed in the preamble, it does no harm: that belongs to no frame."""
    position = data.draw(st.integers(0, len(broken) - 1))
    changed = broken[position] ^ data.draw(st.integers(1, 255))
    replacement = data.draw(st.sampled_from([b"", bytes((changed,))]))
    middle = broken[:position] + replacement + broken[position + 1 :]
    stream = Stream()
    found = [
        each.raw for each in stream.feed(WATER + middle + POWER) + stream.finish() if isinstance(each, Found)
    ]
    expected = [WATER.lstrip(b"\xfe"), POWER.lstrip(b"\xfe")]
    if position < 4:
        expected.insert(1, broken.lstrip(b"\xfe"))
    assert found == expected


def test_what_a_stream_holds_back_is_bounded():
    stream = Stream()
    for _ in range(200):
        stream.feed(b"\x68" * 1000)
        assert len(stream._held) < 300
