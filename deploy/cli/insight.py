"""Insight's read models: not data, but made from its log."""

from __future__ import annotations

import typer

from deploy.cli.screen import out
from deploy.cli.surroundings import needed
from services.chassis.calls import Calls
from services.contracts import insight

app = typer.Typer(no_args_is_help=True, help="态势数字 · The read models behind every number.")
PATIENCE = 600.0
"""Seconds: a year's log is read once from end to end."""


@app.callback()
def read_models() -> None:
    """态势数字 · The read models behind every number."""


@app.command()
def rebuild() -> None:
    """从日志重算全部数字，期间屏幕照旧 · Make every number anew from the log; screens go on meanwhile."""
    with Calls(needed("AMQP_URI"), "yikou-insight") as calls, out.status("重算 Rebuilding"):
        made = calls.call(insight.RebuildReadModels, timeout=PATIENCE)
    out.print(f"[green]✓[/] 已重算 Rebuilt  [dim]{made['cases']} 件 cases, {made['lanes']} 条泳道 lanes[/]")
