from datetime import UTC, datetime, timedelta

import pytest

from services.cameras import model
from services.cameras.model import (
    Alarm,
    AlreadyCleared,
    BadDeviceId,
    Camera,
    DeviceId,
    ForbiddenSite,
    NotApproved,
    OutsideViewing,
    OwnRequest,
    Viewing,
    ViewingDecided,
)
from services.chassis.errors import Invalid
from services.contracts.cameras import FORBIDDEN_SITES, SITES

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
ID = "11010500011320000001"
COOLDOWN = timedelta(seconds=30)


def test_a_device_id_is_taken_apart_and_put_together():
    parts = DeviceId.parse(ID)
    assert parts == DeviceId("11010500", "01", "132", "0000001")
    assert str(DeviceId.build("11010500", "01", "132", 1)) == str(parts) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        ID[:-1],
        ID + "0",
        ID.replace("1", "１", 1),
        "0" + ID[1:],
        ID[:10] + "999" + ID[13:],
        ID[:-1] + "x",
        ID + "\n",
    ],
)
def test_what_is_no_device_id_is_refused(text):
    with pytest.raises(BadDeviceId):
        DeviceId.parse(text)


def test_a_serial_number_has_seven_digits():
    assert DeviceId.build("11010500", "01", "132", 9_999_999).serial == "9999999"
    with pytest.raises(BadDeviceId):
        DeviceId.build("11010500", "01", "132", 10_000_000)


def register(**more):
    facts = {
        "camera": ID, "name": "东门", "place": "110105001001001", "address": "东门", "site": "gate", "interval_s": 60,
        "misses": 3, "report_after_min": 10, "registered_at": AT,
    }  # fmt: skip
    return Camera.register(**{**facts, **more})


@pytest.mark.parametrize("site", FORBIDDEN_SITES)
def test_private_places_are_refused(site):
    with pytest.raises(ForbiddenSite) as problem:
        register(site=site)
    assert problem.value.status == 403


@pytest.mark.parametrize("site", SITES)
def test_common_places_are_not(site):
    assert register(site=site).patience == timedelta(minutes=3)


def test_an_id_of_another_district_is_refused():
    with pytest.raises(Invalid) as problem:
        register(place="110106001001001")
    assert "camera" in problem.value.field_sentences


def alarm(**more):
    return Alarm.sound(**{"camera": ID, "place": "p", "type": "fall", "priority": 3, "at": AT, **more})


@pytest.mark.parametrize(
    ("seconds", "same"), [(-30, False), (-29.999, True), (0, True), (29.999, True), (30, False)]
)
def test_the_cooldown_ends_at_thirty_seconds(seconds, same):
    assert alarm().takes_in(AT + timedelta(seconds=seconds), COOLDOWN) is same


def test_folding_counts_keeps_the_most_urgent_and_stretches_the_time():
    found = alarm()
    found.fold(AT + timedelta(seconds=20), 1, {"sha256": "a"})
    found.fold(AT - timedelta(seconds=5), 4, {"url": "b"})
    assert (found.count, found.priority) == (3, 1)
    assert (found.first_at, found.last_at) == (AT - timedelta(seconds=5), AT + timedelta(seconds=20))
    assert found.evidence == {"sha256": "a", "url": "b"}


def test_seen_and_cleared_are_two_things():
    found = alarm()
    found.acknowledge("li", AT)
    found.acknowledge("wang", AT + timedelta(1))
    assert found.active and found.acknowledged_by == "li"
    found.clear("zhao", "猫", AT)
    assert not found.active and found.acknowledged_by == "li"
    with pytest.raises(AlreadyCleared):
        found.clear("zhao", "猫", AT)


def test_an_alarm_that_flickers_is_active_and_unseen_again():
    found = alarm()
    found.clear("li", "好了", AT)
    found.fold(AT, 3, {})
    assert found.active and found.acknowledged_at is None and found.cleared_at is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("京A12345", "京A12345"),
        ("京a·12345", "京A12345"),
        (" 京AD12345 ", "京AD12345"),
        ("粤B1234学", "粤B1234学"),
        ("京A1234", None),
        ("京A1234567", None),
        ("京I12345", None),
        ("中A12345", None),
        ("", None),
        ("京A１２３４５", None),
    ],
)
def test_number_plates(text, plain):
    assert model.plate(text) == plain


def test_another_way_than_the_face_is_always_given():
    for face in (True, False):
        given = model.Access(face=face).result(face_asked=True)
        assert given["door"] == "card" and given["face"].startswith("granted" if face else "refused")
    assert "face" not in model.Access().result(face_asked=False)


def viewing(**more):
    facts = {
        "place": "110105", "cameras": [ID], "from_at": AT, "until_at": AT + timedelta(hours=1), "requester": "袁明",
        "unit": "本人", "reason": "走失", "content": "老人", "asked_by": "li", "asked_at": AT + timedelta(hours=1),
    }  # fmt: skip
    return Viewing.ask(**{**facts, **more})


@pytest.mark.parametrize("until", [AT, AT - timedelta(1), AT + timedelta(hours=1, microseconds=1)])
def test_a_viewing_needs_a_time_that_has_passed(until):
    with pytest.raises(Invalid) as problem:
        viewing(until_at=until)
    assert list(problem.value.field_sentences) == ["until_at"]


def test_a_viewing_is_decided_once_and_by_somebody_else():
    asked = viewing()
    with pytest.raises(OwnRequest):
        asked.decide(True, "", "li", AT)
    asked.decide(False, "理由不足", "boss", AT)
    with pytest.raises(ViewingDecided):
        asked.decide(True, "", "boss", AT)
    with pytest.raises(NotApproved):
        asked.allow(ID, AT, AT + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("camera", "begin", "end", "covered"),
    [
        (ID, 0, 60, True),
        (ID, -1, 60, False),
        (ID, 0, 61, False),
        (ID, 30, 30, False),
        ("11010500011320000002", 0, 60, False),
    ],
)
def test_a_look_stays_within_what_was_approved(camera, begin, end, covered):
    approved = viewing()
    approved.decide(True, "同意", "boss", AT)
    span = (AT + timedelta(minutes=begin), AT + timedelta(minutes=end))
    if covered:
        approved.allow(camera, *span)
    else:
        with pytest.raises(OutsideViewing):
            approved.allow(camera, *span)


def chain(length=4):
    lines, previous = [], model.GENESIS
    for no in range(1, length + 1):
        line = dict.fromkeys(model.CHAINED, "x") | {
            "at": AT,
            "from_at": AT,
            "until_at": AT,
            "content": f"第{no}次",
        }
        line |= {"no": no, "previous": previous, "hash": model.link(previous, line)}
        lines.append(line)
        previous = line["hash"]
    return lines


def test_the_chain_holds_and_every_meddling_shows():
    assert model.first_broken(chain()) is None and model.first_broken([]) is None
    altered = chain()
    altered[1]["viewer"] = "somebody else"
    assert model.first_broken(altered) == 2
    moved = chain()
    moved[2]["at"] += timedelta(microseconds=1)
    assert model.first_broken(moved) == 3
    assert model.first_broken(chain()[:1] + chain()[2:]) == 3
    assert model.first_broken(chain()[1:]) == 2
