"""From state to state, up to the publication; and the deletion of names."""

from __future__ import annotations

from typing import Any

from services.census import forms, model, publication
from services.census.handlers import quality
from services.census.handlers.planning import led
from services.chassis.clock import iso
from services.chassis.database import Work


def move_census(work: Work, command: Any) -> dict[str, Any]:
    census = led(work, command.census_id)
    before = census.state
    census.move(command.to)
    if command.to == "enumerating" and before == "blocks-drawn":
        if work.now < census.reference_at:
            raise model.BeforeReferenceTime(reference_at=iso(census.reference_at))
        _nothing_left(work.store.unassigned(census.id), "未分配普查员的小区 blocks without an enumerator")
    elif command.to == "checking":
        _nothing_left(work.store.empty_blocks(census.id), "未列户的小区 blocks without a household")
        _nothing_left(
            work.store.in_states_other_than(census.id, model.DONE), "未登记完的户 households not finished"
        )
        quality.draw_keyings(work, census)
    elif command.to == "closed":
        _nothing_left(work.store.open_keyings(census.id), "未完成的复录 second keyings not settled")
        census.closed_at, census.erase_at = work.now, work.now + census.figures.keep_names
    elif command.to == "published":
        work.store.add_publication(census.id, work.now, counts(work, census))
    work.store.save_census(census)
    return census.face()


def _nothing_left(count: int, what: str) -> None:
    if count:
        raise model.NotReady(open=what, count=count)


# -- what is published -----------------------------------------------------------------------------------


def counts(work: Work, census: model.Census) -> dict[str, Any]:
    """Of those who live in the area at the reference time; who is registered there and lives elsewhere is counted there."""
    day = forms.Surroundings("family", census.reference_at).day
    short = {row.household_id: row.answers for row in work.store.confirmed_answers(census.id, "short")}
    long = {row.household_id: row.answers for row in work.store.confirmed_answers(census.id, "long")}
    persons = [_counted(one, day) for answers in short.values() for one in answers["persons"] if _here(one)]
    sampled = [
        _counted({**one, **more}, day)
        for household, answers in long.items()
        for one, more in zip(short.get(household, {}).get("persons", ()), answers["persons"], strict=False)
        if _here(one)
    ]
    told = publication.publish(
        persons, sampled, work.store.household_states(census.id), census.figures.smallest
    )
    return told | {"name": census.name, "place": census.place, "reference_at": iso(census.reference_at)}


def _here(person: dict[str, Any]) -> bool:
    return person.get("presence") == "here"


def _counted(person: dict[str, Any], day: Any) -> dict[str, Any]:
    return {
        "sex": person["sex"],
        "age": publication.age_group(forms.age_at(person["birth_date"], day) or 0),
        "registration": person["registration"],
        "education": person.get("education", "under-3"),
        "marriage": person.get("marriage", "under-15"),
    }


# -- names are deleted -----------------------------------------------------------------------------------


def erase_names(work: Work) -> None:
    """A timer: what says who somebody is goes when its time is over, with a certificate of what went and what is left."""
    census = work.store.due_for_erasure(work.now)
    if census is None:
        return
    erased = work.store.erase(census.id)
    codes = {code for form in census.book["forms"] for code in forms.identifying(census.book, form)}
    left = work.store.left_to_erase(census.id, sorted(codes))
    told = {"census_id": census.id, "at": iso(work.now), "erased": erased, "left": left}
    work.store.add_certificate(
        census_id=census.id, at=work.now, erased=erased, left=left, digest=model.digest(told)
    )
    census.erased_at = work.now
    work.store.save_census(census)
