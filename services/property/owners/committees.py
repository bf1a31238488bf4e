"""The owners' committee: who sits, its clocks, and whether its members pay like everybody else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from services.chassis import calendar
from services.chassis.database import Work
from services.chassis.errors import Conflict, Invalid
from services.chassis.identifiers import new_id
from services.contracts import citizens
from services.contracts import owners as words
from services.property.owners import model, rules
from services.property.owners import repository as rows
from services.property.owners.scopes import place_of, require


class NotElected(Conflict):
    """The vote {vote} did not elect this committee: it is {outcome}."""

    zh = "表决“{vote}”的结果是“{outcome}”，未选举产生业主委员会。"


class CommitteeSits(Conflict):
    """The estate has a committee already, until {until}; change its seats, or elect anew when its term ends."""

    zh = "该小区已有业主委员会，任期至 {until}，请变更委员或届满换届。"


class NotFiledYet(Conflict):
    """The filing comes before its acceptance."""

    zh = "请先登记备案日期，再登记街道办结。"


def elect_committee(work: Work, command: Any) -> dict[str, Any]:
    place = place_of(work, command.estate, words.ElectCommittee)
    figures = rules.figures(place, command.elected_on)
    today = calendar.local_day(work.now)
    if command.elected_on > today:
        raise Invalid.fields({"elected_on": ("选举日期不能晚于今天。", "Not after today.")})
    model.check_term(command.elected_on, command.term_until, figures)
    _check_vote(work, command)
    sitting = work.store.find_row(rows.committees, estate=command.estate, state="sitting")
    if sitting is not None and sitting.term_until > command.elected_on:
        raise CommitteeSits(until=sitting.term_until.isoformat())
    committee = new_id()
    seats = _seats(work, command.estate, committee, command.seats, figures, command.elected_on)
    if sitting is not None:
        work.store.change_row(rows.committees, {"committee": sitting.committee}, state="ended")
    wanted = figures["committee"]
    work.store.add_row(
        rows.committees, committee=committee, estate=command.estate, place=place, state="sitting",
        elected_on=command.elected_on, term_until=command.term_until, vote=command.vote, seats=seats,
        file_by=command.elected_on + timedelta(days=wanted["file_days"]),
        meet_by=model.months_after(command.elected_on, wanted["meets_every_months"]),
    )  # fmt: skip
    _say_roster(work, committee, command.estate, place, seats, command.term_until)
    return {"committee": committee, "seats": len(seats)}


def change_seats(work: Work, command: Any) -> dict[str, Any]:
    found = _committee(work, command.committee, words.ChangeSeats)
    day = calendar.local_day(work.now)
    sitting = {seat["mark"] for seat in found.seats}
    figures = rules.figures(found.place, day)
    seats = _seats(work, found.estate, found.committee, command.seats, figures, day, sitting)
    work.store.change_row(rows.committees, {"committee": found.committee}, seats=seats)
    _say_roster(work, found.committee, found.estate, found.place, seats, found.term_until)
    return {"committee": found.committee, "seats": len(seats)}


def note_filing(work: Work, command: Any) -> dict[str, Any]:
    """Filed within 30 days of the election; the street accepts in 5 working days (matter 18)."""
    found = _committee(work, command.committee, words.NoteFiling)
    if command.step == "accepted" and found.filed_on is None:
        raise NotFiledYet()
    if command.step == "accepted":
        work.store.change_row(rows.committees, {"committee": found.committee}, accepted_on=command.on)
    else:
        days = rules.figures(found.place, command.on)["committee"]["accept_wd"]
        accept_by = calendar.of(found.place).due(rows.noon(command.on), calendar.Promise.parse(f"{days}wd"))
        work.store.change_row(
            rows.committees, {"committee": found.committee}, filed_on=command.on, accept_by=accept_by,
            case_no=command.case_no,
        )  # fmt: skip
    return {"committee": found.committee, "step": command.step, "on": command.on}


def hold_committee_meeting(work: Work, command: Any) -> dict[str, Any]:
    found = _committee(work, command.committee, words.HoldCommitteeMeeting)
    if not found.elected_on <= command.on <= calendar.local_day(work.now):
        raise Invalid.fields({"on": ("应在当选之后、今天以前。", "After the election and not after today.")})
    if command.present * 2 <= len(found.seats):
        said = ("过半数委员出席方为有效。", "More than half of the members must be present.")
        raise Invalid.fields({"present": said})
    held = {"committee": found.committee, "held_on": command.on}
    if work.store.find_row(rows.meetings, **held) is None:
        work.store.add_row(
            rows.meetings,
            **held,
            present=command.present,
            minutes=command.minutes,
            noted_by=work.caller.account,
        )
    months = rules.figures(found.place, command.on)["committee"]["meets_every_months"]
    meet_by = max(found.meet_by, model.months_after(command.on, months))
    work.store.change_row(rows.committees, {"committee": found.committee}, meet_by=meet_by)
    return {"committee": found.committee, "meet_by": meet_by}


def publish_payments(work: Work) -> None:
    """A timer: at the half-year's beginning it is published whether each member pays. Who owes is a flag, no amount."""
    half = model.half_of(calendar.local_day(work.now))
    day = calendar.local_day(work.now)
    for found in work.store.unpublished_committees(half, 50):
        lines = []
        for seat in found.seats:
            homes = work.store.homes_owned(found.estate, seat["owner_id"], day)
            owes = work.store.owes({seat["household"], *homes})
            lines.append({"seat": seat["seat"], "post": seat["post"], "name": seat["name"], "paid": not owes})
            if owes:
                work.say(
                    words.CommitteeMemberInArrears, subject=found.committee, committee=found.committee,
                    estate=found.estate, place=found.place, seat=seat["seat"], mark=seat["mark"], half=half,
                    at=work.now,
                )  # fmt: skip
        work.store.add_row(
            rows.publicity, committee=found.committee, half=half, published_at=work.now, lines=lines
        )
        work.store.change_row(rows.committees, {"committee": found.committee}, published=half)


