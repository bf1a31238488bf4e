"""Loads and stores tray items. A department's own repository is a subclass."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, ClassVar

from sqlalchemy import Connection, Table, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.backoffice.model import Item, UnknownTask

_NAMES = tuple(field.name for field in fields(Item))
_CHANGING = (
    "status", "due_at", "designated", "signed_at", "signed_by", "finished_at", "outcome", "result", "note",
    "extension_asked", "urged", "level", "form", "materials", "results",
)  # fmt: skip


class TrayRepository:
    """`items` is the table made by `tables.add_table`; the subclass names it."""

    items: ClassVar[Table]

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add_item(self, item: Item) -> bool:
        """False when the task is here already (a repeated assignment)."""
        statement = insert(self.items).on_conflict_do_nothing().returning(self.items.c.task_id)
        return self.connection.execute(statement, asdict(item)).first() is not None

    def item(self, task_id: str) -> Item:
        """The item, locked until the unit of work ends. Raises UnknownTask."""
        found = self.find_item(task_id)
        if found is None:
            raise UnknownTask(task_id=task_id)
        return found

    def find_item(self, task_id: str) -> Item | None:
        row = self.connection.execute(
            select(self.items).where(self.items.c.task_id == task_id).with_for_update()
        ).first()
        return Item(**row._mapping) if row else None

    def save_item(self, item: Item) -> None:
        changed: dict[str, Any] = {name: getattr(item, name) for name in _CHANGING}
        self.connection.execute(
            update(self.items).where(self.items.c.task_id == bindparam("_task")),
            {**changed, "_task": item.task_id},
        )
