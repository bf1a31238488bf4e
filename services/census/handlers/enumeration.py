"""In a block: the list of households, visits, questionnaires, read back and confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.census import forms, model
from services.census.forms import Answers, Fault, Surroundings
from services.chassis.clock import iso
from services.chassis.database import Work
from services.chassis.errors import Invalid


@dataclass
class Household:
    """One household with what is known of its forms."""

    row: Any
    census: model.Census
    forms: dict[str, Any]
    short: Answers | None
    """As it was confirmed last, without names."""

    @property
    def id(self) -> str:
        return str(self.row.id)

    @property
    def deaths(self) -> int:
        told = (self.short or {}).get("household", {}).get("deaths", 0)
        return told if isinstance(told, int) else 0

    @property
    def due(self) -> list[str]:
        known = self.forms.get("short")
        once = bool(known and known.confirmed_once)
        return model.forms_due(self.census, self.row.block, self.row.serial, once, self.deaths)

    @property
    def around(self) -> Surroundings:
        return Surroundings(self.row.kind, self.census.reference_at, self.short, self.deaths)


def household_of(store: Any, household_id: str, caller: Any, lock: bool = True) -> Household:
    """In the caller's own block, or in the area he leads; of every other he is not told that it exists."""
    row = store.household(household_id, lock=lock)
    census = (
        (store.census_for_work if lock else lambda key: store.census(key, lock=False))(row.census_id)
        if row
        else None
    )
    if census is None or not model.works_in(caller, census.place, row.enumerator):
        raise model.UnknownHousehold()
    confirmed = store.confirmed_version(household_id, "short")
    return Household(row, census, store.forms_of(household_id), confirmed.answers if confirmed else None)


# -- the list and the visits -----------------------------------------------------------------------------


def add_households(work: Work, command: Any) -> dict[str, Any]:
    census = work.store.census_for_work(command.census_id)
    if census is None:
        raise model.UnknownCensus()
    block = work.store.block(census.id, command.block)
    if block is None or not model.works_in(work.caller, census.place, block.enumerator):
        raise model.UnknownBlock(block=command.block)
    census.must_be(*model.LISTING)
    standing = {row.building for row in work.store.buildings(census.id) if row.block == command.block}
    if strange := [place for place, one in enumerate(command.households) if one["building"] not in standing]:
        sentence = ("该楼栋不在本小区。", "This building is not of the block.")
        raise Invalid.fields({f"households.{place}.building": sentence for place in strange})
    made = work.store.add_households(census.id, command.block, command.households)
    if len(made) < len(command.households):
        fresh = {(row.building, row.door) for row in made}
        twice = [one for one in command.households if (one["building"], one["door"]) not in fresh]
        raise model.AlreadyListed(
            door="; ".join(f"{one['building']} {one['door']}" for one in (twice or command.households)[:5])
        )
    return {
        "census_id": census.id,
        "block": command.block,
        "households": [{"household_id": row.id, "serial": row.serial, "door": row.door} for row in made],
    }


def record_visit(work: Work, command: Any) -> dict[str, Any]:
    household = household_of(work.store, command.household_id, work.caller)
    _open(work, household.census)
    work.store.add_visit(
        household_id=household.id, at=work.now, by=work.caller.account, outcome=command.outcome, note=command.note
    )  # fmt: skip
    return _settle(work, household.id, last_visit=command.outcome, visits=household.row.visits + 1)


def _open(work: Work, census: model.Census) -> None:
    if work.now < census.reference_at:
        raise model.BeforeReferenceTime(reference_at=iso(census.reference_at))
    census.must_be(*model.OPEN)


def _settle(work: Work, household_id: str, **visit: Any) -> dict[str, Any]:
    """What a household's state is after this, and which forms it owes as far as that may be known."""
    household = household_of(work.store, household_id, work.caller)
    visits = visit.get("visits", household.row.visits)
    last = visit.get("last_visit", household.row.last_visit)
    known = {form: row.state for form, row in household.forms.items()}
    until_absent = household.census.figures.visits_until_absent
    state = model.state_of(last, visits, until_absent, known, household.due)
    work.store.save_household(household.id, state=state, **visit)
    return {"household_id": household.id, "state": state, "visits": visits, "forms_due": household.due}


# -- questionnaires --------------------------------------------------------------------------------------


