"""The departments' trays. A task's id names its unit, and the unit names the office that holds the task."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.responses import Response

from gateway.table import Row, Visit, check, order, query_of, question
from services.chassis.errors import Invalid, NotFound
from services.contracts import frontdesk, tasks
from services.contracts.units import OFFICE_OF

TAG = "tasks"
TASK = "/v1/tasks/{task_id}"


class UnknownTask(NotFound):
    """There is no task {task_id}; a task id is a case number, a dot and the unit."""

    zh = "没有任务 {task_id}；任务编号由案件号、点和部门组成。"


def office_of(path: Mapping[str, str]) -> str:
    try:
        return tasks.office_of(path["task_id"])
    except (IndexError, KeyError):
        raise UnknownTask(task_id=path["task_id"][:64]) from None


async def list_tasks(visit: Visit) -> Response:
    """The tray of the unit asked for, else of the caller's own department."""
    schema = tasks.ListTasks.schema()
    given = query_of(visit.request, schema)
    unit = given.setdefault("unit", visit.credential.caller.department)
    if unit not in OFFICE_OF:
        known = ", ".join(sorted(OFFICE_OF))
        raise Invalid.fields({"unit": (f"请指明部门：{known}。", f"Name a unit: {known}.")})
    check(schema, given)
    body = await visit.gate.offices.call(OFFICE_OF[unit], tasks.ListTasks.method(), given, visit.asking())
    return Response(body, media_type="application/json")


_act = partial(order, tag=TAG, office=office_of)
_decide = partial(order, tag=TAG)

ROWS: tuple[Row, ...] = (
    question(
        "/v1/tasks",
        tasks.ListTasks,
        "部门任务，急的在前",
        "A unit's tray, most urgent first",
        TAG,
        serve=list_tasks,
    ),
    question(TASK, tasks.GetTask, "一项任务", "One task", TAG, office=office_of),
    _act(f"{TASK}/sign", tasks.SignTask, "签收", "Accept the task"),
    _act(f"{TASK}/start", tasks.StartTask, "开始办理", "Begin work"),
    _act(f"{TASK}/finish", tasks.FinishTask, "办结", "Finish with outcome and result"),
    _act(f"{TASK}/return", tasks.ReturnTask, "退单", "Return a task that is not ours"),
    _act(f"{TASK}/extend", tasks.ExtendTask, "申请延期", "Ask for more time"),
    _act(
        f"{TASK}/supplement",
        tasks.AskSupplement,
        "要求补正（一次性告知）",
        "Ask for everything missing, at once",
    ),
    _decide(f"{TASK}/decide-return", frontdesk.DecideReturn, "裁定退单", "Rule on a return"),
    _decide(f"{TASK}/decide-extension", frontdesk.DecideExtension, "审批延期", "Grant or refuse more time"),
)
