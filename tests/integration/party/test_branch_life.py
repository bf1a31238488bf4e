"""A branch's year on the real database: development, meetings, elections, dues, bonds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from services.chassis import calendar
from services.chassis.errors import Invalid
from services.contracts import bonds, branches, development, dues, owners, party, property, volunteers
from services.party import tables
from services.party.bonds.model import (
    NobodyReported,
    NoInstructor,
    NotJoint,
    PeriodRuns,
    PostHeld,
    TalkFiled,
    UnknownTalk,
)
from services.party.desk import NotYourRoll
from services.party.development.model import ResolutionMissing, StepOutOfOrder, StepsDecide
from services.party.dues.handlers import charge_dues, watch_arrears
from services.party.dues.model import PaidTwice, PaysNoDues
from services.party.meetings.model import (
    ElectionRunning,
    MeetingClosed,
    MeetingToCome,
    MoreVotesThanVoters,
    NotOfThisBranch,
    QuorumMissed,
)
from services.party.months import plus_months
from tests.offices import case_number, community, credit_code, id_number, officer, volunteer_number

DAY = timedelta(days=1)


def today():
    return datetime.now(calendar.ZONE).date()


@pytest.fixture
def branch(place):
    return f"{place}001"


def join(office, branch, number=1, stage="formal"):
    """Members of a grid branch, by transfer; probationary ones by hand."""
    made = []
    for _ in range(number):
        member = office(
            party.ReceiveMember, name="王建国", id_number=id_number(), place=branch, origin="外地"
        )
        made.append(member["members"][0]["member_id"])
    if stage != "formal":
        with office.ledger.work() as work:
            for one in made:
                member = work.store.member(one)
                member.stage = stage
                work.store.save_member(member)
    return made


def meet(office, branch, came=(), kind="general", at=None, held=True):
    at = at or datetime.now(UTC) - timedelta(hours=1)
    meeting = office(branches.ConveneMeeting, branch=branch, kind=kind, topic="会议", at=at.isoformat())
    meeting = meeting["meeting_id"]
    for member in came:
        office(branches.SignIn, meeting_id=meeting, member_id=member)
    if held:
        office(branches.HoldMeeting, meeting_id=meeting, minutes="记录")
    return meeting


def resolve(office, branch, came, about):
    meeting = meet(office, branch, came, held=False)
    vote = office(branches.PutToVote, meeting_id=meeting, topic="决议", votes_for=len(came), about=about)
    assert vote["adopted"]
    return vote["resolution_id"]


# -- meetings ------------------------------------------------------------------------------------------


def test_probationary_members_have_no_vote_and_a_resolution_needs_more_than_half_of_all(office, branch):
    formal, (new,) = join(office, branch, 4), join(office, branch, 1, "probationary")
    meeting = meet(office, branch, [*formal[:3], new], held=False)
    with pytest.raises(MoreVotesThanVoters):
        office(branches.PutToVote, meeting_id=meeting, topic="甲", votes_for=4)
    half = office(branches.PutToVote, meeting_id=meeting, topic="乙", votes_for=2, votes_against=1)
    assert (half["adopted"], half["entitled"], half["present"]) == (False, 4, 3)
    assert office(branches.PutToVote, meeting_id=meeting, topic="丙", votes_for=3)["adopted"]


def test_attendance_leave_and_absence_are_told_apart(office, branch, place):
    came, left, absent = join(office, branch, 3)
    meeting = meet(office, branch, [came], held=False)
    office(branches.TakeLeave, meeting_id=meeting, member_id=left, reason="出差")
    assert office(branches.HoldMeeting, meeting_id=meeting, minutes="记录")["absent"] == 1
    face = office(branches.GetBranchMeeting, officer("party", place), meeting_id=meeting)
    states = {row["member_id"]: row["state"] for row in face["attendance"]}
    assert states == {came: "present", left: "leave", absent: "absent"}
    assert {row["name"] for row in face["attendance"]} == {"王**"}
    with pytest.raises(MeetingClosed):
        office(branches.SignIn, meeting_id=meeting, member_id=absent)


def test_strangers_do_not_sign_in_and_minutes_wait_for_the_meeting(office, branch, place):
    (stranger,) = join(office, f"{place}002")
    meeting = meet(office, branch, at=datetime.now(UTC) + DAY, held=False)
    with pytest.raises(NotOfThisBranch):
        office(branches.SignIn, meeting_id=meeting, member_id=stranger)
    with pytest.raises(MeetingToCome):
        office(branches.HoldMeeting, meeting_id=meeting, minutes="记录")


def test_a_missed_month_is_shown_and_a_meeting_takes_it_away(office, branch, place):
    founded = datetime.now(UTC) - timedelta(days=400)
    with office.ledger.work() as work:
        work.connection.execute(
            tables.organisations.update()
            .where(tables.organisations.c.code == branch)
            .values(founded_at=founded)
        )
    (found,) = office(branches.ListCadence, branch=branch)["items"]
    theme = next(kind for kind in found["kinds"] if kind["kind"] == "theme-day")
    assert theme["overdue"] and len(theme["missed"]) == 11 and found["overdue"]
    assert "committee" not in {kind["kind"] for kind in found["kinds"]}
    meet(office, branch, kind="theme-day")
    (found,) = office(branches.ListCadence, branch=branch)["items"]
    assert not next(kind for kind in found["kinds"] if kind["kind"] == "theme-day")["overdue"]


def test_an_election_needs_four_fifths_and_begins_a_term_of_five_years(office, branch):
    members = join(office, branch, 10)
    election = office(branches.CallElection, branch=branch, seats=3, on=today().isoformat())["election_id"]
    with pytest.raises(ElectionRunning):
        office(branches.CallElection, branch=branch, seats=3, on=today().isoformat())
    ballots = [{"member_id": member, "votes": 7} for member in members[:3]]
    seven = meet(office, branch, members[:7])
    with pytest.raises(QuorumMissed):
        office(
            branches.RecordElection, election_id=election, meeting_id=seven, ballots_cast=7, ballots=ballots
        )
    eight = meet(office, branch, members[:8])
    done = office(
        branches.RecordElection, election_id=election, meeting_id=eight, ballots_cast=8, ballots=ballots
    )
    assert done["state"] == "held" and set(done["elected"]) == set(members[:3])
    assert done["term_ends_on"] == plus_months(today(), 60)
    latest = plus_months(done["term_ends_on"], 12)
    delayed = office(branches.DelayElection, branch=branch, until=latest.isoformat(), approval="批复1号")
    assert delayed["delayed_until"] == latest
    (row,) = office(branches.ListElections, branch=branch)["items"]
    assert (row["entitled"], row["present"], row["cast"]) == (10, 8, 8)


# -- development ---------------------------------------------------------------------------------------


def test_from_application_to_formal_member_with_every_step_and_its_evidence(office, branch, place):
    voters = join(office, branch, 3)
    applied = today() - timedelta(days=1200)
    member = office(
        development.OpenDevelopment, branch=branch, name="李晓东", id_number=id_number(),
        applied_on=applied.isoformat(),
    )["member_id"]  # fmt: skip
    figures = {"mentors": {"mentors": 1}, "introducers": {"introducers": 2}}
    figures["training"] = {"days": 3, "hours": 24}

    def step(name, after, **more):
        return office(
            development.RecordStep, member_id=member, step=name, evidence="材料",
            taken_on=(applied + timedelta(days=after)).isoformat(), figures=figures.get(name, {}), **more,
        )  # fmt: skip

    with pytest.raises(StepOutOfOrder):
        step("activist", 20)
    with pytest.raises(StepsDecide):
        office(party.AdvanceMember, member_id=member, stage="activist")
    step("talk", 20)
    assert step("activist", 60)["stage"] == "activist"
    step("activist-filed", 61), step("mentors", 62)
    for after in (240, 420):
        day = (applied + timedelta(days=after)).isoformat()
        office(development.RecordReview, member_id=member, reviewed_on=day, evidence="考察表")
    step("cultivation", 430)
    assert step("candidate", 440)["stage"] == "candidate"
    for name in ("candidate-filed", "introducers", "political-review", "training", "committee-review"):
        step(name, 450)
    step("pre-review", 460), step("form", 461)
    with pytest.raises(ResolutionMissing):
        step("branch-vote", 470)
    with pytest.raises(ResolutionMissing):
        step("branch-vote", 470, resolution_id=resolve(office, branch, voters, voters[0]))
    step("branch-vote", 470, resolution_id=resolve(office, branch, voters, member))
    step("upper-talk", 480)
    assert step("approval", 500)["stage"] == "probationary"
    for name in ("approval-filed", "placed", "oath", "observation", "full-request"):
        step(name, 520)
    face = office(development.GetDevelopment, officer("party", place), member_id=member)
    assert face["next_step"] == "full-vote" and face["name"] == "李**"
    step("full-vote", 850, resolution_id=resolve(office, branch, voters, member))
    assert step("full-approval", 860)["stage"] == "formal"
    step("archived", 870)
    face = office(development.GetDevelopment, member_id=member)
    assert [one["state"] for one in face["steps"]] == ["taken"] * 25
    assert all(one["evidence"] for one in face["steps"])


def test_who_is_behind_a_clock_is_on_the_list(office, branch, place):
    fresh, late = (
        office(
            development.OpenDevelopment, branch=branch, name="李晓东", id_number=id_number(),
            applied_on=(today() - timedelta(days=ago)).isoformat(),
        )["member_id"]
        for ago in (5, 40)
    )  # fmt: skip
    clerk = officer("party", place)
    rows = office(development.ListDevelopment, clerk, branch=branch)["items"]
    assert {row["member_id"] for row in rows} == {fresh, late}
    (row,) = office(development.ListDevelopment, clerk, branch=branch, overdue=True)["items"]
    assert (row["member_id"], row["next_step"]) == (late, "talk")
    assert office(development.ListDevelopment, officer("property", place), branch=branch)["items"] == []


def test_a_step_is_taken_once_when_two_enter_it(office, branch):
    member = office(
        development.OpenDevelopment, branch=branch, name="李晓东", id_number=id_number(),
        applied_on=today().isoformat(),
    )["member_id"]  # fmt: skip

    def talk(_):
        try:
            return office(
                development.RecordStep,
                member_id=member,
                step="talk",
                taken_on=today().isoformat(),
                evidence="x",
            )
        except StepOutOfOrder:
            return None

    with ThreadPoolExecutor(6) as pool:
        assert len([one for one in pool.map(talk, range(6)) if one]) == 1


# -- dues ----------------------------------------------------------------------------------------------


def month(back):
    return f"{plus_months(today().replace(day=1), -back):%Y-%m}"


def test_dues_are_charged_once_a_month_however_many_replicas_try(office, branch):
    (member,) = join(office, branch)
    basis = office(
        dues.SetDuesBasis, member_id=member, category="employed", monthly_pay="3000.01", since=month(2)
    )
    assert basis["monthly"] == "30.00"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: office.tick(charge_dues), range(4)))
    account = office(dues.GetDuesAccount, member_id=member)
    assert account["balance"] == "90.00" and account["unpaid_months"] == 2
    assert [line["month"] for line in account["lines"]] == [month(2), month(1), month(0)]


def test_three_months_unpaid_tell_the_branch_once_and_paying_settles_it(office, branch, place):
    (member,) = join(office, branch)
    office(dues.SetDuesBasis, member_id=member, category="retired", monthly_pay="5000", since=month(3))
    office.tick(charge_dues)
    for _ in range(2):
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: office.tick(watch_arrears), range(3)))
    clerk = officer("party", place)
    (notice,) = office(dues.ListDuesNotices, clerk, branch=branch)["items"]
    assert notice["kind"] == "education" and notice["name"] == "王**"
    later = timedelta(days=100)
    office.tick(charge_dues, later)
    office.tick(watch_arrears, later)
    kinds = {row["kind"] for row in office(dues.ListDuesNotices, clerk, branch=branch)["items"]}
    assert kinds == {"education", "organisational"}
    owed = office(dues.GetDuesAccount, member_id=member)["balance"]
    paid = office(dues.PayDues, member_id=member, amount=owed, reference="R1")
    assert paid["balance"] == "0.00" and paid["open_months"] == 0
    assert office(dues.ListDuesNotices, clerk, branch=branch)["items"] == []
    with pytest.raises(PaidTwice):
        office(dues.PayDues, member_id=member, amount=owed, reference="R1")


def test_two_months_unpaid_tell_nobody(office, branch, place):
    (member,) = join(office, branch)
    office(dues.SetDuesBasis, member_id=member, category="student", since=month(2))
    office.tick(charge_dues), office.tick(watch_arrears)
    assert office(dues.ListDuesNotices, officer("party", place), branch=branch)["items"] == []


def test_a_waiver_takes_its_months_out_and_those_to_come_too(office, branch):
    (member,) = join(office, branch)
    office(dues.SetDuesBasis, member_id=member, category="employed", monthly_pay="3000", since=month(1))
    office.tick(charge_dues)
    next_month = f"{plus_months(today(), 1):%Y-%m}"
    waived = office(
        dues.WaiveDues, member_id=member, since=month(1), until=next_month, percent=50, reason="大病"
    )
    assert waived["balance"] == "15.00"
    office.tick(charge_dues, timedelta(days=31))
    office.tick(charge_dues, timedelta(days=31))
    assert office(dues.GetDuesAccount, member_id=member)["balance"] == "22.50"


def test_applicants_pay_no_dues(office, branch):
    member = office(
        development.OpenDevelopment, branch=branch, name="李晓东", id_number=id_number(),
        applied_on=today().isoformat(),
    )["member_id"]  # fmt: skip
    with pytest.raises(PaysNoDues):
        office(dues.SetDuesBasis, member_id=member, category="student", since=month(0))


# -- units, posts, committees --------------------------------------------------------------------------


def unit(office, place, size):
    code = credit_code()
    office(party.RegisterUnit, code=code, name_zh="公司", place=f"{place}001")
    for _ in range(size):
        office(party.EnrolMember, unit=code, name="王建国", id_number=id_number())
    return code


def joint(office, place, *units):
    return office(bonds.FoundJointBranch, units=list(units), place=f"{place}001", name_zh="联合支部")


def duties(office, unit, state="open"):
    return {row["kind"]: row for row in office(party.ListDuties, unit=unit, state=state)["items"]}


def test_small_units_share_a_branch_and_the_third_member_asks_for_one_of_its_own(office, place):
    one, two = unit(office, place, 2), unit(office, place, 1)
    founded = joint(office, place, one, two)
    assert founded["members"] == 3
    assert duties(office, one) == {} and duties(office, one, "met").keys() == {"instructor"}
    with pytest.raises(NotJoint):
        joint(office, place, one, unit(office, place, 2))
    third = office(party.EnrolMember, unit=one, name="王建国", id_number=id_number())
    assert third["duties"] == ["branch"]
    rows = office(party.ListMembers, unit=one)["items"]
    assert {row["branch"] for row in rows} == {founded["branch"]}
    office(party.MeetDuty, duty_id=duties(office, one)["branch"]["duty_id"], note="成立")
    assert founded["branch"] not in {row["branch"] for row in office(party.ListMembers, unit=one)["items"]}
    drive = office(bonds.GetDrive, officer("party", place), place=place)["stages"]
    assert {name: stage["count"] for name, stage in drive.items()} == {
        "surveyed": 3, "established": 2, "assigned": 0, "standard": 2
    }  # fmt: skip


def test_three_units_and_two_members_make_no_joint_branch(office, place):
    with pytest.raises(NotJoint):
        joint(office, place, unit(office, place, 1), unit(office, place, 1))
    with pytest.raises(NotJoint):
        joint(office, place, unit(office, place, 3), unit(office, place, 1))


def test_an_instructor_is_from_outside_and_meets_the_duty(office, place, branch):
    small = unit(office, place, 1)
    duty = duties(office, small)["instructor"]["duty_id"]
    own = office(party.ListMembers, unit=small)["items"][0]["member_id"]
    with pytest.raises(NoInstructor):
        office(bonds.AssignInstructor, duty_id=duty, member_id=own)
    (guide,) = join(office, branch)
    assert office(bonds.AssignInstructor, duty_id=duty, member_id=guide)["state"] == "met"


def test_a_post_is_entered_once_and_ends(office, branch, place):
    (member,) = join(office, branch)
    post = {
        "member_id": member,
        "kind": "cross-post",
        "body": "物业公司",
        "post": "监督员",
        "since": "2026-01-01",
    }
    held = office(bonds.RecordPost, **post)["post_id"]
    with pytest.raises(PostHeld):
        office(bonds.RecordPost, **post)
    office(bonds.EndPost, post_id=held, ended_on="2026-06-01")
    with pytest.raises(PostHeld):
        office(bonds.EndPost, post_id=held, ended_on="2026-06-02")
    clerk = officer("party", place)
    assert office(bonds.ListPosts, clerk)["items"] == []
    assert [row["post_id"] for row in office(bonds.ListPosts, clerk, ended=True)["items"]] == [held]


def roster(office, place, numbers, chair=0, committee=None, at=None):
    committee = committee or case_number()
    seats = [
        {"seat": seat, "post": "x", "chair": seat == chair, "mark": owners.person_mark(number, committee)}
        for seat, number in enumerate(numbers)
    ]
    office.hear(
        owners.CommitteeRosterChanged, committee=committee, estate="E", place=f"{place}001", seats=seats,
        term_until=date(2030, 1, 1), at=at or datetime.now(UTC),
    )  # fmt: skip
    return committee


def test_the_share_on_an_owners_committee_follows_every_roster_and_every_move(office, branch, place):
    ours = [id_number() for _ in range(3)]
    for number in ours:
        office(party.ReceiveMember, name="王建国", id_number=number, place=branch, origin="外地")
    others = [id_number() for _ in range(7)]
    committee = roster(office, place, [*ours, *others])
    clerk = officer("party", place)
    (face,) = office(bonds.ListCommittees, clerk)["items"]
    assert (face["share"], face["enough"], face["chair_is_member"]) == ("3/10", True, True)
    roster(office, place, [*others[:2], *ours[:1], *others[2:4]], committee=committee)
    (face,) = office(bonds.ListCommittees, clerk, short=True)["items"]
    assert (face["share"], face["enough"], face["chair_is_member"]) == ("1/5", False, False)
    roster(office, place, ours, committee=committee, at=datetime.now(UTC) - DAY)  # older: heard late
    assert office(bonds.ListCommittees, clerk)["items"][0]["share"] == "1/5"
    gone = next(
        row["member_id"]
        for row in office(party.ListMembers, clerk)["items"]
        if row["id_number"][-4:] == ours[0][-4:]
    )
    office(party.TransferMember, member_id=gone, destination="外地")
    assert office(bonds.ListCommittees, clerk)["items"][0]["share"] == "0/5"


# -- arrears talks -------------------------------------------------------------------------------------


def ask(office, household, place, **more):
    office.hear(
        property.ArrearsTalkAsked, talk=case_number(), household=household, place=f"{place}001",
        purpose="fee-arrears", at=datetime.now(UTC), **more,
    )  # fmt: skip


def test_a_members_household_in_arrears_is_a_talk_and_nobody_elses_is_nothing(office, branch, place):
    member, _ = join(office, branch, 2)
    office(bonds.KeepHousehold, member_id=member, household=f"H-{place}")
    ask(office, f"H-{place}-other", place)
    clerk = officer("party", place)
    assert office(bonds.ListTalks, clerk)["items"] == []
    ask(office, f"H-{place}", place)
    ask(office, f"H-{place}", place)  # reminded again while the talk is open
    (talk,) = office(bonds.ListTalks, clerk)["items"]
    assert (talk["member_id"], talk["name"], talk["due_on"]) == (member, "王**", today() + 15 * DAY)
    assert office(bonds.ListTalks, officer("property", place))["items"] == []
    with pytest.raises(UnknownTalk):
        office(bonds.GetTalk, officer("property", place), talk_id=talk["talk_id"])
    assert office(bonds.GetTalk, clerk, talk_id=talk["talk_id"])["name"] == "王建国"
    with pytest.raises(NotYourRoll):
        office(
            bonds.FileTalk, officer("property", place), talk_id=talk["talk_id"],
            held_on=today().isoformat(), result="已谈",
        )  # fmt: skip
    with pytest.raises(Invalid):
        office(bonds.FileTalk, talk_id=talk["talk_id"], held_on=today().isoformat(), result="欠800元")
    office(bonds.FileTalk, talk_id=talk["talk_id"], held_on=today().isoformat(), result="承诺缴清")
    with pytest.raises(TalkFiled):
        office(bonds.FileTalk, talk_id=talk["talk_id"], held_on=today().isoformat(), result="承诺缴清")


def test_an_amount_finds_no_way_to_the_branch(office, branch, place):
    """Property's event has no field for it, and what a later one added would be dropped by the reader."""
    assert not {"amount", "balance", "owed", "fee"} & set(property.ArrearsTalkAsked.schema().fields)
    (member,) = join(office, branch)
    office(bonds.KeepHousehold, member_id=member, household=f"H-{place}")
    told = {
        "talk": "T", "household": f"H-{place}", "place": branch, "purpose": "fee-arrears",
        "at": datetime.now(UTC).isoformat(), "amount": "987.65",
    }  # fmt: skip
    with office.ledger.work() as work:
        office.handlers.EVENTS[property.ArrearsTalkAsked](work, property.ArrearsTalkAsked.read(told))
    (row,) = office(bonds.ListTalks)["items"][-1:]
    seen = str(office(bonds.GetTalk, talk_id=row["talk_id"])) + str(row)
    assert row["member_id"] == member and "987" not in seen


