"""What the terminal shows: a case as a table of lanes that move, and trouble in one clear sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.cli.hall import NotInTime, Refused
from deploy.cli.surroundings import NotRunning
from services.chassis.errors import Problem
from services.contracts.units import UNITS
from services.meters.replay import NotConfirmed

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

TASK_WORDS = {
    "assigned": ("○", "待签收", "assigned", "dim"),
    "signed": ("◔", "已签收", "signed", "cyan"),
    "handling": ("◑", "办理中", "handling", "cyan"),
    "supplement": ("‖", "待补正", "supplement", "yellow"),
    "return-pending": ("↩", "退单待裁", "return pending", "yellow"),
    "returned": ("↩", "已退单", "returned", "dim"),
    "done": ("●", "已办结", "done", "green"),
    "refused": ("✕", "不予办理", "refused", "red"),
    "withdrawn": ("–", "已撤回", "withdrawn", "dim"),
}
CASE_WORDS = {
    "registered": ("已受理", "registered"),
    "dispatched": ("已派发", "dispatched"),
    "handling": ("办理中", "handling"),
    "suspended": ("待补正", "suspended"),
    "closed": ("已办结", "closed"),
    "refused": ("不予办理", "refused"),
    "answered": ("已当场答复", "answered"),
    "not-accepted": ("不予受理", "not accepted"),
    "transferred-emergency": ("已转紧急处置", "handed to emergency services"),
    "withdrawn": ("已撤回", "withdrawn"),
    "merged": ("已并案", "merged"),
    "archived": ("已归档", "archived"),
}
ENDED = (
    "closed",
    "refused",
    "answered",
    "withdrawn",
    "merged",
    "archived",
    "not-accepted",
    "transferred-emergency",
)


def lanes(case_no: str, face: dict[str, Any]) -> Group:
    """A case: its title, and one row a department. Urgency and state are shape, colour and word."""
    status = face.get("status", "")
    zh, en = CASE_WORDS.get(status, (status, status))
    colour = "green" if status == "closed" else "red" if status in ENDED else "cyan"
    title = Text.assemble(
        (f"{face.get('title_zh', '')} ", "bold"),
        face.get("title_en", ""),
        "  ",
        (case_no, "bold"),
        "  ",
        (f"{zh} {en}", colour),
    )
    table = Table(box=None, show_header=False, padding=(0, 1))
    for _ in range(4):
        table.add_column(no_wrap=True)
    for lane in face.get("lanes") or ():
        shape, zh, en, colour = TASK_WORDS.get(lane["status"], ("?", lane["status"], "", ""))
        unit = UNITS.get(lane["unit"], {"zh": lane["unit"], "en": ""})
        late = Text(" 超期 overdue", "red") if lane.get("overdue") else Text()
        table.add_row(
            Text(shape, colour),
            Text(f"{unit['zh']} {unit['en']}"),
            Text(f"{zh} {en}", colour) + late,
            Text(lane.get("title_zh") or "", "dim"),
        )
    return Group(title, table)


@contextmanager
def moving_lanes() -> Iterator[Callable[[Group], None]]:
    """A picture that changes in place; where nothing can change in place (a log), its last state."""
    if out.is_terminal:
        with Live(console=out, refresh_per_second=20) as live:
            yield live.update
        return
    last: list[Group] = []
    try:
        yield lambda picture: last.__setitem__(slice(None), [picture])
    finally:
        for picture in last:
            out.print(picture)


def told(line: dict[str, Any]) -> Text:
    """A line of the history."""
    unit = UNITS.get(line.get("unit") or "", {}).get("zh", "")
    return Text.assemble(
        (str(line["at"])[11:19], "dim"),
        "  ",
        (line["kind"], "cyan"),
        "  ",
        unit,
        "  ",
        (line.get("actor") or "", "dim"),
    )


def ends(line: dict[str, Any]) -> bool:
    """The line that ended the case, and not one unit's part of it."""
    return line["kind"] in ENDED and not line.get("task_id")


TROUBLES = (Refused, NotInTime, NotRunning, NotConfirmed, Problem, requests.RequestException, OSError)


def tell_trouble(trouble: BaseException) -> None:
    if isinstance(trouble, Problem):
        lines = [f"{trouble.chinese} {trouble.en}"]
        lines += [f"  {path}: {zh} {en}" for path, (zh, en) in trouble.field_sentences.items()]
    elif isinstance(trouble, requests.RequestException):
        where = trouble.request.url if trouble.request is not None else ""
        lines = [f"平台没有应答 The platform does not answer: {where!s} ({type(trouble).__name__})"]
    else:
        lines = [str(trouble) or repr(trouble)]
    err.print(Text("✗ ", "red") + Text("\n".join(lines)))
