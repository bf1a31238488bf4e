"""Tools of whoever looks after meters: what a frame says."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from services.meters import frames
from services.meters.frames import profiles
from services.meters.frames.faults import Fault

app = typer.Typer(no_args_is_help=True, help="水电气表 · Meters.")


@app.callback()
def meters() -> None:
    """水电气表 · Meters."""


@app.command()
def decode(
    text: Annotated[
        list[str], typer.Argument(metavar="HEX", help="报文，十六进制，可含空格 The frame in hexadecimal.")
    ],
    profile: Annotated[
        str | None,
        typer.Option(help=f"厂家约定 The maker's profile: {', '.join(profiles.names())}."),
    ] = None,
) -> None:
    """解读一帧报文（DL/T 645、CJ/T 188），输出 JSON；不能解读时指出字节，退出码 1 · Read one frame of a meter."""
    if profile is not None and profile not in profiles.names():
        raise typer.BadParameter(f"没有这个约定 No such profile: {profile}", param_hint="--profile")
    try:
        data = bytes.fromhex("".join(text).removeprefix("0x"))
    except ValueError:
        fault = Fault("not-hex", 0)
        told = {"error": {"slug": fault.slug, "zh": fault.zh, "en": fault.en}, "byte": 0}
    else:
        told = frames.tell(data, profiles.named(profile) if profile else None)
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    if "error" in told:
        raise typer.Exit(1)
