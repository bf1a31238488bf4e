"""The demonstration: load the community, then walk the main job."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import typer
from rich.markup import escape
from rich.progress import Progress, TimeElapsedColumn

from deploy import demonstration
from deploy.cli.screen import out
from deploy.cli.surroundings import needed, surroundings
from deploy.cli.walk import Walk
from services.chassis.calls import Calls

app = typer.Typer(no_args_is_help=True, help="示范社区 · The demonstration community.")


@app.command()
def load() -> None:
    """载入示范社区（可重复） · Load the demonstration community (may be repeated)."""
    begun = time.monotonic()
    with (
        Calls(needed("AMQP_URI"), "yikou-demo") as calls,
        out.status("载入示范社区 Loading the community") as status,
    ):

        def loaded(zh: str, en: str, answer: Mapping[str, Any]) -> None:
            counts = ", ".join(
                f"{key} {_short(value)}" for key, value in answer.items() if value not in (None, {}, [])
            )
            out.print(f"  [green]●[/] {zh} [dim]{en}  {escape(counts)}[/]")
            status.update("载入示范社区 Loading the community")

        demonstration.load(calls, surroundings(), loaded)
    out.print(f"[green]✓[/] 示范社区就绪 The community is loaded  [dim]{time.monotonic() - begun:.1f} s[/]")


@app.command()
def street() -> None:
    """载入示范街道：十个社区、一万四千户、一年办件（可重复） · Load the street: ten communities, 14,000 households, a year of cases (may be repeated)."""
    load()
    begun = time.monotonic()
    env = surroundings()
    with (
        Calls(needed("AMQP_URI"), "yikou-demo") as calls,
        Progress(*Progress.get_default_columns(), TimeElapsedColumn(), console=out) as progress,
    ):
        steps = demonstration.street(calls, env.get("YIKOU_PLACE", "110105001001"), date.today())
        bar = progress.add_task("示范街道 The street", total=len(steps))
        filed = 0
        for zh, en, load_it in steps:
            progress.update(bar, description=f"{zh} {en}")
            filed += (load_it() or {}).get("cases", 0)
            progress.advance(bar)
    out.print(
        f"[green]✓[/] 示范街道就绪 The street is loaded  [dim]{filed} cases, {time.monotonic() - begun:.1f} s[/]"
    )


def _short(value: Any) -> str:
    return str(len(value)) if isinstance(value, list | dict) else str(value)


@app.command()
def walk(deadline: float = typer.Option(120.0, help="总时限（秒） Seconds for everything.")) -> None:
    """走一遍主流程：一家人入住、老人关爱、漏水发现 · Walk the main job through the public doors only."""
    Walk(deadline).walk()
