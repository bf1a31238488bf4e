"""Recounting what owners decided, from the published document and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.screen import out
from services.property.owners import proof

app = typer.Typer(no_args_is_help=True, help="物业与业主 · Property and owners.")


@app.callback()
def owners() -> None:
    """物业与业主 · Property and owners."""


@app.command()
def tally(
    path: Annotated[Path, typer.Argument(help="表决公示文件 The published document (GET /v1/votes/…).")],
    receipt: Annotated[Path | None, typer.Option(help="自己的回执 One's own receipt.")] = None,
) -> None:
    """复算表决结果，并可核对自己的回执 · Recount a vote; with a receipt, see that one's own ballot is in it."""
    document = _read(path)
    try:
        faults = proof.check(document)
        told = [(choice, document["tally"][choice]) for choice in proof.CHOICES]
        missing = receipt is not None and not proof.holds(document, _read(receipt))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise typer.BadParameter(f"{path}: 不是表决公示文件 not a published vote ({error!r})") from None
    for choice, sums in told:
        out.print(f"{choice:8} {sums['heads']:>6} 人 heads  {sums['area']:>14} m²")
    if missing:
        faults.append("公示中没有该回执对应的选票 This receipt's ballot is not among the published ones")
    for fault in faults:
        out.print(f"[red]✗[/] {fault}")
    if faults:
        raise typer.Exit(1)
    out.print(f"[green]✓[/] 复算一致 The result is right: [bold]{document['outcome']}[/]")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise typer.BadParameter(f"{path}: {error}") from None
