import json

import pytest

from services.cameras.signals import LARGEST, Malformed, read

ID = "11010500011320000001"
OTHER = "11010500011320000002"
ALARM = {"type": "fire", "at": "2026-03-01T08:00:00Z"}


def key(kind, device=ID):
    return f"yikou.v1.{device}.{kind}"


def alarm(**more):
    return json.dumps({**ALARM, **more}).encode()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"at": "2026-03-01T08:00:00+08:00"}', b'{"fresh": "fields"}'])
def test_a_heartbeat_needs_no_words(body):
    (beat,) = read(key("heartbeat"), body)
    assert beat.device == ID


def test_a_heartbeat_counts_only_for_the_device_of_the_routing_key():
    with pytest.raises(Malformed, match="speaks for"):
        read(key("heartbeat"), json.dumps({"device": OTHER}).encode())


def test_an_alarm_is_known_by_its_number_or_its_content():
    (first,), (same,), (other,) = (
        read(key("alarms"), body)
        for body in (alarm(), b' {"at":"2026-03-01T08:00:00+00:00", "type":"fire"}', alarm(type="smoke"))
    )
    assert first.id == same.id != other.id
    assert read(key("alarms"), alarm(id="7"))[0].id == "7"


def test_a_platform_may_tell_several_and_class_is_a_label():
    body = json.dumps([{**ALARM, "device": ID, "class": "person"}, {**ALARM, "device": OTHER}]).encode()
    found = read(key("alarms", "platform-1"), body)
    assert [(s.speaker, s.device, s.label) for s in found] == [
        ("platform-1", ID, "person"),
        ("platform-1", OTHER, None),
    ]


def test_only_references_to_pictures_are_kept():
    evidence = {"sha256": "a" * 64, "url": "https://v.example/1.jpg", "picture": "/9j/4AAQ"}
    assert read(key("alarms"), alarm(evidence=evidence))[0].references() == {
        "sha256": "a" * 64,
        "url": "https://v.example/1.jpg",
    }


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no json", b"null", b"7", b"\xff", b"[" * 5000, b'{"type": "fire"}',
        alarm(at="2026-03-01T08:00:00"), alarm(at="yesterday"), alarm(type=""), alarm(type="x" * 65), alarm(type=1),
        alarm(priority=0), alarm(priority=5), alarm(priority="1"), alarm(state="odd"),
        alarm(evidence={"sha256": "a"}), alarm(evidence={"url": "file:///etc/passwd"}), alarm(evidence="picture"),
        alarm(device="nobody"), b" " * (LARGEST + 1),
    ],
)  # fmt: skip
def test_malformed_alarms_are_refused(body):
    with pytest.raises(Malformed):
        read(key("alarms"), body)


@pytest.mark.parametrize("body", [b"null", b"[]", b"\x00", b'{"at": 5}', b'{"at": "2026-03-01T08:00:00"}'])
def test_malformed_heartbeats_are_refused(body):
    with pytest.raises(Malformed):
        read(key("heartbeat"), body)


@pytest.mark.parametrize(
    "routing_key",
    [
        "",
        "cameras.signals",
        key("readings"),
        key("heartbeat", "meter-1"),
        f"yikou.v2.{ID}.heartbeat",
        key("heartbeat") + ".x",
    ],
)
def test_other_routing_keys_are_refused(routing_key):
    with pytest.raises(Malformed):
        read(routing_key, b"{}")


@pytest.mark.parametrize("field", ["type", "id", "label", "class", "zone"])
@pytest.mark.parametrize("text", ["fire\0", "\x1b[2J", "a\n", "\x85"])
def test_control_characters_are_no_words(field, text):
    with pytest.raises(Malformed):
        read(key("alarms"), alarm(**{field: text}))


def test_an_address_with_a_nul_is_no_address():
    with pytest.raises(Malformed):
        read(key("alarms"), alarm(evidence={"url": "https://v.example/\0"}))