def save_questionnaire(work: Work, command: Any) -> dict[str, Any]:
    household = household_of(work.store, command.household_id, work.caller)
    _open(work, household.census)
    if command.form not in household.due:
        raise model.FormNotDue()
    book = household.census.book
    if bad := forms.misshapen(book, command.form, command.answers, household.around):
        raise Invalid.fields({f"answers.{fault.path}": (fault.zh, fault.en) for fault in bad})
    known = household.forms.get(command.form)
    version, cause, reason = 1, "first", command.reason
    if known and known.state == "confirmed":
        if not command.reason:
            raise model.ReasonNeeded.fields({"reason": ("请说明修改原因。", "Say why it is changed.")})
        version, cause = known.version + 1, "change"
    elif known:
        before = work.store.version(household.id, command.form, known.version)
        version, cause, reason = known.version, before.cause, command.reason or before.reason
    work.store.put_questionnaire(household.id, command.form, state="open", version=version)
    _keep(work, household, command.form, version, command.answers, cause,
          explanations=command.explanations or None, reason=reason)  # fmt: skip
    faults = forms.assess(book, command.form, command.answers, household.around)
    settled = _settle(work, household.id, last_visit="answered")
    return settled | {"form": command.form, "version": version, "faults": faces(faults, command.explanations)}


def _keep(
    work: Work, household: Household, form: str, version: int, answers: Answers, cause: str, **more: Any
) -> None:
    rest, taken = forms.parted(household.census.book, form, answers)
    work.store.put_version(
        household.id, form, version, answers=rest, identifying=taken, cause=cause,
        keyed_by=work.caller.account, saved_at=work.now, **more,
    )  # fmt: skip


def faces(faults: list[Fault], explanations: Mapping[str, str] | None) -> list[dict[str, Any]]:
    return [fault.face(fault.key in (explanations or {})) for fault in faults]


def read_back(work: Work, command: Any) -> dict[str, Any]:
    household = household_of(work.store, command.household_id, work.caller)
    _open(work, household.census)
    known, row, answers = _current(work, household, command.form)
    if known.state == "confirmed":
        raise model.ConfirmedAlready()
    _must_stand(household, command.form, answers, row.explanations)
    work.store.note_on_version(
        household.id, command.form, known.version, read_back_at=work.now, read_back_by=work.caller.account
    )
    work.store.put_questionnaire(household.id, command.form, state="read-back", version=known.version)
    _settle(work, household.id)
    return {
        "household_id": household.id,
        "form": command.form,
        "version": known.version,
        "lines": forms.read_back(household.census.book, command.form, answers),
    }


def _current(work: Work, household: Household, form: str) -> tuple[Any, Any, Answers]:
    known = household.forms.get(form)
    if known is None or form not in household.due:
        raise model.UnknownQuestionnaire()
    row = work.store.version(household.id, form, known.version)
    return known, row, forms.joined(row.answers, row.identifying)


def _must_stand(
    household: Household, form: str, answers: Answers, explanations: Mapping[str, str] | None
) -> None:
    faults = forms.assess(household.census.book, form, answers, household.around)
    standing = [f for f in faults if f.level == "hard" or f.key not in (explanations or {})]
    if standing:
        raise model.FaultsStand.fields({fault.key: (fault.zh, fault.en) for fault in standing})


def confirm_questionnaire(work: Work, command: Any) -> dict[str, Any]:
    household = household_of(work.store, command.household_id, work.caller)
    _open(work, household.census)
    known, _, answers = _current(work, household, command.form)
    if known.state != "read-back" or known.version != command.version:
        raise model.NotReadBack(version=command.version)
    if command.person and command.person > len(answers["persons"]):
        raise Invalid.fields({"person": ("表中没有此人。", "There is no such person on the form.")})
    work.store.note_on_version(
        household.id, command.form, command.version,
        confirmed_at=work.now, confirmed_person=command.person, confirmed_manner=command.manner,
    )  # fmt: skip
    work.store.put_questionnaire(
        household.id, command.form, state="confirmed", version=command.version, confirmed_once=True
    )
    if command.form == "short":
        _look_at_the_others_again(work, command.household_id)
    return _settle(work, household.id) | {"form": command.form, "version": command.version}


def _look_at_the_others_again(work: Work, household_id: str) -> None:
    """The short form says another thing now: a long or death form that no longer goes with it is open again."""
    household = household_of(work.store, household_id, work.caller)
    for form in ("long", "death"):
        known = household.forms.get(form)
        if known and known.state != "open" and form in household.due:
            row = work.store.version(household.id, form, known.version)
            answers = forms.joined(row.answers, row.identifying)
            faults = forms.assess(household.census.book, form, answers, household.around)
            if any(fault.level == "hard" for fault in faults):
                if known.state == "confirmed":
                    _keep(work, household, form, known.version + 1, answers, "change",
                          explanations=row.explanations, reason=None)  # fmt: skip
                version = known.version + (known.state == "confirmed")
                work.store.put_questionnaire(household.id, form, state="open", version=version)
