"""`yikou`: the demonstration, the operator's tools, and a look at what happens. Speaks Chinese first, then English."""

from __future__ import annotations

import sys

import typer

from deploy.cli import cases, census, dead, demo, insight, matters, meters, owners, replay
from deploy.cli.screen import TROUBLES, tell_trouble

app = typer.Typer(
    name="yikou",
    no_args_is_help=True,
    add_completion=False,
    help="一口受理平台 · One desk, every back office.",
)
app.add_typer(demo.app, name="demo")
app.add_typer(cases.app, name="cases")
app.add_typer(dead.app, name="dead")
app.add_typer(matters.app, name="matters")
app.add_typer(insight.app, name="insight")
app.add_typer(meters.app, name="meters")
app.add_typer(census.app, name="census")
app.add_typer(owners.app, name="property")
app.command("replay")(replay.replay)


def main() -> None:
    try:
        app()
    except TROUBLES as trouble:
        tell_trouble(trouble)
        sys.exit(1)


__all__ = ["app", "main"]
