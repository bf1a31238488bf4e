"""Insight's read models: not data, but made from its log."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from deploy.cli.screen import out
from deploy.cli.surroundings import needed
from services.chassis.calls import Calls
from services.contracts import insight, scores

app = typer.Typer(no_args_is_help=True, help="态势数字 · The read models behind every number.")
PATIENCE = 3600.0
"""Seconds after which we stop watching; the rebuild itself goes on."""


@app.callback()
def read_models() -> None:
    """态势数字 · The read models behind every number."""


@app.command()
def rebuild() -> None:
    """从日志重算全部数字，期间屏幕照旧 · Make every number anew from the log; screens go on meanwhile."""
    with Calls(needed("AMQP_URI"), "yikou-insight") as calls, out.status("重算 Rebuilding") as status:
        number, end = calls.call(insight.RebuildReadModels)["id"], time.monotonic() + PATIENCE
        while True:
            made = calls.call(insight.GetRebuild)
            if made["id"] != number or made["finished_at"]:
                break
            if time.monotonic() > end:
                raise typer.Exit(1)
            status.update(f"重算 Rebuilding  {made['cases']} 件 cases, {made['stage']} {made['done_to']}")
            time.sleep(0.5)
    out.print(f"[green]✓[/] 已重算 Rebuilt  [dim]{made['cases']} 件 cases, {made['lanes']} 条泳道 lanes[/]")


@app.command()
def recompute(
    of: Annotated[str, typer.Option(help="考核对象 Whom: unit, staff, company, branch.")] = "unit",
    place: Annotated[str | None, typer.Option(help="辖区 The area.")] = None,
    period: Annotated[str, typer.Option(help="day, week, month, quarter, year")] = "year",
) -> None:
    """只凭日志复算考核得分并比对 · The scores from the log alone, beside those on the screens."""
    with Calls(needed("AMQP_URI"), "yikou-insight") as calls, out.status("复算 Recomputing"):
        found = calls.call(scores.RecomputeScores, timeout=600.0, of=of, period=period, place=place)
    known = {one["key"]: one["score"] for one in found["scores"]}
    for one in found["from_log"]:
        out.print(f"{one['score']:>8}  {one['zh']}  [dim]屏幕 on screen {known.get(one['key'], '—')}[/]")
    if not found["equal"]:
        out.print("[red]✗[/] 与日志不一致；请重算 They differ; rebuild: yikou insight rebuild")
        raise typer.Exit(1)
    out.print("[green]✓[/] 与日志一致 The same as the log says")
