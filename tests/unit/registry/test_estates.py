"""Estates (S6.8), handing over (S6.9): door by door, shares that make a whole, and a list two sides sign."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest

from services.chassis.errors import Invalid
from services.registry.estates import model
from services.registry.estates.model import TRANSITIONS, Handover, HandoverNotNow

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def home(door, unit=1, persons=0, collective=False):
    return SimpleNamespace(
        household=f"x-{unit}-{door}", unit=unit, door=door, persons=persons, collective=collective, area=None
    )


def test_a_cross_section_shows_every_door_and_no_person():
    building = SimpleNamespace(code="b", address="3号楼", floors=2)
    homes = [home("0101", persons=3), home("0102"), home("0201", collective=True), home("A1"), home("1203")]
    seen = model.cross_section(building, homes)
    assert [one["floor"] for one in seen["floors"]] == list(range(12, 0, -1))  # what is registered counts
    assert [one["door"] for one in seen["columns"]] == ["01", "02", "03"]
    assert [one["state"] for one in seen["floors"][-1]["homes"]] == ["lived-in", "empty", "not-registered"]
    assert [one["state"] for one in seen["floors"][-2]["homes"]] == [
        "collective", "not-registered", "not-registered",
    ]  # fmt: skip
    assert [one["door"] for one in seen["elsewhere"]] == ["A1"]
    assert "persons" not in str(seen)


def owner(share="1", **more):
    return {"name": "周某", "kind": "person", "number": None, "phone": None, "share": share} | more


@pytest.mark.parametrize(
    ("shares", "fine"),
    [
        (["1"], True),
        (["1/3", "1/3", "1/3"], True),  # exact: thirds of decimals never make a whole
        (["1/2", "1/3", "1/6"], True),
        (["1/2", "1/3"], False),
        (["1/2", "2/3"], False),
        (["3/2"], False),
    ],
)
def test_shares_make_up_one_whole(shares, fine):
    told = [owner(share, name=f"某{n}") for n, share in enumerate(shares)]
    if fine:
        assert sum(model.check_owners(told)) == 1
    else:
        with pytest.raises(Invalid):
            model.check_owners(told)


def test_every_fault_of_the_owners_is_told_at_once():
    told = [
        owner("1/2", number="110101199001011234"),
        owner("1/4", kind="company", number="91110000000000000X"),
        owner("5/4", number=None),
    ]
    with pytest.raises(Invalid) as refused:
        model.check_owners(told)
    assert set(refused.value.field_sentences) == {"owners.0.number", "owners.1.number", "owners.2.share"}


def test_heads_and_area_of_the_roll():
    """One buyer of several homes is one head, and so is a couple; who has no owner has no vote."""
    homes = [
        ("a", Decimal("80.00"), frozenset({"w"})),
        ("b", Decimal("20.50"), frozenset({"w"})),
        ("c", Decimal("60.00"), frozenset({"x", "y"})),
        ("d", None, frozenset({"x"})),
        ("e", Decimal("50.00"), frozenset()),
    ]
    seen = model.roll(homes)
    assert (seen["homes"], seen["heads"], seen["area"]) == (5, 3, Decimal("160.50"))
    assert (seen["without_owner"], seen["without_area"]) == (["e"], ["d"])


def test_the_area_of_a_share():
    assert model.area_of(Decimal("100.00"), Fraction(1, 3)) == Decimal("33.33")
    assert model.area_of(None, Fraction(1, 2)) is None


ASKS = [{"slug": "as-built", "zh": "竣工资料", "en": "As-built documents"}]


def an_item(slug="as-built", **more):
    return {
        "kind": "document",
        "slug": slug,
        "name": "图纸",
        "count": 1,
        "condition": None,
        "missing_because": None,
    } | more


def a_handover(*items):
    return Handover("h", "e", "甲", "乙", NOW, NOW + timedelta(days=30), list(items))


@pytest.mark.parametrize(
    ("items", "missing"),
    [
        ([], True),
        ([an_item("other")], True),
        ([an_item(count=0)], True),
        ([an_item(count=0, missing_because="建设单位未移交")], False),
        ([an_item()], False),
    ],
)
def test_a_list_has_everything_the_rule_asks_or_says_why_not(items, missing):
    handover = a_handover(*items)
    if missing:
        with pytest.raises(model.ListIncomplete):
            handover.complete(ASKS, NOW, "c")
        assert handover.state == "drafted"
    else:
        handover.complete(ASKS, NOW, "c")
        assert handover.state == "listed"


def listed():
    handover = a_handover(an_item())
    handover.complete(ASKS, NOW, "c")
    return handover


def test_two_sides_sign_the_same_list_by_two_accounts():
    handover = listed()
    digest = handover.digest
    with pytest.raises(model.AnotherList):
        handover.sign("giver", "甲方", "0" * 64, NOW, "a")
    handover.sign("giver", "甲方", digest, NOW, "a")
    with pytest.raises(HandoverNotNow):
        handover.sign("giver", "甲方", digest, NOW, "b")
    with pytest.raises(model.BothSidesByOne):
        handover.sign("taker", "乙方", digest, NOW, "a")
    handover.sign("taker", "乙方", digest, NOW, "b")
    assert handover.state == "handed-over" and handover.ended_at == NOW
    assert {side: one["digest"] for side, one in handover.signatures.items()} == {
        "giver": digest,
        "taker": digest,
    }


def test_a_dispute_makes_signatures_void_and_the_list_is_drawn_up_again():
    handover = listed()
    handover.sign("giver", "甲方", handover.digest, NOW, "a")
    handover.move("dispute", NOW, "b", reason="数量不符")
    assert handover.signatures == {}
    handover.move("reopen", NOW, "c")
    handover.move("set-items", NOW, "c")
    assert handover.state == "drafted"


@pytest.mark.parametrize(
    "state", ["drafted", "listed", "half-signed", "handed-over", "disputed", "abandoned"]
)
@pytest.mark.parametrize("verb", sorted({verb for _, verb in TRANSITIONS}))
def test_what_is_not_in_the_table_is_refused(state, verb):
    handover = a_handover()
    handover.state = state
    if (state, verb) in TRANSITIONS:
        handover.move(verb, NOW, "c")
    else:
        with pytest.raises(HandoverNotNow):
            handover.move(verb, NOW, "c")
        assert handover.state == state and handover.history == []
