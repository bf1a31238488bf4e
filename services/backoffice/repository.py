"""Loads and stores tray items. A department's own repository is a subclass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from sqlalchemy import ARRAY, Connection, String, Table, bindparam, func, select

from services.backoffice.model import Item, UnknownTask
from services.chassis.rows import insert_rows, update_rows

_CHANGING = (
    "task_id", "status", "due_at", "designated", "signed_at", "signed_by", "finished_at", "outcome", "result", "note",
    "extension_asked", "supplement_asked", "urged", "level", "form", "materials", "results",
)  # fmt: skip


class TrayRepository:
    """`items` is the table made by `tables.add_table`; the subclass names it.

    Items are kept while the unit of work lasts and written at its end, all in one statement: a batch of assignments
    is loaded once and stored once.
    """

    items: ClassVar[Table]

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[str, Item | None] = {}
        self._new: dict[str, Item] = {}
        self._changed: dict[str, Item] = {}

    def expect(self, messages: Iterable[Any]) -> None:
        """Loads what a batch of events will ask for."""
        self._load({message.task_id for message in messages if hasattr(message, "task_id")})

    def add_item(self, item: Item) -> bool:
        """False when the task is here already (a repeated assignment)."""
        if self.find_item(item.task_id) is not None:
            return False
        self._known[item.task_id] = self._new[item.task_id] = item
        return True

    def item(self, task_id: str) -> Item:
        """The item, locked until the unit of work ends. Raises UnknownTask."""
        found = self.find_item(task_id)
        if found is None:
            raise UnknownTask(task_id=task_id)
        return found

    def find_item(self, task_id: str) -> Item | None:
        if task_id not in self._known:
            self._load({task_id})
        return self._known[task_id]

    def save_item(self, item: Item) -> None:
        if item.task_id not in self._new:
            self._changed[item.task_id] = item

    def flush(self) -> None:
        insert_rows(self.connection, self.items, [vars(item) for item in self._new.values()])
        changed = [{name: getattr(item, name) for name in _CHANGING} for item in self._changed.values()]
        update_rows(self.connection, self.items, "task_id", changed)
        self._new.clear()
        self._changed.clear()

    def _load(self, task_ids: set[str]) -> None:
        wanted = sorted(task_ids - self._known.keys())
        if not wanted:
            return
        self._known.update(dict.fromkeys(wanted))
        # In the order of the key, so that two units of work with common items cannot wait for each other in a circle.
        mine = self.items.c.task_id == func.any(bindparam("wanted", wanted, ARRAY(String)))
        found = self.connection.execute(
            select(self.items).where(mine).order_by(self.items.c.task_id).with_for_update()
        )
        self._known.update((row.task_id, Item(**row._mapping)) for row in found)
