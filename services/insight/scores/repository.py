"""Stores campaigns and evaluations, and plays a log again beside the read models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, select, text
from sqlalchemy.dialects.postgresql import insert

from services.insight.scores.model import UnknownEvaluation
from services.insight.scores.tables import campaigns, evaluations, objections

_REPLAY = (
    "SET LOCAL statement_timeout = '300s'",
    "CREATE TEMPORARY TABLE cases (LIKE public.cases INCLUDING DEFAULTS INCLUDING INDEXES) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE lanes (LIKE public.lanes INCLUDING DEFAULTS INCLUDING INDEXES) ON COMMIT DROP",
    # Named first, so that the very same statements now find these; and a changed path makes old plans anew.
    "SET LOCAL search_path = pg_temp, public",
)


class ScoresRepository:
    _connection: Connection

    def stand_beside(self) -> None:
        """Until the end of this transaction `cases` and `lanes` are empty tables of its own."""
        for statement in _REPLAY:
            self._connection.execute(text(statement))

    def campaign_place(self, code: str) -> str | None:
        return self._connection.execute(
            select(campaigns.c.place).where(campaigns.c.code == code).with_for_update()
        ).scalar_one_or_none()

    def set_campaign(self, row: Mapping[str, Any]) -> None:
        made = insert(campaigns).values(**row)
        self._connection.execute(
            made.on_conflict_do_update(
                index_elements=["code"], set_={k: v for k, v in row.items() if k != "code"}
            )
        )

    def add_evaluation(self, row: Mapping[str, Any]) -> int:
        made = insert(evaluations).values(**row).returning(evaluations.c.id)
        return int(self._connection.execute(made).scalar_one())

    def evaluation(self, number: int) -> Any:
        row = self._connection.execute(
            select(evaluations).where(evaluations.c.id == number).with_for_update()
        ).first()
        if row is None:
            raise UnknownEvaluation(id=number)
        return row

    def change_evaluation(self, number: int, **values: Any) -> None:
        self._connection.execute(evaluations.update().where(evaluations.c.id == number).values(**values))

    def add_objection(self, row: Mapping[str, Any]) -> int:
        made = insert(objections).values(**row).returning(objections.c.id)
        return int(self._connection.execute(made).scalar_one())

    def objection(self, number: int) -> Any:
        return self._connection.execute(
            select(objections).where(objections.c.id == number).with_for_update()
        ).first()

    def answer_objection(self, number: int, **values: Any) -> None:
        self._connection.execute(objections.update().where(objections.c.id == number).values(**values))

    def ripe_evaluations(self, now: datetime) -> list[int]:
        """Whose days on show are over and whose objections are all answered; another replica's are passed over."""
        waiting = exists().where(
            and_(objections.c.evaluation == evaluations.c.id, objections.c.answered_at.is_(None))
        )
        ripe = select(evaluations.c.id).where(
            evaluations.c.state == "publicity", evaluations.c.public_until <= now, ~waiting
        )
        return [row.id for row in self._connection.execute(ripe.with_for_update(skip_locked=True))]
