"""Likeness, routing, joint handling, mediation, drafts, the diary and ledgers, on a real database."""

import csv
import io
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from services.chassis.errors import Problem
from services.contracts import frontdesk, intake
from services.frontdesk.handlers.drafts import expire_drafts
from tests.integration.frontdesk.conftest import (
    CLERK,
    PLACE,
    STRANGER,
    SUPERVISOR,
    TERMINAL,
    complaint,
    id_number,
    staff,
)


def refused(slug):
    return _Refused(slug)


class _Refused:
    def __init__(self, slug):
        self.slug = slug

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert isinstance(error, Problem), f"nothing was refused, {self.slug} was expected"
        assert error.slug == self.slug, error
        return True


def tell(desk, words, topic="other", door="3-502", grid=PLACE, **more):
    return desk.complain(topic=topic, form={"description": words, "address": f"{grid}-{door}"} | more)


# -- likeness ------------------------------------------------------------------------------------------


def test_the_same_building_minutes_ago_and_alike_is_suggested_with_its_reason(desk):
    first = tell(desk, "三楼楼道的灯坏了不亮，13500000000", door="3-302")
    desk.now += timedelta(minutes=12)
    other = tell(desk, "楼道灯不亮", door="3-502")
    [found] = desk.ask(intake.ListSimilar, case_no=other["case_no"])["items"]
    assert found["case_no"] == first["case_no"]
    assert found["reason"]["zh"].startswith("同一栋楼，相隔12分钟，内容")
    assert found["reason"]["en"] == f"same building, 12 minutes apart, {found['alike']} % alike"
    assert found["applicant"] == {"name": "张*"} and "13500000000" not in found["text"]


@pytest.mark.parametrize(
    "change", [{"topic": "property"}, {"grid": "110105001001002"}, {"words": "垃圾没人清运，味道很大"}]
)
def test_another_kind_place_or_story_is_not_the_same(desk, change):
    told = {"words": "楼道灯不亮", "topic": "other"}
    tell(desk, **(told | change))
    asked = {"matter": "complaint", "place": f"{PLACE}-3-502", "text": "楼道灯不亮了", "topic": "other"}
    assert desk.ask(intake.FindSimilar, **asked)["items"] == []


def test_the_window_of_a_complaint_is_thirty_days(desk):
    tell(desk, "楼道灯不亮")
    asked = {"matter": "complaint", "place": f"{PLACE}-3-101", "text": "楼道灯不亮", "topic": "other"}
    desk.now += timedelta(days=30) - timedelta(seconds=1)
    assert len(desk.ask(intake.FindSimilar, **asked)["items"]) == 1
    desk.now += timedelta(seconds=1)
    assert desk.ask(intake.FindSimilar, **asked)["items"] == []


def test_before_filing_a_terminal_learns_that_it_is_known_and_nothing_of_whom(desk):
    tell(desk, "楼道灯不亮")
    asked = {"matter": "complaint", "place": f"{PLACE}-3-101", "text": "楼道灯不亮", "topic": "other"}
    [found] = desk.ask(intake.FindSimilar, TERMINAL, **asked)["items"]
    assert not {"applicant", "text", "case_no"} & found.keys()
    with refused("not-yours"):
        desk.ask(intake.FindSimilar, STRANGER, **asked)
    assert len(desk.ask(intake.FindSimilar, TERMINAL, **asked | {"matter": "30"})["items"]) == 1
    with refused("unknown-matter"):
        desk.ask(intake.FindSimilar, TERMINAL, **asked | {"matter": "99"})


def test_a_case_of_a_wider_area_is_compared_within_it(desk):
    desk.complain(place=PLACE[:12], form={"description": "楼道灯不亮", "address": PLACE[:12]})
    asked = {"matter": "complaint", "place": f"{PLACE}-3-101", "text": "楼道灯不亮", "topic": "other"}
    [found] = desk.ask(intake.FindSimilar, **asked)["items"]
    assert found["reason"]["en"].startswith("same area")


# -- followers of a person's merging -------------------------------------------------------------------


