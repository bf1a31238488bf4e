"""Scores by published formulas: each item is its list, and the log alone gives the same again (assessment by replay)."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from services.chassis.errors import Forbidden, Invalid
from services.chassis.identifiers import Caller
from services.insight import views
from services.insight.areas import OutsideYourArea
from services.insight.scores import handlers
from services.insight.scores import views as scores
from services.insight.scores.model import NotInThisState, NotPublicAnyMore, UnknownEvaluation
from tests.integration.insight.told import PLACE, face, lane, line, look, tell

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
H, D = timedelta(hours=1), timedelta(days=1)
COMMUNITY, OTHER = PLACE[:12], "110105002001001"
CHIEF = Caller("chief", "staff", None, ({"role": "supervisor", "scope": "110105001"},))
STRANGER = Caller("stranger", "staff", None, ({"role": "supervisor", "scope": "110106"},))
OFFICER = Caller("officer", "staff", "party", ({"role": "officer", "scope": COMMUNITY},))


@pytest.fixture
def year(ledger):
    """Five tasks: in time, late by a second, exactly on the hour, never done, and another area's."""
    began = NOW - 10 * D
    for number, (unit, finished, place) in enumerate(
        [("party", 3 * D - timedelta(seconds=1), PLACE), ("party", 3 * D + timedelta(seconds=1), PLACE),
         ("meters", 3 * D, PLACE), ("meters", None, PLACE), ("party", D, OTHER)]
    ):  # fmt: skip
        no = f"20260302-00000{number}{number}"
        made = [lane(no, unit, began, "done" if finished else "signed", signed=H, finished=finished)]
        ended = {"status": "closed", "closed": finished} if finished else {}
        one = line(no, 1, began, face(began, made, place=place, **ended), "signed")
        one.lines[0] |= {"task_id": made[0]["task_id"], "unit": unit, "actor": f"{unit}-1"}
        tell(ledger, one)
        if finished:
            tell(ledger, line(no, 2, NOW, face(began, made, place=place, **ended), "rated", stars=5 - number))
    with ledger.work() as work:
        for at, data in (
            (NOW, {"on_time": True}),
            (NOW, {"on_time": False}),
            (NOW - 400 * D, {"on_time": False}),
        ):
            work.store.add_fact({"id": f"{at}{data}", "name": "RepairFinished", "speaker": "property", "subject": "x",
                                 "at": at, "data": {"place": PLACE, **data}})  # fmt: skip
        work.store.add_fact({"id": "m", "name": "MemberReceived", "speaker": "party", "subject": "x",
                             "at": NOW, "data": {"place": PLACE, "branch": "b-1"}})  # fmt: skip
    return ledger


def ask(ledger, of="unit", place=COMMUNITY, caller=None):
    found = look(ledger, scores.get_scores, NOW, caller, of=of, place=place, period="year", on=None)
    return {one["key"]: one for one in found["items"]}


def test_late_is_not_done_and_on_the_minute_is(year):
    """S11.3, boundary: finished at the due time is in time, a second later it is not."""
    rates = {
        key: next(i for i in one["items"] if i["item"] == "timeliness") for key, one in ask(year).items()
    }
    assert {key: (one["numerator"], one["denominator"]) for key, one in rates.items()} == {
        "party": (1, 2),
        "meters": (1, 2),
    }


def test_each_item_is_its_list(year):
    for key, one in ask(year).items():
        for item in one["items"]:
            behind = item["behind"]
            for part, name in behind.items():
                found = look(
                    year, views.list_behind, NOW, number=name, place=COMMUNITY, unit=key, period="year"
                )
                assert (key, name, found["count"]) == (
                    key,
                    name,
                    item["count"] if part == "number" else item[part],
                )


def test_a_company_is_assessed_by_its_places_and_a_branch_by_its_members(year):
    company = ask(year, "company")["company-1"]
    repairs = next(item for item in company["items"] if item["item"] == "RepairFinished")
    assert (repairs["numerator"], repairs["denominator"], company["grade"]) == (1, 2, company["grade"])
    facts = look(
        year, scores.list_facts, NOW, fact="RepairFinished", company="company-1", branch=None, period="year"
    )
    assert facts["count"] == 2  # last year's is not of this year
    assert ask(year, "branch")["b-1"]["score"] == "2.00"


