"""For whoever wants to see that the sample of a census was not chosen by anybody: it is computed again from the seed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.census import sampling

app = typer.Typer(no_args_is_help=True, help="人口普查 · The census.")


@app.callback()
def census() -> None:
    """人口普查 · The census."""


@app.command()
def sample(
    seed: Annotated[str, typer.Option(help="种子，结束后公布 The seed, shown after the close.")],
    census_id: Annotated[str, typer.Option("--census", help="普查编号 The census's id.")],
    block: Annotated[int | None, typer.Option(help="普查小区号 A block's number.", min=1)] = None,
    households: Annotated[
        int | None, typer.Option(help="该小区户数 How many households are listed in it.", min=0)
    ] = None,
    blocks: Annotated[
        Path | None,
        typer.Option(
            help="CSV：block,households 两列 A file of blocks instead.", exists=True, dir_okay=False
        ),
    ] = None,
    every: Annotated[int, typer.Option(help="每几户抽一户 One household in so many.", min=1)] = 10,
    fingerprint: Annotated[
        str | None, typer.Option(help="公布过的种子指纹，用于核对 The fingerprint that was shown before.")
    ] = None,
) -> None:
    """重算长表样本，每个小区一行 JSON；指纹不符时退出码 1 · The long-form sample again, a line of JSON for each block."""
    if fingerprint and sampling.fingerprint(seed) != fingerprint:
        typer.echo("种子与公布的指纹不符 The seed is not the one whose fingerprint was shown.", err=True)
        raise typer.Exit(1)
    for number, count in _asked(block, households, blocks):
        serials = sampling.sample(seed, census_id, number, count, every)
        typer.echo(json.dumps({"block": number, "households": count, "serials": serials}))


def _asked(block: int | None, households: int | None, blocks: Path | None) -> Iterator[tuple[int, int]]:
    if blocks is None:
        if block is None or households is None:
            raise typer.BadParameter(
                "请给出 --block 与 --households，或 --blocks 文件 Give --block and --households, or --blocks."
            )
        yield block, households
        return
    with blocks.open(encoding="utf-8-sig", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                yield int(row["block"]), int(row["households"])
            except (KeyError, TypeError, ValueError):
                raise typer.BadParameter(
                    f"第 {line} 行应有 block 与 households Line {line}: block and households are expected."
                ) from None
