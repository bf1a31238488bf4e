"""The year behind the demonstration's branches: meetings, dues, people on their way, an election that runs.

What a person would have recorded is written as rows; what follows from it (charges, notices) is left to the timers'
own functions.
"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from services.chassis import calendar
from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import citizens
from services.party import figures
from services.party.demonstration import GIVEN, NOBODYS_AREA, SURNAMES, Roll
from services.party.desk import today
from services.party.development.model import REVIEW, Entry
from services.party.dues.handlers import charge_dues, watch_arrears
from services.party.dues.model import Basis, Line, balance
from services.party.meetings.model import Election, Meeting, Term, asked_kinds, periods
from services.party.model import Member, Organisation, Person
from services.party.months import plus_months

CLERK = "demonstration"
PAYS = ("2800", "3000", "4600", "7200", "9800", "12500")
CAME, LEAVE = 0.9, 0.95
UNPAID = {3: 4, 4: 7}
"""The third member of a branch is four months behind, the fourth seven: one notice of each kind."""


def live(work: Work, roll: Roll, seed: int) -> None:
    chance = random.Random(f"{seed} year")
    known = work.store.on_roll([member.id for member in roll.members])
    people = [member for member in roll.members if member.id in known]  # invented twice is entered once
    branches = [one for one in roll.organisations if one.level == "grid-branch"]
    for number, branch in enumerate(branches):
        members = [member for member in people if member.branch == branch.code]
        _meetings(work, branch, members, chance, skips=number == 1)
        _term(work, branch, number)
        _dues(work, members, number, chance)
    _development(work, branches[0], chance)
    charge_dues(work)
    _pay(work, people)
    watch_arrears(work)


def _meetings(
    work: Work, branch: Organisation, members: list[Member], chance: random.Random, skips: bool
) -> None:
    """One of each kind in each of its periods; a branch that `skips` had no theme day for three months."""
    now = today(work)
    since = branch.founded_at.astimezone(calendar.ZONE).date()
    rule = figures.rule("meetings", now, branch.place)
    for kind in asked_kinds(rule, len(members), groups=True):
        for period in periods(kind["every"], since, now):
            day = period.begins + timedelta(days=chance.randint(3, 20))
            if day >= now or (skips and kind["kind"] == "theme-day" and day > now - timedelta(days=90)):
                continue
            at = datetime(day.year, day.month, day.day, 15, tzinfo=calendar.ZONE)
            meeting = Meeting(
                id=new_id(), branch=branch.code, kind=kind["kind"], title=f"{day:%Y年%m月}{kind['zh']}", at=at,
                state="held", convened_by=CLERK, convened_at=at - timedelta(days=3), venue="党群服务中心",
                minutes="会议按议程进行，记录已归档。", held_at=at + timedelta(hours=2),
            )  # fmt: skip
            work.store.add_meeting(meeting)
            rows = []
            for member in members:
                luck = chance.random()
                state = "present" if luck < CAME else "leave" if luck < LEAVE else "absent"
                reason = "出差" if state == "leave" else None
                rows.append(
                    {"meeting": meeting.id, "member": member.id, "state": state, "reason": reason, "at": at}
                )
            work.store.add_attendance(rows)


def _term(work: Work, branch: Organisation, number: int) -> None:
    """The first branch's term ends within the month and its election is called; the second's is over."""
    now = today(work)
    ends = plus_months(now, 12 * number) + timedelta(days=20) if number != 1 else now - timedelta(days=40)
    work.store.set_term(Term(branch.code, plus_months(ends, -60), ends))
    if number == 0:
        election = Election(
            id=new_id(), branch=branch.code, seats=3, on=now + timedelta(days=14), state="called",
            called_by=CLERK, called_at=work.now - timedelta(days=7),
        )  # fmt: skip
        work.store.add_election(election)


def _dues(work: Work, members: list[Member], branch: int, chance: random.Random) -> None:
    since = plus_months(today(work).replace(day=1), -11)
    for number, member in enumerate(members):
        category = "retired" if number % 3 == 2 else "employed"
        pay = Decimal(chance.choice(PAYS))
        if branch == 0 and number in UNPAID:
            since_when = plus_months(today(work).replace(day=1), -UNPAID[number])
        else:
            since_when = since
        work.store.add_basis(Basis(member.id, since_when, category, pay, None, work.now, CLERK))


def _pay(work: Work, people: list[Member]) -> None:
    """Everybody has paid, but those of the first branch who are behind."""
    behind = {member.id for number, member in enumerate(people) if number in UNPAID}
    ids = [member.id for member in people]
    lines = work.store.lines_of(ids)
    work.store.add_lines(
        [
            Line(new_id(), member, "payment", -owed, work.now, CLERK, reference=f"演示-{member[-8:]}")
            for member in ids
            if member not in behind and (owed := balance(lines[member])) > 0
        ]
    )


def _development(work: Work, branch: Organisation, chance: random.Random) -> None:
    """An applicant whose talk is overdue, an activist, a candidate, and one on probation."""
    steps = [step["step"] for step in figures.rule("development", today(work), branch.place)["steps"]]
    stages = ("applicant", "activist", "candidate", "probationary")
    for number, (stage, last) in enumerate(
        zip(stages, ("application", "mentors", "introducers", "oath"), strict=True)
    ):
        days = steps[: steps.index(last) + 1]
        began = today(work) - timedelta(days=(45, 150, 520, 900)[number])
        born = f"{today(work).year - 30 - number}0615"
        first = f"{NOBODYS_AREA}{born}{chance.randrange(1000):03}"
        person = Person(
            chance.choice(SURNAMES) + chance.choice(GIVEN), first + citizens.id_check_digit(first)
        )
        member, made = work.store.member_for(person, stage, branch.place, work.now)
        if not made:
            continue
        member.branch = branch.code
        work.store.save_member(member)
        for step in days:
            work.store.add_step(_step(work, member, step, _day(began, step, days)))
        if len(days) > 5:
            for half in (6, 12):
                work.store.add_step(
                    _step(work, member, REVIEW, plus_months(_day(began, "activist", days), half))
                )


def _day(began: date, step: str, days: list[str]) -> date:
    """The first five steps within weeks, the year of education, and the rest a fortnight apart at most."""
    number = days.index(step)
    return began + timedelta(days=number * 7 + (370 if number > 4 else 0))


def _step(work: Work, member: Member, step: str, on: date) -> Entry:
    return Entry(
        id=new_id(), member=member.id, step=step, taken_on=on, evidence="材料已归档", figures={},
        noted_at=work.now, noted_by=CLERK,
    )  # fmt: skip