def test_followers_are_answered_rated_and_called_back_each(desk):
    lead, follower = desk.complain(), desk.complain()
    desk.order(frontdesk.MergeCase, case_no=follower["case_no"], into=lead["case_no"])
    desk.order(frontdesk.AnswerCase, case_no=lead["case_no"], answer="已修复")
    desk.tick(days=5)
    assert {"answered-with", "rating-invited", "callback-due"} <= set(desk.kinds(follower["case_no"]))
    rated = desk.order(
        frontdesk.RateCase, case_no=follower["case_no"], token=follower["tracking_token"], stars=4
    )
    assert rated["rating"] == 4
    answers = {"reached": True, "resolved": True, "satisfied": True}
    desk.order(frontdesk.RecordCallback, case_no=follower["case_no"], **answers)
    assert desk.case(follower["case_no"])["status"] == "merged"


# -- routing -------------------------------------------------------------------------------------------


def routes(desk, words, topic=None):
    return desk.ask(intake.SuggestRouting, text=words, place=PLACE, topic=topic)["suggestions"]


def test_the_directory_of_duties_says_whose_and_why(desk):
    best, *_ = routes(desk, "楼上半夜噪音扰民，打架", "order")
    assert (best["unit"], best["co_units"]) == ("police", ["community"])
    assert best["reasons"]["zh"] == ["治安扰民：含“噪音”“扰民”“打架”", "申请人选择了“治安扰民”"]
    assert best["score"] == 3 * 20 + 40


def test_a_longer_word_that_holds_a_shorter_counts_once(desk):
    [best] = routes(desk, "楼道灯不亮")
    assert best["score"] == 20


def test_similar_cases_that_were_settled_speak_for_their_unit(desk):
    before = routes(desk, "楼道灯不亮已经三天")[0]["score"]
    done = tell(desk, "楼道灯不亮", topic="property")
    for task in done["tasks"]:
        desk.finish(task["task_id"])
    best = routes(desk, "楼道灯不亮已经三天")[0]
    assert (best["unit"], best["score"]) == ("property", before + 10)
    assert done["case_no"] in best["reasons"]["zh"][-1]


def test_a_case_that_is_given_back_shows_who_else_it_may_be_and_not_who_gave_it_back(desk):
    receipt = tell(desk, "物业保安打架扰民", topic="property")
    assert desk.case(receipt["case_no"])["routing"] is None, "in good hands"
    desk.give_back(f"{receipt['case_no']}.property")
    units = [one["unit"] for one in desk.case(receipt["case_no"])["routing"]["suggestions"]]
    assert units == ["police"]
    assert "routing" not in desk.case(receipt["case_no"], staff("officer", department="property"))


# -- whistle -------------------------------------------------------------------------------------------


def whistle(desk, no, units, caller=CLERK, **more):
    return desk.order(intake.BlowWhistle, caller, case_no=no, units=units, reason="占用消防通道", **more)


def test_flow_13_the_first_to_sign_leads_and_the_late_child_is_named(desk):
    no = desk.complain()["case_no"]
    due = desk.case(no)["due_at"]
    face = whistle(desk, no, ["fire", "police", "property"])
    children = [lane for lane in face["lanes"] if lane["joint"]]
    assert {lane["unit"] for lane in children} == {"fire", "police", "property"}
    assert {lane["due_at"] for lane in children} == {due}, "the parent stays due when the law says"
    assert not any(lane["lead"] for lane in children)
    desk.sign(f"{no}.police")
    desk.sign(f"{no}.fire")
    [summons] = desk.case(no)["whistles"]
    assert summons["lead"] == "police"
    assert [lane["unit"] for lane in desk.case(no)["lanes"] if lane["lead"] and lane["joint"]] == ["police"]
    desk.finish(f"{no}.police")
    desk.finish(f"{no}.community")
    assert desk.case(no)["status"] == "handling"
    desk.now = due
    assert desk.case(no)["whistles"][0]["late"] == []
    desk.now = due + timedelta(seconds=1)
    assert sorted(desk.case(no)["whistles"][0]["late"]) == ["fire", "property"]
    desk.finish(f"{no}.fire")
    desk.finish(f"{no}.property")
    assert desk.case(no)["status"] == "closed"


def test_a_named_lead_leads_whoever_signs_first(desk):
    no = desk.complain()["case_no"]
    whistle(desk, no, ["fire", "police"], lead="fire")
    desk.sign(f"{no}.police")
    assert desk.case(no)["whistles"][0]["lead"] == "fire"
    assert "lead-taken" not in desk.kinds(no)


