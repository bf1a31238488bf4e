"""When two reports are taken to tell of the same thing, and whose a complaint is: the figures of data/intake."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis import clock
from services.contracts.units import UNITS
from services.frontdesk.intake import likeness, routing, rules
from services.frontdesk.intake.likeness import Report, alike, match, pairs, without_persons
from services.frontdesk.intake.model import ALPHABET, UnknownDraft, new_draft_name, read_draft_name, written

NOW: datetime = clock.parse("2026-11-23T02:00:00Z")
GRID = "110105001001001"
RULE = rules.similar(GRID, NOW)
SAME = [
    ("3号楼2单元电梯坏了，已经停了两天", "2单元的电梯停了，不能用"),
    ("楼道灯不亮", "三楼楼道的灯坏了不亮"),
    ("小区门口垃圾没人清运，味道很大", "垃圾堆在小区门口好几天没清运"),
    ("楼上装修噪音太大，影响休息", "装修噪音，中午也不停，影响老人休息"),
    ("三天了，楼道的灯一直不亮", "楼道灯不亮已经三天了"),
    ("地下车库漏水", "车库顶部一直在漏水，地下都是水"),
    ("燃气味道很大", "楼道里有很浓的燃气味"),
    ("电梯困人", "3号楼电梯里有人被困了"),
    ("楼上漏水", "卫生间顶上一直滴水，是楼上漏下来的"),
]
OTHER = [
    ("3号楼2单元电梯坏了，已经停了两天", "小区门口垃圾没人清运，味道很大"),
    ("楼道灯不亮", "停水了，什么时候来水"),
    ("楼上装修噪音太大，影响休息", "楼上漏水，把我家天花板泡了"),
    ("楼道灯不亮", "水费太贵"),
    ("电梯坏了", "物业不开发票"),
    ("狗叫扰民", "狗没有拴绳"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_thing_in_other_words_is_alike(one, other):
    assert alike(pairs(one), pairs(other)) >= RULE.text_at_least


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_thing_is_not(one, other):
    assert alike(pairs(one), pairs(other)) < RULE.text_at_least


@given(st.text(max_size=400), st.text(max_size=400))
def test_likeness_is_a_share_and_whole_with_itself(one, other):
    first, second = pairs(one), pairs(other)
    assert 0 <= alike(first, second) <= 100
    assert alike(first, first) == (100 if first else 0)


def test_width_case_and_punctuation_do_not_count():
    assert pairs("ＡＢ，楼道！灯") == pairs("ab楼道灯")


def report(minutes=0, door="3-502", words="楼道灯不亮", topic="other"):
    return Report(f"{GRID}-{door}", NOW - timedelta(minutes=minutes), words, topic)


def test_the_score_is_text_place_and_time_by_their_weights():
    window = timedelta(hours=72)
    assert match(RULE, window, report(), report()).score == 60 + 25 + 15
    assert match(RULE, window, report(), report(door="4-101")).score == 60 + 10 + 15
    assert match(RULE, window, report(), report(minutes=36 * 60)).score == round(60 + 25 + 7.5)
    assert match(RULE, window, report(), report(topic="property")) is None


def test_the_beginning_of_a_text_names_no_number():
    told = without_persons("我叫张某，电话13500000000，身份证11010519800101001X，" + "灯" * 100)
    assert "13500000000" not in told and "11010519800101001X" not in told and len(told) == 60


def test_every_duty_is_a_known_units_and_every_row_of_the_data_is_read():
    duties = rules.duties("", NOW)
    assert {unit for duty in duties.categories for unit in (duty.lead, *duty.co)} <= UNITS.keys()
    assert len({duty.category for duty in duties.categories}) == len(duties.categories)
    assert {rule.then for rule in rules.bursts(GRID, NOW)} == {"incident", "topic"}
    assert all(rule.broadcast for rule in rules.bursts(GRID, NOW) if rule.then == "incident")


def test_a_look_back_is_never_in_working_days():
    with pytest.raises(ValueError, match="how far to look back"):
        rules.span(rules.Promise.parse("3wd"))


def test_the_past_counts_so_much_and_no_more():
    duties = rules.duties("", NOW)
    past = [routing.PastCase(f"n{number}", "housing", "墙皮脱落") for number in range(9)]
    [only] = routing.suggest(duties, "墙皮脱落", None, past)
    assert (only["unit"], only["score"]) == ("housing", duties.weights["past_at_most"])
    assert routing.suggest(duties, "墙皮脱落", None, past, not_to=["housing"]) == []


def test_the_most_particular_row_has_the_last_word(monkeypatch, tmp_path):
    general = (rules.DATA / "whistle.yaml").read_text()
    (tmp_path / "whistle.yaml").write_text(
        general
        + '- { place: "110105", from: 2025-01-01, report_within: 1wh, when_late: 1wd }\n'
        + '- { place: "110105", from: 2027-01-01, report_within: 30min, when_late: 1wd }\n'
    )
    monkeypatch.setattr(rules, "DATA", tmp_path)
    rules._read.cache_clear()
    try:
        assert str(rules.whistle("310101", NOW).report_within) == "2wh"
        assert str(rules.whistle(GRID, NOW).report_within) == "1wh"
        assert str(rules.whistle(GRID, clock.parse("2027-01-01T00:00:00Z")).report_within) == "30min"
    finally:
        rules._read.cache_clear()


# -- the slip of a draft -------------------------------------------------------------------------------


def test_a_slip_is_read_as_it_is_typed():
    code, secret = new_draft_name()
    assert set(code + secret) <= set(ALPHABET) and len(secret) == 18
    assert read_draft_name(f" {written(code, secret).lower()} ") == (code, secret)
    with pytest.raises(UnknownDraft):
        read_draft_name(code)


def test_what_is_told_of_a_building():
    assert likeness.building_of(f"{GRID}-3-502") == f"{GRID}-3"
    assert likeness.building_of(GRID) is None
