"""The double-entry check: a share of the questionnaires, drawn by the seed, is keyed again by somebody else."""

from __future__ import annotations

from typing import Any

from services.census import forms, model, sampling
from services.census.handlers.enumeration import Household
from services.chassis.database import Work
from services.chassis.errors import Invalid
from services.chassis.identifiers import new_id


def draw_keyings(work: Work, census: model.Census) -> None:
    """Once for each questionnaire, however often the census comes to be checked."""
    share = census.figures.keyed_twice
    work.store.add_keyings(
        [
            {"id": new_id(), "census_id": census.id, "household_id": row.household_id, "form": row.form,
             "version": row.version, "state": "drawn"}
            for row in work.store.confirmed_forms(census.id)
            if sampling.is_keyed_twice(census.seed, row.household_id, row.form, share)
        ]
    )  # fmt: skip


def _keying(work: Work, keying_id: str) -> tuple[model.Census, Any]:
    keying = work.store.keying(keying_id)
    census = work.store.census_for_work(keying.census_id) if keying else None
    if census is None:
        raise model.UnknownKeying()
    return census, keying


def assign_keying(work: Work, command: Any) -> dict[str, Any]:
    census, keying = _keying(work, command.keying_id)
    if not model.leads(work.caller, census.place):
        raise model.UnknownKeying()
    census.must_be("checking")
    if keying.state not in ("drawn", "assigned"):
        raise model.KeyedAlready()
    first = work.store.version(keying.household_id, keying.form, keying.version)
    if first.keyed_by == command.keyer:
        raise model.SamePerson()
    work.store.save_keying(keying.id, keyer=command.keyer, state="assigned")
    return {"keying_id": keying.id, "keyer": command.keyer, "state": "assigned"}


def key_again(work: Work, command: Any) -> dict[str, Any]:
    census, keying = _keying(work, command.keying_id)
    caller = work.caller
    if keying.keyer != caller.account or not (
        model.holds(caller, model.ENUMERATOR, census.place) or model.leads(caller, census.place)
    ):
        raise model.UnknownKeying()
    census.must_be("checking")
    if keying.state != "assigned":
        raise model.KeyedAlready()
    first = work.store.version(keying.household_id, keying.form, keying.version)
    if first.keyed_by == caller.account:
        raise model.SamePerson()
    if bad := forms.misshapen(census.book, keying.form, command.answers, _around(work, census, keying)):
        raise Invalid.fields({f"answers.{fault.path}": (fault.zh, fault.en) for fault in bad})
    one, other = forms.flat(forms.joined(first.answers, first.identifying)), forms.flat(command.answers)
    paths = one.keys() | other.keys()
    names = forms.identifying(census.book, keying.form)
    different = [
        {"keying_id": keying.id, "path": path, "identifying": path.rpartition(".")[2] in names,
         "first": one.get(path), "second": other.get(path)}
        for path in sorted(paths)
        if one.get(path) != other.get(path)
    ]  # fmt: skip
    rest, taken = forms.parted(census.book, keying.form, command.answers)
    state = "keyed" if different else "settled"
    work.store.save_keying(
        keying.id, answers=rest, identifying=taken, items=len(paths), keyed_at=work.now, state=state
    )
    work.store.add_differences(different)
    return {"keying_id": keying.id, "state": state, "items": len(paths), "differences": len(different)}


def _around(work: Work, census: model.Census, keying: Any) -> forms.Surroundings:
    household = work.store.household(keying.household_id, lock=False)
    confirmed = work.store.confirmed_version(keying.household_id, "short")
    known = Household(household, census, {}, confirmed.answers if confirmed else None)
    return known.around


def adjudicate(work: Work, command: Any) -> dict[str, Any]:
    census, keying = _keying(work, command.keying_id)
    if not model.leads(work.caller, census.place):
        raise model.UnknownKeying()
    census.must_be("checking")
    found = work.store.difference(keying.id, command.item)
    if found is None or found.verdict is not None:
        raise model.UnknownDifference(path=command.item)
    value = {"first": found.first, "second": found.second, "other": command.value}[command.verdict]
    still_open = work.store.settle_difference(
        keying.id, command.item, verdict=command.verdict, value=value, by=work.caller.account, at=work.now
    )
    if not still_open:
        _correct(work, census, keying)
        work.store.save_keying(keying.id, state="settled")
    return {"keying_id": keying.id, "item": command.item, "verdict": command.verdict, "open": still_open}


def _correct(work: Work, census: model.Census, keying: Any) -> None:
    """What was keyed wrongly is put right in a new version. The person confirmed what he said, not the slip."""
    wrong = [one for one in work.store.differences(keying.id) if one.verdict != "first"]
    current = work.store.forms_of(keying.household_id)[keying.form]
    if not wrong or current.version != keying.version:  # changed with the household itself since then
        return
    row = work.store.version(keying.household_id, keying.form, keying.version)
    answers = forms.joined(row.answers, row.identifying)
    for one in wrong:
        answers = forms.put(answers, one.path, one.value)
    answers["persons"] = [person for person in answers["persons"] if person]
    faults = forms.assess(census.book, keying.form, answers, _around(work, census, keying))
    if hard := [fault for fault in faults if fault.level == "hard"]:
        raise model.FaultsStand.fields({fault.key: (fault.zh, fault.en) for fault in hard})
    rest, taken = forms.parted(census.book, keying.form, answers)
    work.store.put_version(
        keying.household_id, keying.form, keying.version + 1, answers=rest, identifying=taken,
        explanations=row.explanations, cause="adjudication", keyed_by=work.caller.account, saved_at=work.now,
        confirmed_at=row.confirmed_at, confirmed_person=row.confirmed_person, confirmed_manner=row.confirmed_manner,
    )  # fmt: skip
    work.store.put_questionnaire(
        keying.household_id, keying.form, state="confirmed", version=keying.version + 1
    )