def test_whom_a_whistle_cannot_call(desk):
    no = desk.complain()["case_no"]
    with refused("already-summoned"):
        whistle(desk, no, ["community"])
    with refused("lead-not-summoned"):
        whistle(desk, no, ["fire"], lead="police")
    with refused("unknown-case"):
        whistle(desk, no, ["fire"], STRANGER)
    desk.order(frontdesk.AnswerCase, case_no=no, answer="好")
    with refused("case-not-open-to-this"):
        whistle(desk, no, ["fire"])


def test_a_whistle_on_a_case_that_is_late_already_gives_one_working_day(desk):
    no = desk.complain()["case_no"]
    desk.now += timedelta(days=30)
    face = whistle(desk, no, ["fire"])
    lane = next(lane for lane in face["lanes"] if lane["unit"] == "fire")
    assert lane["due_at"] > desk.now and lane["due_at"] - desk.now < timedelta(days=4)


def test_who_takes_over_a_whistled_part_is_waited_for_too(desk):
    no = desk.complain()["case_no"]
    whistle(desk, no, ["fire"])
    desk.give_back(f"{no}.fire")
    desk.order(
        frontdesk.DecideReturn, task_id=f"{no}.fire", decision="upheld", unit="market", reason="归市场监管"
    )
    desk.finish(f"{no}.community")
    assert desk.case(no)["status"] == "handling"
    desk.finish(f"{no}.market")
    assert desk.case(no)["status"] == "closed"


# -- consultation --------------------------------------------------------------------------------------


def consult(desk, no, units):
    asked = {"case_no": no, "units": units, "question": "谁负责清理？"}
    return desk.order(intake.OpenConsultation, **asked)["consultation_id"]


def rule(desk, consultation_id, lead, co=(), caller=CLERK):
    return desk.order(
        intake.RuleConsultation, caller, consultation_id=consultation_id, minutes="各方陈述", ruling="由其牵头",
        lead=lead, co_units=list(co),
    )  # fmt: skip


def test_a_ruling_ends_the_ping_pong_and_summons_the_co_units(desk):
    no = desk.complain(topic="property")["case_no"]
    desk.give_back(f"{no}.property")
    consultation = consult(desk, no, ["property", "fire", "grid"])
    assert desk.case(no)["status"] == "dispatched", "the clock runs on"
    face = rule(desk, consultation, "fire", ["grid"])
    lanes = {lane["unit"]: lane for lane in face["lanes"]}
    assert lanes["property"]["status"] == "returned"
    assert lanes["fire"]["status"] == "assigned" and lanes["fire"]["lead"]
    assert lanes["grid"]["joint"] == 1
    [kept] = desk.ask(intake.ListConsultations, case_no=no)["items"]
    assert (kept["minutes"], kept["lead"], kept["co_units"]) == ("各方陈述", "fire", ["grid"])
    assert desk.ask(intake.ListConsultations, open=True)["items"] == []
    for unit in ("fire", "grid", "community"):
        desk.finish(f"{no}.{unit}")
    assert desk.case(no)["status"] == "closed"


def test_the_unit_that_gave_it_back_may_be_ruled_to_lead_and_cannot_return_again(desk):
    no = desk.complain(topic="property")["case_no"]
    desk.give_back(f"{no}.property")
    face = rule(desk, consult(desk, no, ["property", "fire"]), "property", ["fire"])
    lanes = {lane["unit"]: lane for lane in face["lanes"]}
    assert lanes["property"]["status"] == "assigned" and lanes["property"]["lead"]
    assert desk.said("TaskReturnDecided")[-1][2]["decision"] == "designated"
    assert face["whistles"][0]["lead"] == "property"
    desk.sign(f"{no}.fire")
    assert desk.case(no)["whistles"][0]["lead"] == "property"


def test_a_ruling_is_made_once_among_those_who_were_there(desk):
    no = desk.complain()["case_no"]
    consultation = consult(desk, no, ["property", "fire"])
    with refused("not-consulted"):
        rule(desk, consultation, "police")
    with refused("unknown-consultation"):
        rule(desk, consultation, "fire", caller=STRANGER)
    rule(desk, consultation, "fire")
    with refused("already-ruled"):
        rule(desk, consultation, "property")


# -- flow 20 -------------------------------------------------------------------------------------------