def _check_vote(work: Work, command: Any) -> None:
    if command.vote is None:
        return
    vote = work.store.find_row(rows.votes, lock=False, vote=command.vote)
    if vote is None:
        raise model.UnknownVote(vote=command.vote)
    if (vote.subject, vote.outcome) != ("elect-committee", "passed"):
        raise NotElected(vote=vote.vote, outcome=vote.outcome or "open")


def _seats(
    work: Work, estate: str, committee: str, told: Any, figures: Any, day: Any, sitting: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Owners of this estate; whoever is new owes no fees (one who sits already is published, not turned out by this).
    The ID number becomes a mark and is kept nowhere."""
    rights = {right.household: right for right in work.store.rights_of(estate, day)}
    model.check_roster(told, len(rights), figures)
    faults: dict[str, tuple[str, str]] = {}
    seats: list[dict[str, Any]] = []
    for no, one in enumerate(told):
        at = f"seats.{no}"
        right = rights.get(one["household"])
        owner = one["owner_id"] or (min(right.owners) if right and len(right.owners) == 1 else None)
        if not citizens.check_id_number(one["id_number"].strip().upper()):
            faults[f"{at}.id_number"] = ("身份证号不正确。", "Not a valid ID number.")
            continue
        mark = words.person_mark(one["id_number"], committee)
        if right is None or (owner is not None and owner not in right.owners):
            faults[f"{at}.household"] = ("委员应为本小区业主。", "A member owns a home in this estate.")
        elif owner is None:
            said = ("该房屋有多名业主，请指明哪一位。", "Several own this home; say which of them.")
            faults[f"{at}.owner_id"] = said
        elif mark in {seat["mark"] for seat in seats}:
            faults[f"{at}.id_number"] = ("同一人出现多次。", "The same person twice.")
        elif (
            mark not in sitting
            and not figures["committee"]["debtor_may_stand"]
            and work.store.owes({one["household"], *work.store.homes_owned(estate, owner, day)})
        ):
            faults[f"{at}.household"] = (
                "欠缴物业费，暂不具备资格。",
                "Owes property fees and may not stand.",
            )
        else:
            seats.append(
                {
                    "seat": no + 1,
                    "household": one["household"],
                    "owner_id": owner,
                    "name": one["name"],
                    "post": one["post"],
                    "chair": one["chair"],
                    "mark": mark,
                }
            )
    if faults:
        raise Invalid.fields(faults)
    return seats


def _committee(work: Work, committee: str, contract: Any) -> Any:
    found = work.store.find_row(rows.committees, committee=committee)
    if found is None:
        raise model.UnknownCommittee(committee=committee)
    require(work.caller, found.place, contract)
    return found


def _say_roster(
    work: Work, committee: str, estate: str, place: str, seats: list[dict[str, Any]], until: Any
) -> None:
    work.say(
        words.CommitteeRosterChanged, subject=committee, committee=committee, estate=estate, place=place,
        seats=[{name: seat[name] for name in ("seat", "post", "chair", "mark")} for seat in seats],
        term_until=until, at=work.now,
    )  # fmt: skip
