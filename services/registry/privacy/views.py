"""Certificates, breaches, and whether the log of looks is whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from services.chassis.database import Read
from services.chassis.errors import Forbidden
from services.contracts import citizens, privacy
from services.contracts.roles import may
from services.registry.privacy import model as rules
from services.registry.reading import Page, page, within
from services.registry.tables import (
    breach_persons,
    breaches,
    erasure_answers,
    erasures,
    looks,
    residents,
)

PORTION = 5000


def get_erasure(read: Read, query: Any) -> dict[str, Any]:
    statement = select(erasures).where(
        erasures.c.certificate == query.certificate,
        within(erasures.c.place, read.caller, privacy.GetErasure),
    )
    row = read.connection.execute(statement).first()
    if row is None:
        raise rules.UnknownErasure()
    answers = select(erasure_answers).where(erasure_answers.c.certificate == query.certificate)
    told = [
        {"office": one.office, "deleted": one.deleted, "kept": one.kept, "at": one.at}
        for one in read.connection.execute(answers.order_by(erasure_answers.c.office))
    ]
    waiting = sorted(set(privacy.HOLDERS) - {one["office"] for one in told})
    return dict(row._mapping) | {"answers": told, "waiting_for": waiting}


def list_erasures(read: Read, query: Any) -> Page:
    statement = (
        select(erasures)
        .where(within(erasures.c.place, read.caller, privacy.ListErasures))
        .order_by(erasures.c.certificate.desc())
        .limit(query.limit + 1)
    )
    if query.open is not None:
        statement = statement.where((erasures.c.state == "open") == query.open)
    if query.cursor:
        statement = statement.where(erasures.c.certificate < query.cursor)
    return page(read, statement, query.limit, "certificate")


def list_breaches(read: Read, query: Any) -> Page:
    """A breach concerns an area when it concerns somebody there; only those are counted."""
    statement = (
        select(
            breaches,
            func.count().label("affected"),
            func.count(breach_persons.c.told_at).label("told"),
        )
        .join(breach_persons)
        .where(within(breach_persons.c.place, read.caller, privacy.ListBreaches))
        .group_by(breaches.c.breach_id)
        .order_by(breaches.c.breach_id.desc())
        .limit(query.limit + 1)
    )
    if query.cursor:
        statement = statement.where(breaches.c.breach_id < query.cursor)
    return page(read, statement, query.limit, "breach_id")


def get_breach(read: Read, query: Any) -> dict[str, Any]:
    statement = (
        select(breach_persons, residents.c.name)
        .join(residents, residents.c.resident_id == breach_persons.c.resident_id)
        .where(
            breach_persons.c.breach_id == query.breach_id,
            within(breach_persons.c.place, read.caller, privacy.GetBreach),
        )
        .order_by(breach_persons.c.told_at.nulls_first(), breach_persons.c.resident_id)
    )
    persons = read.connection.execute(statement).all()
    if not persons:
        raise rules.UnknownBreach()
    found = read.connection.execute(select(breaches).where(breaches.c.breach_id == query.breach_id)).one()
    return dict(found._mapping) | {
        "persons": [
            {
                "resident_id": one.resident_id,
                "name": citizens.mask_name(one.name),
                "told_at": one.told_at,
                "how": one.how,
                "told_by": one.told_by,
            }
            for one in persons
        ]
    }


def check_looks(read: Read, query: Any) -> dict[str, Any]:
    """The whole chain, whatever the area. The last hash is worth writing down elsewhere: it shows a log cut short."""
    if not read.caller.has(*may(privacy.CheckLooks)):
        raise Forbidden()
    count, last = 0, rules.GENESIS

    def lines() -> Iterator[Any]:
        nonlocal count, last
        after = 0
        while True:  # portion by portion: the log only grows
            statement = (
                select(looks).where(looks.c.position > after).order_by(looks.c.position).limit(PORTION)
            )
            portion = read.connection.execute(statement).all()
            for row in portion:
                count, last = count + 1, row.hash
                yield row._mapping
            if len(portion) < PORTION:
                return
            after = portion[-1].position

    broken = rules.first_broken(lines())
    return {"intact": broken is None, "first_broken": broken, "lines": count, "last_hash": last}


QUERIES = {
    privacy.GetErasure: get_erasure,
    privacy.ListErasures: list_erasures,
    privacy.ListBreaches: list_breaches,
    privacy.GetBreach: get_breach,
    privacy.CheckLooks: check_looks,
}