def dispute(desk):
    applicant = {"name": "张某", "id_number": id_number(1), "phone": "13500000000"}
    form = {
        "kind": "neighbours", "address": f"{PLACE}-3-502", "description": "楼上漏水不赔", "other_party": "李某",
        "wish": "赔偿", "consent": True,
    }  # fmt: skip
    return desk.order(
        frontdesk.FileCase, matter="mediation", channel="window", applicant=applicant, form=form
    )


def test_flow_20_neighbours_are_due_the_same_day_until_the_close(desk):
    closes = desk.now.replace(hour=9, minute=0)  # seventeen o'clock in Beijing
    lane = dispute(desk)["tasks"][0]
    assert lane["due_at"].date() == desk.now.date() and lane["due_at"] >= closes
    close = lane["due_at"]
    desk.now = close - timedelta(seconds=1)
    assert dispute(desk)["tasks"][0]["due_at"] == close
    desk.now = close
    assert dispute(desk)["tasks"][0]["due_at"] == close + timedelta(days=1)


def agreed(desk):
    no = dispute(desk)["case_no"]
    desk.finish(f"{no}.mediation", "agreed", agreement="三日内修复并赔偿")
    return no


def reminders(desk, no):
    return desk.kinds(no).count("court-confirmation-due")


def test_flow_20_the_reminder_of_the_courts_confirmation_fires_once_after_25_of_30_days(desk):
    no = agreed(desk)
    assert desk.case(no)["status"] == "closed"
    desk.tick(days=24, hours=23, minutes=59)
    assert reminders(desk, no) == 0
    desk.tick(minutes=1)
    desk.tick(seconds=2)
    desk.tick(days=3)
    assert reminders(desk, no) == 1
    desk.tick(days=30)
    assert desk.case(no)["status"] == "archived" and reminders(desk, no) == 1


def test_flow_20_no_agreement_no_reminder_and_none_after_the_confirmation(desk):
    failed = dispute(desk)["case_no"]
    desk.finish(f"{failed}.mediation", "not-agreed")
    confirmed = agreed(desk)
    with refused("no-agreement"):
        confirm(desk, failed, date(2026, 11, 24))
    confirm(desk, confirmed, date(2026, 11, 24))
    with refused("already-confirmed"):
        confirm(desk, confirmed, date(2026, 11, 24))
    desk.tick(days=26)
    assert reminders(desk, failed) == reminders(desk, confirmed) == 0


def confirm(desk, no, on):
    return desk.order(intake.RecordConfirmation, case_no=no, confirmed_on=on.isoformat(), reference="民特1号")


@pytest.mark.parametrize(("on", "fine"), [(date(2026, 11, 22), False), (date(2026, 11, 23), True), (date(2026, 12, 23), True), (date(2026, 12, 24), False)])  # fmt: skip
def test_flow_20_the_court_confirms_within_thirty_days_of_the_agreement(desk, on, fine):
    no = agreed(desk)
    if fine:
        confirm(desk, no, on)
        assert desk.kinds(no)[-1] == "court-confirmed"
    else:
        with refused("too-late-to-confirm"):
            confirm(desk, no, on)


# -- drafts --------------------------------------------------------------------------------------------


def save(desk, draft=None, caller=TERMINAL, **form):
    applicant = {"name": "张某", "id_number": id_number(1)}
    given = {"matter": "complaint", "applicant": applicant, "form": form, "draft": draft}
    return desk.order(intake.SaveDraft, caller, **given)


def resume(desk, draft):
    return desk.ask(intake.ResumeDraft, TERMINAL, draft=draft)


def test_a_draft_opens_with_its_secret_and_nobody_else_can_read_it(desk):
    saved = save(desk, description="楼道灯不亮")
    kept = resume(desk, saved["draft"].lower().replace("-", " "))
    assert kept["applicant"]["name"] == "张某" and kept["form"] == {"description": "楼道灯不亮"}
    wrong = saved["draft"][:-1] + ("2" if saved["draft"][-1] != "2" else "3")
    for draft in (wrong, "no such thing", ""):
        with refused("unknown-draft"):
            resume(desk, draft)
    with desk.engine.connect() as connection:
        rows = connection.execute(text("SELECT code, body FROM drafts")).all()
    assert "张某".encode() not in rows[0].body and id_number(1).encode() not in rows[0].body
    assert saved["draft"].replace("-", "")[6:] not in rows[0].code


