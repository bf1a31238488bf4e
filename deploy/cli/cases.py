"""Looking at cases."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.hall import Hall
from deploy.cli.screen import ENDED, ends, lanes, moving_lanes, out, told

app = typer.Typer(no_args_is_help=True, help="办件 · Cases.")


@app.callback()
def cases() -> None:
    """办件 · Cases."""


@app.command()
def watch(
    no: Annotated[str, typer.Argument(help="件号 The case's number.")],
    account: Annotated[str, typer.Option(help="以哪个账号查看 On whose account.")] = "supervisor",
) -> None:
    """实时看一件的办理，直到办结 · Watch a case as it happens, until it ends."""
    hall = Hall(account)
    with moving_lanes() as show:
        for line in hall.lines(no):
            out.print(told(line))
            if (face := line.get("case")) is None:  # a line of the past; the case has gone on since
                face = hall.get(f"/v1/cases/{no}")
            show(lanes(no, face))
            if ends(line) and face["status"] in ENDED:
                return