def test_who_moved_in_by_a_case_is_found_by_its_household(office, branch, place):
    form = {
        "members": [{"name": "王建国", "id_number": id_number(), "is_party_member": True, "relation": "self"}]
    }
    case_no = office.assign("moving-in", branch, form).rpartition(".")[0]
    opened = {"household": f"H-{place}", "address": "x", "place": branch, "members": [], "case_no": case_no}
    office.hear(property.HouseholdFileOpened, **opened)
    office.hear(property.HouseholdFileOpened, **opened)
    ask(office, f"H-{place}", place)
    assert len(office(bonds.ListTalks, officer("party", place))["items"]) == 1


# -- reporting and assessment --------------------------------------------------------------------------


def test_an_appraisal_counts_confirmed_hours_of_its_half_year_only(office, branch, place):
    employer, number = f"单位{place}", volunteer_number()
    office(
        party.ReportMember,
        name="王建国",
        id_number=id_number(),
        place=branch,
        employer=employer,
        volunteer=number,
    )
    office(party.ReportMember, name="王建国", id_number=id_number(), place=branch, employer=employer)
    year = today().year
    inside = datetime(year, 6, 30, 23, 59, tzinfo=calendar.ZONE)
    for at, hours in ((inside, "2.5"), (inside + timedelta(minutes=1), "4")):
        office.hear(
            volunteers.HoursCredited, dispatch_id=case_number(), volunteer=number, hours=hours,
            case_no=case_number(), at=at,
        )  # fmt: skip
    asked = {"employer": employer, "place": place, "period": f"{year}-H1"}
    late = timedelta(days=400)
    with pytest.raises(PeriodRuns):
        office(bonds.IssueAppraisal, employer=employer, place=place, period=f"{year + 1}-H2")
    with pytest.raises(NobodyReported):
        office(bonds.IssueAppraisal, later=late, **{**asked, "period": f"{year - 1}"})
    with office.ledger.work() as work:  # both reported before the half-year was over
        work.connection.execute(
            tables.reports.update().where(tables.reports.c.employer == employer).values(at=inside - 9 * DAY)
        )
    made = office(bonds.IssueAppraisal, later=late, **asked)
    assert (made["reported"], made["hours"]) == (2, "2.50")
    assert office(bonds.IssueAppraisal, later=late, **asked)["appraisal_id"] == made["appraisal_id"]
    document = office(bonds.GetAppraisal, officer("party", place), appraisal_id=made["appraisal_id"])
    assert (document["reported"], document["served"], document["hours"]) == (2, 1, "2.50")
    assert {row["name"] for row in document["members"]} == {"王**"}


