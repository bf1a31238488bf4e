from amqp.serialization import decode_properties_basic, loads
from hypothesis import given
from hypothesis import strategies as some

from services.chassis.reception import (
    BEFORE_PROPERTIES,
    LARGEST_HEADERS,
    UNREADABLE,
    _with_readable_key,
    _with_readable_properties,
    fits_a_header,
)


@given(some.binary(max_size=200))
def test_whatever_the_properties_are_they_can_be_read_afterwards(raw):
    payload = _with_readable_properties(b"\0" * BEFORE_PROPERTIES + raw)
    properties, _ = decode_properties_basic(payload, BEFORE_PROPERTIES)
    if payload[BEFORE_PROPERTIES:] != raw:
        assert properties["application_headers"][UNREADABLE]
        assert bytes.fromhex(properties["application_headers"]["x-raw-properties"]) == raw


@given(some.binary(max_size=255), some.text("abc.", max_size=20), some.text("abc.", max_size=20))
def test_whatever_the_routing_key_is_it_can_be_read_afterwards(key, tag, exchange):
    front = (
        b"\0\x3c\0\x3c"
        + bytes([len(tag)])
        + tag.encode()
        + b"\0" * 7
        + b"\7\1"
        + bytes([len(exchange)])
        + exchange.encode()
    )
    payload = _with_readable_key(front + bytes([len(key)]) + key)
    (read_tag, delivery, _, read_exchange, read_key), _ = loads("sLbss", payload, 4)
    assert (read_tag, delivery, read_exchange) == (tag, 7, exchange)
    try:
        assert read_key == key.decode()
    except UnicodeDecodeError:
        assert read_key.isascii()


def test_what_py_amqp_cannot_write_or_no_frame_holds_does_not_fit():
    assert fits_a_header({"x": "y"})
    assert not fits_a_header({"x": object()})
    assert not fits_a_header({"x": "y" * LARGEST_HEADERS})
