"""The catalogue of matters, as files that officers may edit: checked, and tried out on a form before they are in force."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from deploy.cli.screen import out
from services.chassis import clock
from services.chassis.calendar import ZONE
from services.chassis.errors import Problem
from services.chassis.settings import settings
from services.frontdesk import forms, matters
from services.frontdesk.trials import course

app = typer.Typer(no_args_is_help=True, help="事项目录 · The catalogue of matters.")


@app.callback()
def catalogue() -> None:
    """事项目录 · The catalogue of matters."""


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="文件或目录 A file or a folder.")] = matters.DATA,
) -> None:
    """检查事项文件，逐条指出问题 · Check matter files and name every fault, with file, line and path."""
    tell(matters.check(path))
    out.print(f"[green]✓[/] 没有问题 No faults  [dim]{path}[/]")


@app.command("try")
def attempt(
    what: Annotated[str, typer.Argument(help="事项编码、标识或文件 Code, slug or file of a matter.")],
    form: Annotated[
        Path, typer.Option(help="表单文件 {applicant, form, materials} A form, as YAML or JSON.")
    ],
    version: Annotated[int | None, typer.Option(help="版本 Version.")] = None,
    place: Annotated[str | None, typer.Option(help="受理地点编码 Place code.")] = None,
    at: Annotated[
        datetime | None, typer.Option(help="受理时间（北京时间） When it is filed, by Beijing time.")
    ] = None,
    outcome: Annotated[
        list[str] | None, typer.Option(help="某单位的结果，如 grid=refused How a unit's step ends.")
    ] = None,
) -> None:
    """试办：哪些单位、何时到期、谁等谁，不触动任何数据 · A test-run that touches nothing."""
    matter = _matter(what, version)
    given = yaml.safe_load(form.read_text(encoding="utf-8"))
    if not isinstance(given, dict):
        raise typer.BadParameter("表单文件应为 {applicant, form, materials} The form has to be a mapping.")
    facts = {**(given.get("applicant") or {}), **(given.get("form") or {})}
    found = course.attempt(
        matter,
        facts,
        given.get("materials") or [],
        place or forms.place_of(matter, facts) or settings().place,
        at.replace(tzinfo=ZONE) if at else clock.now(),
        dict(one.split("=", 1) for one in outcome or [] if "=" in one),
    )
    show(found)
    if not found["acceptable"]:
        raise typer.Exit(1)


def _matter(what: str, version: int | None) -> matters.Matter:
    path = Path(what)
    if path.suffix != ".yaml":
        try:
            return matters.catalogue().get(what, version)
        except Problem as problem:
            raise typer.BadParameter(f"{problem.chinese} {problem.en}") from None
    found, findings = matters.read_text(
        path.read_text(encoding="utf-8"),
        path.parent if (path.parent / "_shared.yaml").exists() else matters.DATA,
        path.name,
    )
    tell(findings)
    assert found is not None
    return found


def tell(findings: list[matters.Finding]) -> None:
    for finding in findings:
        out.print(str(finding), markup=False)
    if findings:
        out.print(f"[red]✗[/] {len(findings)} 处问题 faults")
        raise typer.Exit(1)


def show(found: dict[str, Any]) -> None:
    out.print(
        f"[bold]{found['title_zh']} {found['title_en']}[/]  v{found['version']}  {found['place']}"
        f"  受理 filed {_local(found['filed_at'])}  承诺 promised {_local(found['due_at'])}"
    )
    for fault in found["faults"]:
        out.print(f"[red]✗[/] {fault['path']}: {fault['zh']} {fault['en']}")
    for task in found["tasks"]:
        after = f"  等待 after {', '.join(task['waits_for'])}" if task["waits_for"] else ""
        later = f"  升级 escalates {_local(task['escalates_at'])}" if task["escalates_at"] else ""
        out.print(
            f"{'★' if task['lead'] else '●'} [bold]{task['unit_zh']} {task['unit_en']}[/] ({task['unit']})"
            f"  {task['title_zh']} {task['title_en']}{after}\n"
            f"  {_local(task['begins_at'])} → [bold]{_local(task['due_at'])}[/]"
            f"  签收 sign by {_local(task['sign_by'])}{later}"
        )
    for step in found["not_needed"]:
        out.print(f"[dim]– {step['unit_zh']} {step['unit_en']}: 仅当 only if {step['only_if'] or '…'}[/]")
    if found["calendar_unknown_years"]:
        out.print(f"[yellow]![/] 日历无数据的年份 No holidays known for {found['calendar_unknown_years']}")
    mark = "[green]✓[/]" if found["in_time"] else "[yellow]![/]"
    closes = _local(found["closes_at"]) if found["closes_at"] else "—"
    out.print(f"{mark} {found['verdict']}  最迟办结 closes at the latest {closes}")


def _local(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