def test_every_point_of_a_branchs_year_can_be_traced(office, branch, place):
    here, away = join(office, branch, 2)
    meeting = meet(office, branch, [here])
    office(dues.SetDuesBasis, member_id=away, category="student", since=month(0))
    office.tick(charge_dues)
    face = office(bonds.AssessBranch, officer("party", place), branch=branch, year=today().year, later=DAY)
    items = {item["item"]: item for item in face["items"]}
    assert (items["attendance"]["done"], items["attendance"]["asked"]) == (1, 2)
    assert items["attendance"]["refs"] == [meeting] and items["attendance"]["reached"] == "10.00"
    assert items["dues"]["refs"][0]["member_id"] == away and items["dues"]["reached"] == "0.00"
    assert items["development"]["reached"] is None
    assert face["possible"] == sum(item["points"] for item in face["items"] if item["reached"] is not None)


def test_another_communitys_branch_does_not_exist_for_a_caller(office, branch):
    stranger = officer("party", community())
    with pytest.raises(NotYourRoll):
        office(
            branches.ConveneMeeting,
            stranger,
            branch=branch,
            kind="general",
            topic="x",
            at="2026-01-01T00:00:00Z",
        )
    assert office(branches.ListCadence, stranger, branch=branch)["items"] == []


def test_the_demonstration_has_a_year_behind_it(office):
    place = community()
    office(party.LoadDemonstration, seed=int(place), place=place)
    clerk = officer("party", place)
    rows = {row["branch"][-3:]: row for row in office(branches.ListCadence, clerk)["items"]}
    general = {code: row["kinds"][0]["held"] for code, row in rows.items()}
    assert all(held >= 3 for held in general.values())
    assert rows["002"]["overdue"] and rows["002"]["election_overdue"]
    assert len(office(branches.ListElections, clerk, state="called")["items"]) == 1
    assert {row["kind"] for row in office(dues.ListDuesNotices, clerk)["items"]} == {
        "education",
        "organisational",
    }
    way = office(development.ListDevelopment, clerk)["items"]
    assert {row["stage"] for row in way} == {"applicant", "activist", "candidate", "probationary"}
    assert [row["stage"] for row in way if row["overdue"]] == ["applicant"]
    face = office(bonds.AssessBranch, clerk, branch=f"{place}001", year=today().year)
    assert face["possible"] >= 60
