"""Tools of whoever looks after meters: what a frame says, what readings are worth, and what the judges find in them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from deploy.cli import meter_findings
from services.meters import frames
from services.meters.frames import profiles
from services.meters.frames.faults import Fault
from services.meters.vee import files
from services.meters.vee.amounts import MILLION

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


@app.command()
def vee(
    file: Annotated[
        Path,
        typer.Argument(help="读数文件，.csv 或 .csv.gz A file of readings.", exists=True, dir_okay=False),
    ],
    zone: Annotated[
        str | None,
        typer.Option(help="按哪个时区的零点分日 Whose midnight ends a day; by default the file's."),
    ] = None,
    interval: Annotated[
        int | None,
        typer.Option(help="读数间隔（分钟），不给则从数据看出 Minutes between readings.", min=1, max=1440),
    ] = None,
    digits: Annotated[int, typer.Option(help="表盘位数 Digits of the register.", min=3, max=10)] = 6,
) -> None:
    """校验与估算读数，每个发现一行 JSON · Validate and estimate readings; a line of JSON for every finding."""
    try:
        content = files.read(file, ZoneInfo(zone) if zone else None)
    except ZoneInfoNotFoundError:
        raise typer.BadParameter(f"没有这个时区 There is no such time zone: {zone}") from None
    except files.UnknownForm as error:
        raise typer.BadParameter(
            f"第一行应为 The first line must be “{';'.join(files.REAL)}” / “{','.join(files.PLAIN)}” ({error})"
        ) from None
    for bad in content.bad:
        _tell(f"第 {bad.line} 行 line {bad.line}: {bad.reason}")
    counts: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    readings = registers = disordered = 0
    for judged in files.judged(content, digits, interval * 60 * MILLION if interval else None):
        registers += 1
        readings += len(judged.stream.rows)
        disordered += judged.stream.out_of_order
        methods.update(estimate.method for estimate in judged.outcome.estimates)
        for line in files.told(judged, content.zone):
            counts[str(line["rule"])] += 1
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    _tell(
        f"{registers} 个寄存器 registers, {readings} 条读数 readings, {len(content.bad)} 行无法读取 bad lines, "
        f"{disordered} 条乱序 out of order"
    )
    _tell("发现 findings: " + (", ".join(f"{rule} {count}" for rule, count in counts.most_common()) or "0"))
    _tell("估算 estimates: " + (", ".join(f"{name} {count}" for name, count in methods.most_common()) or "0"))


app.command("findings")(meter_findings.findings)


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
