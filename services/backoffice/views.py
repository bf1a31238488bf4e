"""The tray as screens see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, and_, or_, select

from services.backoffice.model import CLOSED, TICKING, UnknownTask
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import tasks
from services.contracts.messages import Query
from services.contracts.units import OFFICE_OF

_LIST = (
    "task_id", "case_no", "unit", "matter", "step", "title_zh", "title_en", "place", "status", "lead", "round",
    "assigned_at", "sign_by", "due_at", "signed_at", "finished_at", "outcome", "urged", "level",
)  # fmt: skip


def queries(items: Table) -> dict[type[Query], Callable[..., Any]]:
    """The tray's part of a department's QUERIES table."""

    def list_tasks(read: Read, query: Any) -> dict[str, Any]:
        wanted = select(*(items.c[name] for name in _LIST)).where(_within(read, items))
        if query.unit:
            wanted = wanted.where(items.c.unit == query.unit)
        if query.case_no:
            wanted = wanted.where(items.c.case_no == query.case_no)
        if query.status == "open":
            wanted = wanted.where(items.c.status.not_in(CLOSED))
        elif query.status:
            wanted = wanted.where(items.c.status == query.status)
        if query.overdue:
            # The second condition is the first one's, in the words of the index of open items.
            wanted = wanted.where(
                items.c.due_at < read.now, items.c.status.in_(TICKING), items.c.status.not_in(CLOSED)
            )
        found = page(read.connection, wanted, [items.c.due_at, items.c.task_id], query)
        for row in found["items"]:
            row["overdue"] = row["status"] in TICKING and row["due_at"] < read.now
        return found

    def get_task(read: Read, query: Any) -> dict[str, Any]:
        row = read.connection.execute(
            select(items).where(and_(items.c.task_id == query.task_id, _within(read, items)))
        ).first()
        if row is None:
            raise UnknownTask(task_id=query.task_id)
        task = dict(row._mapping)
        task["overdue"] = task["status"] in TICKING and task["due_at"] < read.now
        return task

    return {tasks.ListTasks: list_tasks, tasks.GetTask: get_task}


def _within(read: Read, items: Table) -> Any:
    """What is outside the caller's areas or department does not exist for him."""
    caller = read.caller
    areas = or_(*(items.c.place.startswith(scope, autoescape=True) for scope in caller.scopes()))
    if not caller.scopes():
        areas = items.c.place.is_(None)
    if caller.kind == "system" or caller.has("admin", "supervisor", "clerk"):
        return areas
    # Street staff act for every unit whose tray is street's.
    units = [unit for unit, office in OFFICE_OF.items() if caller.department in (unit, office)]
    return and_(areas, items.c.unit.in_(units))
