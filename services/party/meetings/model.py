"""Rules on meetings, votes and terms. Figures come with the rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from services.chassis.errors import Conflict, NotFound
from services.party.months import plus_months

MEETINGS = {
    ("convened", "hold"): "held",
    ("convened", "cancel"): "cancelled",
}


class UnknownBranch(NotFound):
    """There is no party organisation {branch}."""

    zh = "没有编号为“{branch}”的党组织。"


class UnknownMeeting(NotFound):
    """There is no meeting {meeting_id}."""

    zh = "没有该次会议。"


class UnknownElection(NotFound):
    """There is no election {election_id}."""

    zh = "没有该次选举。"


class MeetingClosed(Conflict):
    """A meeting that is {state} cannot be changed this way ({verb})."""

    zh = "会议处于“{state}”状态，不能执行该操作（{verb}）。"


class NotOfThisBranch(Conflict):
    """This member does not belong to the branch that meets."""

    zh = "该党员不属于召开会议的党支部。"


class MeetingToCome(Conflict):
    """The meeting begins at {at}; its minutes are filed afterwards."""

    zh = "会议将于{at}召开，会后方可归档记录。"


class OnlyGeneralVotes(Conflict):
    """Only a general meeting of the branch votes."""

    zh = "只有支部党员大会可以表决。"


class MoreVotesThanVoters(Conflict):
    """{votes} votes were counted and {present} who may vote signed in; probationary members have no vote."""

    zh = "计票{votes}张，到会有表决权的党员{present}名；预备党员没有表决权。"


class QuorumMissed(Conflict):
    """{present} of {entitled} entitled members are present; an election needs {needed}."""

    zh = "应到会有选举权的党员{entitled}名，实到{present}名，选举须到会{needed}名以上。"


class ElectionRunning(Conflict):
    """An election of this branch is running already."""

    zh = "该党支部已有选举正在进行。"


class ElectionClosed(Conflict):
    """This election is {state}."""

    zh = "该次选举已处于“{state}”状态。"


class TooManySeats(Conflict):
    """A branch committee has {least} to {most} seats; without a committee a branch elects one secretary and one deputy at most."""

    zh = "支部委员会设{least}至{most}名委员；不设委员会的支部只选书记一名、副书记至多一名。"


class DelayTooLong(Conflict):
    """The term ends on {ends}; it may be delayed until {latest}, and once."""

    zh = "任期于{ends}届满，最多延至{latest}，且只能延期一次。"


class CandidateTwice(Conflict):
    """Each candidate is a formal member of the branch and stands once."""

    zh = "候选人须为本支部正式党员，且不得重复。"


class BallotsWrong(Conflict):
    """{cast} ballots by {present} voters for {seats} seats cannot give these votes."""

    zh = "到会选举人{present}名、收回选票{cast}张、应选{seats}名，得票数不符。"


@dataclass
class Meeting:
    id: str
    branch: str
    kind: str
    title: str
    at: datetime
    state: str
    convened_by: str
    convened_at: datetime
    venue: str | None = None
    minutes: str | None = None
    held_at: datetime | None = None

    def move(self, verb: str) -> None:
        try:
            self.state = MEETINGS[self.state, verb]
        except KeyError:
            raise MeetingClosed(state=self.state, verb=verb) from None

    def expect(self, verb: str, *states: str) -> None:
        if self.state not in states:
            raise MeetingClosed(state=self.state, verb=verb)


@dataclass(frozen=True)
class Turnout:
    """Who may vote in the branch and who of them is there: formal members only."""

    entitled: int
    present: int

    def check_votes(self, votes: int) -> None:
        if votes > self.present:
            raise MoreVotesThanVoters(votes=votes, present=self.present)

    def adopts(self, votes_for: int, voting: Mapping[str, Any]) -> bool:
        return votes_for > self.entitled * Fraction(voting["resolution_majority"])

    def check_quorum(self, voting: Mapping[str, Any]) -> None:
        needed = -(-self.entitled * Fraction(voting["election_quorum"]) // 1)
        if not self.entitled or self.present < self.entitled * Fraction(voting["election_quorum"]):
            raise QuorumMissed(present=self.present, entitled=self.entitled, needed=abs(int(needed)))


def elect(
    turnout: Turnout, seats: int, cast: int, votes: Mapping[str, int], voting: Mapping[str, Any]
) -> list[str]:
    """Who is elected, most votes first: more than half of those present, and no more than there are seats.

    A tie over the last seats elects nobody of those tied: the branch votes again on them.
    """
    turnout.check_quorum(voting)
    if (
        cast > turnout.present
        or sum(votes.values()) > cast * seats
        or any(count > cast for count in votes.values())
    ):
        raise BallotsWrong(cast=cast, present=turnout.present, seats=seats)
    needed = turnout.present * Fraction(voting["elected_majority"])
    reached = sorted((one for one in votes if votes[one] > needed), key=lambda one: (-votes[one], one))
    if len(reached) > seats:
        limit = votes[reached[seats]]
        reached = [one for one in reached[:seats] if votes[one] > limit]
    return reached


# -- cadence -------------------------------------------------------------------------------------------

MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    begins: date
    ends: date  # the first day after it


def periods(every: str, since: date, today: date) -> list[Period]:
    """Calendar periods that began in the twelve months before `today` and not before the branch was founded; the last is running."""
    length = MONTHS[every]
    running = date(today.year, (today.month - 1) // length * length + 1, 1)
    found = []
    begins = running
    while plus_months(begins, 12) > running or begins == running:
        if begins < since and begins != running:
            break  # a period in which the branch was founded is not asked of it
        found.append(Period(begins, plus_months(begins, length)))
        begins = plus_months(begins, -length)
    if every == "year" and plus_months(running, -12) >= since:
        found.append(Period(plus_months(running, -12), running))
    return found[::-1]


def cadence(kind: Mapping[str, Any], since: date, today: date, held: Iterable[date]) -> dict[str, Any]:
    """Held, missed and due periods of one kind of meeting."""
    days = list(held)
    all_of = periods(kind["every"], since, today)
    met = [any(one.begins <= day < one.ends for day in days) for one in all_of]
    missed = [one for one, done in zip(all_of, met, strict=True) if not done and one.ends <= today]
    return {
        "kind": kind["kind"], "zh": kind["zh"], "en": kind["en"], "every": kind["every"],
        "asked": len(all_of), "held": sum(met), "missed": [one.begins for one in missed],
        "last": max(days, default=None), "due": None if met[-1] else all_of[-1].ends,
        "overdue": len(all_of) > 1 and not met[-2] and not met[-1],
    }  # fmt: skip


def asked_kinds(rule: Mapping[str, Any], formal: int, groups: bool) -> list[Mapping[str, Any]]:
    """Kinds of meeting this branch owes: a committee from so many members, groups where there are any."""
    return [
        kind
        for kind in rule["kinds"]
        if formal >= kind.get("committee", 0) and (groups or not kind.get("groups"))
    ]


# -- terms ---------------------------------------------------------------------------------------------

COMMUNITY = ("community-committee", "grid-branch", "building-group")


def term_years(level: str, rule: Mapping[str, Any]) -> int:
    """Five years in villages and communities, three elsewhere."""
    return int(rule["terms"]["community" if level in COMMUNITY else "other"])


def check_seats(seats: int, formal: int, rule: Mapping[str, Any]) -> None:
    """From seven members on a committee of three to seven; below, a secretary and a deputy at most."""
    committee = rule["committee"]
    least, most = (committee["least"], committee["most"]) if formal >= committee["from_members"] else (1, 2)
    if not least <= seats <= most:
        raise TooManySeats(least=committee["least"], most=committee["most"])


@dataclass
class Term:
    branch: str
    began_on: date
    ends_on: date
    delayed_until: date | None = None
    approval: str | None = None

    @property
    def over(self) -> date:
        return self.delayed_until or self.ends_on

    def delay(self, until: date, approval: str, rule: Mapping[str, Any]) -> None:
        latest = plus_months(self.ends_on, rule["terms"]["delay_at_most"])
        if self.delayed_until or not self.ends_on < until <= latest:
            raise DelayTooLong(ends=self.ends_on.isoformat(), latest=latest.isoformat())
        self.delayed_until, self.approval = until, approval


@dataclass
class Election:
    id: str
    branch: str
    seats: int
    on: date
    state: str
    called_by: str
    called_at: datetime
    meeting: str | None = None
    entitled: int | None = None
    present: int | None = None
    cast: int | None = None
    votes: Mapping[str, int] | None = None
    elected: list[str] | None = None