@pytest.mark.parametrize("of", ["unit", "staff", "company", "branch"])
def test_the_log_alone_gives_the_same_scores(year, of):
    asked = SimpleNamespace(of=of, place=COMMUNITY, period="year", on=None)
    with year.work() as work:
        work.now = NOW
        found = handlers.recompute_scores(work, asked)
    assert found["equal"] and found["scores"] == found["from_log"] and found["scores"]
    if of == "branch":
        return
    with year.engine.begin() as connection:  # somebody tampers with what was made from the log
        connection.execute(
            text("UPDATE lanes SET finished_at = due_at + interval '1 day' WHERE finished_at IS NOT NULL")
        )
        connection.execute(text("TRUNCATE tallies, changes"))
    with year.work() as work:
        work.now = NOW
        assert handlers.recompute_scores(work, asked)["equal"] is False
    with year.engine.connect() as connection:  # and the tables it stood beside are as they were
        assert connection.execute(text("SELECT count(*) FROM cases")).scalar() == 5


def do(ledger, act, caller=CHIEF, now=NOW, **given):
    with ledger.work(caller) as work:
        work.now = now
        return act(work, SimpleNamespace(**given))


def test_an_evaluation_is_shown_objected_to_answered_and_published(year):
    """S5.3: nothing is published before its days on show are over and every objection is answered."""
    number = do(year, handlers.draft_evaluation, of="unit", place=COMMUNITY, year=2026)["evaluation"]
    with pytest.raises(NotInThisState):
        do(year, handlers.object_to_evaluation, OFFICER, evaluation=number, subject="party", reason="算错了")
    until = do(year, handlers.announce_evaluation, evaluation=number, days=7)["public_until"]
    assert until == NOW + 7 * D
    with pytest.raises(Invalid):
        do(year, handlers.object_to_evaluation, OFFICER, evaluation=number, subject="nobody", reason="算错了")
    objection = do(year, handlers.object_to_evaluation, OFFICER, now=until - timedelta(seconds=1),
                   evaluation=number, subject="party", reason="算错了")["objection"]  # fmt: skip
    with pytest.raises(NotPublicAnyMore):
        do(
            year,
            handlers.object_to_evaluation,
            OFFICER,
            now=until,
            evaluation=number,
            subject="party",
            reason="晚了",
        )

    def state(now):
        with year.work() as work:
            work.now = now
            handlers.publish_evaluations(work)
        return look(year, scores.list_evaluations, now, CHIEF)["items"][0]["state"]

    assert state(until) == "publicity"  # the objection waits
    do(year, handlers.answer_objection, objection=objection, answer="复核无误")
    with pytest.raises(NotInThisState):
        do(year, handlers.answer_objection, objection=objection, answer="再答")
    assert state(until - timedelta(seconds=1)) == "publicity"
    assert state(until) == "published"
    with pytest.raises(NotInThisState):
        do(year, handlers.withdraw_evaluation, evaluation=number)
    shown = look(year, scores.list_evaluations, NOW, OFFICER)["items"][0]
    assert shown["objections"][0]["answer"] == "复核无误" and {one["key"] for one in shown["scores"]} == {"party", "meters"}  # fmt: skip


def test_another_areas_evaluation_does_not_exist(year):
    number = do(year, handlers.draft_evaluation, of="unit", place=COMMUNITY, year=2026)["evaluation"]
    with pytest.raises(UnknownEvaluation):
        do(year, handlers.announce_evaluation, STRANGER, evaluation=number, days=7)
    assert look(year, scores.list_evaluations, NOW, STRANGER)["items"] == []
    assert look(year, scores.list_evaluations, NOW, OFFICER)["items"] == []  # a draft is its makers'
    with pytest.raises(OutsideYourArea):
        do(year, handlers.draft_evaluation, of="unit", place="110106001", year=2026)
    with pytest.raises(Forbidden):
        ask(year, caller=OFFICER)


def test_a_campaign_counts_its_matter_place_and_days(year):
    """S9.3: the first and the last day belong to it."""
    closed = (NOW - 10 * D + 3 * D).astimezone(UTC).date()
    plain = {
        "code": "clean-up",
        "zh": "清理行动",
        "en": "Clean-up",
        "place": COMMUNITY,
        "matter": "moving-in",
        "target": 2,
    }
    do(year, handlers.set_campaign, **plain, first_day=closed, last_day=closed)
    found = look(year, scores.list_campaigns, NOW)["items"][0]
    assert found["numbers"]["closed"] == 3 and found["numbers"]["closed_in_time"] == 2
    assert (found["reached"]["numerator"], found["reached"]["value"]) == (2, 1.0)
    do(year, handlers.set_campaign, **plain, first_day=closed + D, last_day=date(2026, 12, 31))
    assert look(year, scores.list_campaigns, NOW)["items"][0]["numbers"]["closed"] == 0
    with pytest.raises(Invalid):
        do(year, handlers.set_campaign, **plain, first_day=closed, last_day=closed - D)
    with pytest.raises(OutsideYourArea):
        do(
            year,
            handlers.set_campaign,
            STRANGER,
            **(plain | {"place": "110106001"}),
            first_day=closed,
            last_day=closed,
        )
