"""Whatever arrives, a reader either understands it or says what is wrong; it never breaks in another way."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from marshmallow import ValidationError

from services.contracts import catalogue
from services.contracts.envelope import Envelope, NotAnEnvelope

EVENTS = catalogue.events()
leaves = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20)
odd = some.sampled_from(
    ["", "\0", "9" * 400, "NaN", "Infinity", "-0", "1e999999", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", 10**400, -1]
)  # fmt: skip
json = some.recursive(
    leaves | odd,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def read(event, data):
    try:
        return event.read(data)
    except ValidationError as error:
        assert error.messages
        return None


@pytest.mark.parametrize("name", EVENTS)
@settings(max_examples=10, deadline=None)
@given(given=some.data())
def test_an_event_is_read_or_refused_and_what_it_does_not_know_changes_nothing(name, given):
    event = EVENTS[name]
    fields = event.schema().fields
    data = given.draw(some.fixed_dictionaries({}, optional=dict.fromkeys(fields, json)))
    message = read(event, data)
    more = given.draw(
        some.dictionaries(some.text(min_size=1, max_size=8).map("new-".__add__), json, max_size=3)
    )
    assert (read(event, {**data, **more}) is None) == (message is None)
    if message is not None:
        assert set(vars(message)) >= set(fields), "an absent field is None and not an AttributeError"
        assert not set(vars(message)) & set(more)


@given(json)
def test_data_that_is_no_object_is_refused(data):
    if not isinstance(data, dict):
        assert read(next(iter(EVENTS.values())), data) is None


@given(some.binary(max_size=300) | json.map(lambda value: repr(value).encode("utf-8", "surrogatepass")))
def test_a_body_is_an_envelope_or_none(body):
    try:
        assert Envelope.decode(body).id
    except NotAnEnvelope as error:
        assert str(error)


words = some.text(some.characters(exclude_categories=["Cs"]), max_size=30)
moments = some.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
numbers = some.integers(-(2**63), 2**63 - 1)
plain = some.dictionaries(words, some.none() | some.booleans() | numbers | words, max_size=5)


@given(words.filter(bool), words, words, words, moments, words, plain)
def test_an_envelope_arrives_as_it_was_sent(id, source, type_, subject, at, trace, data):
    sent = Envelope(id, source, f"yikou.{type_}", subject, at, trace, data)
    assert Envelope.decode(sent.encode()) == sent
    more = {**msgspec.json.decode(sent.encode()), "partitionkey": "x", "dataschema": 7}
    assert Envelope.decode(msgspec.json.encode(more)) == sent, "attributes we do not know are no obstacle"


def test_a_time_is_the_same_moment_in_any_zone():
    body = Envelope(
        "1", "/yikou/x", "yikou.X", "", datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=8))), "", {}
    )
    assert Envelope.decode(body.encode()).time == datetime(2026, 2, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [{"specversion": "0.3"}, {"type": "com.example.X"}, {"id": ""}, {"time": "2026-03-01T00:00:00"}, {"data": []}, {"data": None}],
)  # fmt: skip
def test_what_we_could_not_act_on_is_no_envelope(wrong):
    good = Envelope("1", "/yikou/x", "yikou.X", "", datetime(2026, 3, 1, tzinfo=UTC), "", {}).encode()
    with pytest.raises(NotAnEnvelope):
        Envelope.decode(msgspec.json.encode({**msgspec.json.decode(good), **wrong}))
