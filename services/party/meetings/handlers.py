"""What a branch does: meets, votes, elects."""

from __future__ import annotations

from typing import Any

from services.chassis import clock
from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import branches
from services.contracts.messages import Command
from services.party import figures, model
from services.party.desk import permit, today
from services.party.meetings.model import (
    CandidateTwice,
    DelayTooLong,
    Election,
    ElectionClosed,
    ElectionRunning,
    Meeting,
    MeetingToCome,
    NotOfThisBranch,
    OnlyGeneralVotes,
    Term,
    check_seats,
    elect,
    term_years,
)
from services.party.months import plus_months


def convene_meeting(work: Work, command: Any) -> dict[str, Any]:
    branch = _branch(work, command.branch)
    meeting = Meeting(
        id=new_id(), branch=branch.code, kind=command.kind, title=command.topic, at=command.at,
        state="convened", convened_by=work.caller.account, convened_at=work.now, venue=command.venue,
    )  # fmt: skip
    work.store.add_meeting(meeting)
    return {"meeting_id": meeting.id, "state": meeting.state}


def sign_in(work: Work, command: Any) -> dict[str, Any]:
    return _attend(work, command, "present", None)


def take_leave(work: Work, command: Any) -> dict[str, Any]:
    return _attend(work, command, "leave", command.reason)


def _attend(work: Work, command: Any, state: str, reason: str | None) -> dict[str, Any]:
    meeting = _meeting(work, command.meeting_id)
    meeting.expect(state, "convened")
    member = work.store.member(command.member_id)
    if member.branch != meeting.branch or member.left_at:
        raise NotOfThisBranch()
    work.store.attend(meeting.id, member.id, state, work.now, reason)
    return {"meeting_id": meeting.id, "member_id": member.id, "attendance": state}


def hold_meeting(work: Work, command: Any) -> dict[str, Any]:
    meeting = _meeting(work, command.meeting_id)
    meeting.move("hold")
    if meeting.at > work.now:
        raise MeetingToCome(at=clock.iso(meeting.at))
    meeting.minutes, meeting.held_at = command.minutes, work.now
    work.store.save_meeting(meeting)
    absent = work.store.note_absent(meeting, work.now)
    return {"meeting_id": meeting.id, "state": meeting.state, "absent": absent}


def cancel_meeting(work: Work, command: Any) -> dict[str, Any]:
    meeting = _meeting(work, command.meeting_id)
    meeting.move("cancel")
    meeting.minutes = command.reason
    work.store.save_meeting(meeting)
    return {"meeting_id": meeting.id, "state": meeting.state}


def put_to_vote(work: Work, command: Any) -> dict[str, Any]:
    meeting = _meeting(work, command.meeting_id)
    meeting.expect("vote", "convened")  # while those who signed in are there
    branch = work.store.branch(meeting.branch)
    if meeting.kind != "general":
        raise OnlyGeneralVotes()
    if command.about and work.store.member(command.about).branch != branch.code:
        raise NotOfThisBranch()
    turnout = work.store.turnout(meeting)
    turnout.check_votes(command.votes_for + command.votes_against + command.abstained)
    voting = figures.rule("meetings", today(work), branch.place)["voting"]
    row = {
        "id": new_id(), "meeting": meeting.id, "title": command.topic, "entitled": turnout.entitled,
        "present": turnout.present, "votes_for": command.votes_for, "votes_against": command.votes_against,
        "abstained": command.abstained, "adopted": turnout.adopts(command.votes_for, voting),
        "about": command.about, "at": work.now,
    }  # fmt: skip
    work.store.add_resolution(**row)
    return {
        "resolution_id": row["id"],
        "adopted": row["adopted"],
        "entitled": turnout.entitled,
        "present": turnout.present,
    }


# -- elections and terms -------------------------------------------------------------------------------


def call_election(work: Work, command: Any) -> dict[str, Any]:
    branch = _branch(work, command.branch)
    rule = figures.rule("meetings", today(work), branch.place)
    check_seats(command.seats, len(work.store.formal_of(branch.code)), rule)
    election = Election(
        id=new_id(), branch=branch.code, seats=command.seats, on=command.on, state="called",
        called_by=work.caller.account, called_at=work.now,
    )  # fmt: skip
    if not work.store.add_election(election):
        raise ElectionRunning()
    return {"election_id": election.id, "state": election.state}


def delay_election(work: Work, command: Any) -> dict[str, Any]:
    branch = _branch(work, command.branch)
    term = work.store.term(branch.code)
    if term is None:
        raise DelayTooLong(ends="-", latest="-")
    term.delay(command.until, command.approval, figures.rule("meetings", today(work), branch.place))
    work.store.set_term(term)
    return {"branch": branch.code, "ends_on": term.ends_on, "delayed_until": term.delayed_until}


def record_election(work: Work, command: Any) -> dict[str, Any]:
    election = work.store.election(command.election_id)
    branch = _branch(work, election.branch)
    meeting = work.store.meeting(command.meeting_id)
    if election.state != "called":
        raise ElectionClosed(state=election.state)
    if meeting.branch != branch.code:
        raise NotOfThisBranch()
    if meeting.kind != "general":
        raise OnlyGeneralVotes()
    meeting.expect("vote", "convened", "held")
    formal = work.store.formal_of(branch.code)
    votes = {ballot["member_id"]: ballot["votes"] for ballot in command.ballots}
    if len(votes) != len(command.ballots) or not votes.keys() <= formal:
        raise CandidateTwice()
    rule = figures.rule("meetings", today(work), branch.place)
    turnout = work.store.turnout(meeting)
    elected = elect(turnout, election.seats, command.ballots_cast, votes, rule["voting"])
    election.meeting, election.entitled, election.present = meeting.id, turnout.entitled, turnout.present
    election.cast, election.votes, election.elected = command.ballots_cast, votes, elected
    election.state = "held" if len(elected) == election.seats else "void"
    work.store.save_election(election)
    answer = {
        "election_id": election.id, "state": election.state, "elected": elected,
        "entitled": turnout.entitled, "present": turnout.present,
    }  # fmt: skip
    if election.state == "held":
        began = today(work)
        term = Term(branch.code, began, plus_months(began, 12 * term_years(branch.level, rule)))
        work.store.set_term(term)
        answer["term_ends_on"] = term.ends_on
    return answer


def _branch(work: Work, code: str) -> model.Organisation:
    branch = work.store.branch(code)
    permit(work, branch.place)
    return branch


def _meeting(work: Work, meeting_id: str) -> Meeting:
    meeting = work.store.meeting(meeting_id)
    _branch(work, meeting.branch)
    return meeting


COMMANDS: dict[type[Command], Any] = {
    branches.ConveneMeeting: convene_meeting,
    branches.SignIn: sign_in,
    branches.TakeLeave: take_leave,
    branches.HoldMeeting: hold_meeting,
    branches.CancelMeeting: cancel_meeting,
    branches.PutToVote: put_to_vote,
    branches.CallElection: call_election,
    branches.DelayElection: delay_election,
    branches.RecordElection: record_election,
}
