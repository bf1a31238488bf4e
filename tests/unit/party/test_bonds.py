"""Joint branches, the committee's share and what a talk's record may hold."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from services.chassis.errors import Invalid
from services.party import figures
from services.party.bonds.model import NotJoint, Talk, TalkFiled, check_joint, share, span_of

RULE = figures.rule("bonds", date(2026, 1, 1), "110105001001")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sizes", "right"),
    [
        ([2, 1], True), ([1, 1, 1, 1, 1], True), ([1, 1, 1, 1, 1, 1], False), ([2], False), ([3, 1], False),
        ([1, 1], False), ([2, 2, 2, 2, 2], True),
    ],
)  # fmt: skip
def test_a_joint_branch_has_five_units_at_most_each_below_three_and_three_together(sizes, right):
    units = [SimpleNamespace(code=str(number)) for number in range(len(sizes))]
    formal = {unit.code: size for unit, size in zip(units, sizes, strict=True)}
    if right:
        check_joint(units, formal, [])
    else:
        with pytest.raises(NotJoint):
            check_joint(units, formal, [])


def test_a_unit_with_a_branch_joins_no_other():
    with pytest.raises(NotJoint):
        check_joint([SimpleNamespace(code="a"), SimpleNamespace(code="b")], {"a": 2, "b": 2}, ["a"])


@pytest.mark.parametrize(
    ("members", "seats", "enough"),
    [(3, 10, True), (2, 10, False), (2, 7, False), (3, 7, True), (0, 0, False)],
)
def test_three_tenths_of_an_owners_committee_are_members(members, seats, enough):
    assert share(members, seats, True, RULE)["enough"] is enough


def talk():
    return Talk("t", "a", "m", "b", "110105001001001", "fee-arrears", "asked", NOW, date(2026, 1, 16))


@pytest.mark.parametrize(
    "result", ["已缴清1200元", "欠 ¥ 300", "owes 12.50 yuan", "还欠三百块", "１２００ 元"]
)
def test_an_amount_is_refused_in_the_record_of_a_talk(result):
    with pytest.raises(Invalid):
        talk().file(date(2026, 1, 5), result, "li", NOW)


def test_a_talk_is_filed_once():
    one = talk()
    one.file(date(2026, 1, 5), "已谈话，承诺本月缴清", "li", NOW)
    with pytest.raises(TalkFiled):
        one.file(date(2026, 1, 5), "再谈", "li", NOW)


def test_halves_and_years():
    assert span_of("2026-H1") == (date(2026, 1, 1), date(2026, 7, 1))
    assert span_of("2026-H2") == (date(2026, 7, 1), date(2027, 1, 1))
    assert span_of("2026") == (date(2026, 1, 1), date(2027, 1, 1))
