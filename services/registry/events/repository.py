"""Loads and stores parts and events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.registry.events import model
from services.registry.events.kinds import Rules
from services.registry.events.model import GridEvent
from services.registry.events.tables import event_serials, grid_event_steps, grid_events, parts

_COLUMNS = {one.name: ("class" if one.name == "group" else one.name) for one in fields(GridEvent)}
del _COLUMNS["steps"]
MOST_ALIKE = 10


def event_of(row: Row[Any]) -> GridEvent:
    known = row._mapping
    return GridEvent(**{name: known[column] for name, column in _COLUMNS.items()})


class EventRepository:
    connection: Connection

    # -- parts --

    def part(self, code: str) -> Row[Any] | None:
        return self.connection.execute(select(parts).where(parts.c.code == code)).first()

    def add_part(self, **values: Any) -> bool:
        statement = insert(parts).values(**values).on_conflict_do_nothing().returning(parts.c.code)
        return self.connection.execute(statement).first() is not None

    def retire_part(self, code: str, now: datetime, why: str) -> None:
        statement = update(parts).where(parts.c.code == code, parts.c.retired_at.is_(None))
        self.connection.execute(statement.values(retired_at=now, retired_why=why))

    def parts_in(self, community: str) -> Sequence[Row[Any]]:
        within = parts.c.grid.startswith(community, autoescape=True)
        return self.connection.execute(select(parts).where(within)).all()

    def move_parts(self, moves: Iterable[tuple[str, str]]) -> None:
        for code, grid in moves:
            self.connection.execute(update(parts).where(parts.c.code == code).values(grid=grid))

    # -- events --

    def next_event_no(self, now: datetime) -> str:
        serial = int(self.connection.execute(select(event_serials.next_value())).scalar_one())
        return model.event_number(model.local_day(now), serial)

    def grid_event(self, event_no: str) -> GridEvent | None:
        """Locked, so that two who handle it do so one after the other."""
        statement = select(grid_events).where(grid_events.c.event_no == event_no).with_for_update()
        row = self.connection.execute(statement).first()
        return event_of(row) if row else None

    def put_event(self, event: GridEvent) -> None:
        row = {column: getattr(event, name) for name, column in _COLUMNS.items()}
        statement = insert(grid_events).values(row)
        fresh = {name: statement.excluded[name] for name in row if name != "event_no"}
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=[grid_events.c.event_no], set_=fresh)
        )
        if event.steps:
            c = grid_event_steps.c
            last = select(func.coalesce(func.max(c.seq), 0)).where(c.event_no == event.event_no)
            seq = int(self.connection.execute(last).scalar_one())
            self.connection.execute(
                insert(grid_event_steps),
                [
                    {"event_no": event.event_no, "seq": number, **step}
                    for number, step in enumerate(event.steps, seq + 1)
                ],
            )
            event.steps = []

    def alike(self, event: GridEvent, rules: Rules) -> list[Row[Any]]:
        """Open events of the same kind, near and not long before: by the point, by the part, or by the address."""
        c = grid_events.c
        same = [c.part == event.part] if event.part else []
        if event.longitude is not None and event.latitude is not None:
            west, south, east, north = model.box(event.longitude, event.latitude, rules.metres)
            same.append(and_(c.longitude.between(west, east), c.latitude.between(south, north)))
        elif event.address:
            same.append(and_(c.address == event.address, c.place == event.place))
        if not same:
            return []
        statement = (
            select(c.event_no, c.state, c.place, c.address, c.found_at, c.device, c.source)
            .where(
                c.kind == event.kind,
                c.state.in_(model.OPEN),
                c.found_at >= rules.since(event.found_at),
                c.found_at <= event.found_at,
                c.event_no != event.event_no,
                c.place.startswith(event.place[:12], autoescape=True),
                same[0] if len(same) == 1 else same[0] | same[1],
            )
            .order_by(c.found_at.desc())
            .limit(MOST_ALIKE)
        )
        return list(self.connection.execute(statement))

    def lock_community(self, place: str) -> None:
        """Two reports of the same thing at once: the second finds the first."""
        name = f"grid events {place[:12]}"
        self.connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))

    def overdue_events(self, now: datetime, limit: int) -> list[GridEvent]:
        """Late and not told of yet; what another replica tells of just now is left to it."""
        c = grid_events.c
        statement = (
            select(grid_events)
            .where(c.due_at < now, c.late.is_(False))
            .order_by(c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [event_of(row) for row in self.connection.execute(statement)]