def test_saved_again_it_keeps_its_name_and_only_its_holder_may(desk):
    first = save(desk, description="一")
    again = save(desk, first["draft"], description="二")
    assert again["draft"] == first["draft"]
    assert resume(desk, first["draft"])["form"] == {"description": "二"}
    with refused("unknown-draft"):
        save(desk, first["draft"][:6] + "-" + "2" * 18, description="三")
    with refused("draft-too-large"):
        save(desk, description="长" * 30_000)


def test_filing_deletes_the_draft(desk):
    draft = save(desk)["draft"]
    desk.order(frontdesk.FileCase, **complaint(), draft=draft)
    with refused("unknown-draft"):
        resume(desk, draft)
    desk.order(frontdesk.FileCase, **complaint(), draft=draft)  # one that is gone stops nobody


def test_a_draft_lives_seven_days(desk):
    draft = save(desk)["draft"]
    desk.now += timedelta(days=7) - timedelta(seconds=1)
    desk.look(expire_drafts)
    assert resume(desk, draft)
    desk.now += timedelta(seconds=1)
    with refused("unknown-draft"):
        resume(desk, draft)
    desk.look(expire_drafts)
    with desk.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM drafts")).scalar_one() == 0


# -- diary and ledgers ---------------------------------------------------------------------------------


def write(desk, caller=CLERK, **entry):
    given = {"place": PLACE, "kind": "visit", "persons": 2, "text": "走访独居老人，灯坏了"} | entry
    return desk.order(intake.WriteDiary, caller, **given)


def test_an_entry_of_the_diary_becomes_a_case_once(desk):
    entry = write(desk, follow_up="请物业修灯")
    [shown] = desk.ask(intake.ListDiary, pending=True)["items"]
    assert shown["entry_id"] == entry["entry_id"] and shown["persons"] == 2
    made = desk.order(intake.OpenCaseFromDiary, entry_id=entry["entry_id"], unit="property")
    assert {lane["unit"] for lane in made["lanes"]} == {"community", "property"}
    assert desk.ask(intake.ListDiary, pending=True)["items"] == []
    with refused("entry-has-its-case"):
        desk.order(intake.OpenCaseFromDiary, entry_id=entry["entry_id"])


def test_the_diary_is_of_the_past_and_of_ones_own_area(desk):
    with refused("not-here-yet"):
        write(desk, happened_at=(desk.now + timedelta(seconds=1)).isoformat())
    with refused("not-yours"):
        write(desk, STRANGER)
    entry = write(desk, happened_at=desk.now.isoformat())
    assert desk.ask(intake.ListDiary, STRANGER)["items"] == []
    with refused("unknown-entry"):
        desk.order(intake.OpenCaseFromDiary, STRANGER, entry_id=entry["entry_id"])


def test_ledgers_gather_by_themselves_and_are_seen_within_the_area(desk):
    no = agreed(desk)
    lines = desk.ask(intake.ReadLedger, ledger="mediation")["items"]
    assert [(line["case_no"], line["kind"]) for line in lines] == [
        (no, "filed"), (no, "finished"), (no, "closed"),
    ]  # fmt: skip
    assert lines[0]["name"] == "张*"
    write(desk)
    write(desk, kind="patrol")
    assert [line["kind"] for line in desk.ask(intake.ReadLedger, ledger="visits")["items"]] == ["visit"]
    assert [line["kind"] for line in desk.ask(intake.ReadLedger, ledger="safety")["items"]] == ["patrol"]
    assert desk.ask(intake.ReadLedger, STRANGER, ledger="mediation")["items"] == []
    with refused("unknown-ledger"):
        desk.ask(intake.ReadLedger, ledger="none")
    assert {one["ledger"] for one in desk.ask(intake.ListLedgers)["items"]} >= {"petition", "seals"}


def test_a_ledger_goes_out_as_csv_page_by_page_and_no_cell_is_a_formula(desk):
    for number in range(5):
        write(desk, text=f"=HYPERLINK({number})，电话13500000000")
    rows, cursor = [], None
    while True:
        page = desk.ask(intake.ExportLedger, SUPERVISOR, ledger="visits", limit=2, cursor=cursor)
        rows += list(csv.reader(io.StringIO(page["csv"].removeprefix("\ufeff"))))
        cursor = page["next"]
        if cursor is None:
            break
    assert rows[0][0] == "序号 No." and len(rows) == 1 + 5
    assert all(row[-1].startswith("'=HYPERLINK(") and "13500000000" not in row[-1] for row in rows[1:])
