"""Loads and stores what the volunteers' office speaks of. Whatever is loaded to be changed is locked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.backoffice import tray
from services.chassis.rows import update_rows
from services.volunteers import tables
from services.volunteers.figures import ErrandRule
from services.volunteers.model import (
    ACTIVE,
    Candidate,
    Dispatch,
    Errand,
    UnknownDispatch,
    Volunteer,
    number_of,
)

_REGISTER = (
    insert(tables.volunteers)
    .on_conflict_do_nothing(index_elements=["id_number"])
    .returning(tables.volunteers.c.number)
)


class Repository(tray.Repository):
    items = tables.items

    # -- the register ----------------------------------------------------------------------------------

    def register(self, volunteer: Volunteer) -> tuple[Volunteer, bool]:
        """The one row of this person, with its number: (volunteer, newly registered).

        Known people are looked up first, so that a repetition uses up no number. Who had left and registers again
        keeps the number he had.
        """
        known = self._by_id_number(volunteer.id_number)
        if known is None:
            fresh = replace(volunteer, number=number_of(volunteer.place, self._serial()))
            made = self.connection.execute(_REGISTER, vars(fresh)).first()
            if made:
                return fresh, True
            known = self._by_id_number(volunteer.id_number)
            assert known is not None
        if known.withdrawn_at is None:
            return known, False
        again = replace(volunteer, number=known.number, registered_at=known.registered_at)
        self._save(tables.volunteers, again)
        return again, True

    def add_volunteers(self, volunteers: Iterable[Volunteer]) -> int:
        """Many at once; whoever is registered already stays as he is."""
        rows = [
            vars(replace(volunteer, number=number_of(volunteer.place, self._serial())))
            for volunteer in volunteers
        ]
        return len(list(self.connection.execute(_REGISTER, rows))) if rows else 0

    def count_from(self, origin: str, place: str) -> int:
        at = tables.volunteers.c
        counted = select(func.count()).where(at.origin == origin, at.place.startswith(place))
        return int(self.connection.execute(counted).scalar_one())

    def registered_by(self, case_no: str) -> list[Volunteer]:
        rows = self.connection.execute(
            select(tables.volunteers).where(tables.volunteers.c.case_no == case_no).with_for_update()
        )
        return [Volunteer(**row._mapping) for row in rows]

    def save_volunteer(self, volunteer: Volunteer) -> None:
        self._save(tables.volunteers, volunteer)

    def _by_id_number(self, id_number: str) -> Volunteer | None:
        row = self.connection.execute(
            select(tables.volunteers).where(tables.volunteers.c.id_number == id_number).with_for_update()
        ).first()
        return Volunteer(**row._mapping) if row else None

    def _serial(self) -> int:
        return int(self.connection.execute(select(tables.serials.next_value())).scalar_one())

    # -- who is asked ----------------------------------------------------------------------------------

    def candidates(self, errand: Errand, rule: ErrandRule, at: datetime) -> list[Candidate]:
        """Whoever has the skill, lives near enough, is not engaged and was not asked for this errand before."""
        who, sent = tables.volunteers.c, tables.dispatches.c
        asked = select(sent.volunteer).where(sent.task_id == errand.task_id)
        past = (
            select(
                func.count().filter(
                    sent.offered_at > at - rule.load_within, sent.state.in_(("accepted", "reported"))
                ),
                func.max(sent.offered_at),
            )
            .where(sent.volunteer == who.number)
            .lateral()
        )
        rows = self.connection.execute(
            select(who.number, who.place, who.id_number, who.times, *past.c).where(
                who.engaged_in.is_(None),
                who.withdrawn_at.is_(None),
                who.place.startswith(errand.place[: rule.widest], autoescape=True),
                who.skills.contains([rule.skill]),
                who.number.not_in(asked),
            )
        )
        return [Candidate(*row) for row in rows]

    def engage(self, number: str, dispatch_id: str) -> bool:
        """Takes a volunteer for a dispatch. False when somebody else has him or is just taking him.

        SKIP LOCKED does not wait for the other; without a wait, a row changed since is read again before it is
        judged, so `engaged_in IS NULL` is true of the row as it stands and not as the candidates were listed.
        """
        who = tables.volunteers.c
        free = (
            select(who.number)
            .where(who.number == number, who.engaged_in.is_(None), who.withdrawn_at.is_(None))
            .with_for_update(skip_locked=True)
        )
        if self.connection.execute(free).first() is None:
            return False
        self.connection.execute(
            update(tables.volunteers).where(who.number == number).values(engaged_in=dispatch_id)
        )
        return True

    def release(self, dispatch: Dispatch) -> None:
        who = tables.volunteers.c
        self.connection.execute(
            update(tables.volunteers)
            .where(who.number == dispatch.volunteer, who.engaged_in == dispatch.id)
            .values(engaged_in=None)
        )

    # -- errands and dispatches ------------------------------------------------------------------------

    def add_errand(self, errand: Errand) -> None:
        self.connection.execute(insert(tables.errands), vars(errand))

    def find_errand(self, task_id: str) -> Errand | None:
        row = self.connection.execute(
            select(tables.errands).where(tables.errands.c.task_id == task_id).with_for_update()
        ).first()
        return Errand(**row._mapping) if row else None

    def errand(self, task_id: str) -> Errand:
        found = self.find_errand(task_id)
        assert found is not None, task_id
        return found

    def save_errand(self, errand: Errand) -> None:
        self._save(tables.errands, errand)

    def due_errands(self, at: datetime, limit: int) -> list[str]:
        """Tasks on which the clock has something to do: an offer unanswered, or nobody found so far. Not locked."""
        sent, sought = tables.dispatches.c, tables.errands.c
        rows = self.connection.execute(
            select(sent.task_id)
            .where(sent.state == "offered", sent.answer_by <= at)
            .union(select(sought.task_id).where(sought.state == "seeking", sought.look_again_at <= at))
            .limit(limit)
        )
        return sorted(row.task_id for row in rows)

    def add_dispatch(self, dispatch: Dispatch) -> None:
        self.connection.execute(insert(tables.dispatches), vars(dispatch))

    def task_of(self, dispatch_id: str) -> str:
        found = self.connection.execute(
            select(tables.dispatches.c.task_id).where(tables.dispatches.c.id == dispatch_id)
        ).first()
        if found is None:
            raise UnknownDispatch(dispatch_id=dispatch_id)
        return str(found.task_id)

    def dispatch(self, dispatch_id: str) -> Dispatch:
        row = self.connection.execute(
            select(tables.dispatches).where(tables.dispatches.c.id == dispatch_id).with_for_update()
        ).first()
        if row is None:
            raise UnknownDispatch(dispatch_id=dispatch_id)
        return Dispatch(**row._mapping)

    def active_dispatch(self, task_id: str) -> Dispatch | None:
        sent = tables.dispatches.c
        row = self.connection.execute(
            select(tables.dispatches).where(sent.task_id == task_id, sent.state.in_(ACTIVE)).with_for_update()
        ).first()
        return Dispatch(**row._mapping) if row else None

    def count_asked(self, task_id: str) -> int:
        sent = tables.dispatches.c
        return int(self.connection.execute(select(func.count()).where(sent.task_id == task_id)).scalar_one())

    def save_dispatch(self, dispatch: Dispatch) -> None:
        self._save(tables.dispatches, dispatch)

    # -- hours -----------------------------------------------------------------------------------------

    def last_hours(self, dispatch_id: str) -> Any | None:
        """The line that counts. The dispatch must be locked, so that no other line comes in between."""
        at = tables.hours.c
        return self.connection.execute(
            select(tables.hours).where(at.dispatch_id == dispatch_id).order_by(at.seq.desc()).limit(1)
        ).first()

    def append_hours(self, **line: Any) -> None:
        self.connection.execute(insert(tables.hours), line)

    # -- rows ------------------------------------------------------------------------------------------

    def _save(self, table: Any, thing: Any) -> None:
        update_rows(self.connection, table, table.primary_key.columns[0].name, [vars(thing)])
