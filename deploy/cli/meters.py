"""Meters on the operator's table."""

from __future__ import annotations

import typer

from deploy.cli import meter_findings

app = typer.Typer(no_args_is_help=True, help="水电气表 · Meters.")


@app.callback()
def meters() -> None:
    """水电气表 · Meters."""


app.command("findings")(meter_findings.findings)
