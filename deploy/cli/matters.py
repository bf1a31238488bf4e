"""The catalogue of matters, as files that officers may edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.screen import out
from services.frontdesk import matters

app = typer.Typer(no_args_is_help=True, help="事项目录 · The catalogue of matters.")


@app.callback()
def catalogue() -> None:
    """事项目录 · The catalogue of matters."""


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="文件或目录 A file or a folder.")] = matters.DATA,
) -> None:
    """检查事项文件，逐条指出问题 · Check matter files and name every fault."""
    findings = matters.check(path)
    for finding in findings:
        out.print(str(finding), markup=False)
    if findings:
        out.print(f"[red]✗[/] {len(findings)} 处问题 faults")
        raise typer.Exit(1)
    out.print(f"[green]✓[/] 没有问题 No faults  [dim]{path}[/]")
