"""Real meter data, sent again as devices send it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.cli.screen import out
from deploy.cli.surroundings import needed
from deploy.demonstration import CONCENTRATOR, DEVICE_SECRET
from services.meters.replay import FILE, interleaved, publish, readings


def replay(
    file: Annotated[
        Path, typer.Argument(help="读数文件 The file of readings.", exists=True, dir_okay=False)
    ] = FILE,
    speed: Annotated[
        float | None,
        typer.Option(
            help="数据的几秒过成一秒；不给则尽快 Seconds of the data in one of ours; none: as fast as it goes."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="只送前几条 Only the first readings.")] = None,
    together: Annotated[int, typer.Option(help="几条合成一个报文 Readings in a message.", min=1)] = 1,
) -> None:
    """经 MQTT 重放真实读数 · Replay real readings over MQTT."""
    total = sum(1 for _ in islice(readings(file), limit))
    columns = (TextColumn("[bold]读数 Readings"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:
        bar = progress.add_task("", total=total)
        confirmed = publish(
            (sent.wire() for sent in islice(interleaved(file), limit)),
            needed("MQTT_HOST"),
            int(needed("MQTT_PORT")),
            CONCENTRATOR,
            needed(DEVICE_SECRET),
            speed=speed,
            together=together,
            progress=lambda count: progress.update(bar, completed=count),
        )
    out.print(f"[green]✓[/] 已由消息中间件确认 Confirmed by the broker: {confirmed}")
