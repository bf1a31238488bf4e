"""Reading matters from their files, and saying everything that is wrong with them at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin

import msgspec
import yaml

from services.chassis.calendar import Promise
from services.contracts import frontdesk as contract
from services.contracts.units import UNITS
from services.frontdesk.certificates.model import placeholders
from services.frontdesk.matters.conditions import Condition
from services.frontdesk.matters.matter import Certificate, Choice, Field, Matter, Step

SHARED = "_shared.yaml"
FIELDS_A_GROUP = 3
_REDO = (Promise.parse("5wd").roughly, Promise.parse("15wd").roughly)
MEDIA_TYPES = {"application/pdf", "image/jpeg", "image/png", "video/mp4", "audio/mpeg"}

BY_ITSELF = ("burst", "topic", "diary")
"""What the desk opens a case for by itself, beside events."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Finding(NamedTuple):
    """One thing that is wrong, where, in both languages."""

    file: str
    where: str
    zh: str
    en: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.where}: {self.zh} · {self.en}"


Said = tuple[str, str, str]  # where, zh, en


class Source(NamedTuple):
    """A file, or a text that may become one."""

    name: str
    text: str
    data: dict[str, Any]
    findings: list[Finding]

    def finding(self, where: str, zh: str, en: str) -> Finding:
        return Finding(self.name, where, zh, en, line_of(self.text, where))


def check(path: Path | str) -> list[Finding]:
    """Everything that is wrong with one file, or with a folder of them."""
    return read(Path(path))[1]


def read(path: Path) -> tuple[list[Matter], list[Finding]]:
    """The matters that can be read, and everything that is wrong."""
    folder = path if path.is_dir() else path.parent
    files = (
        [file for file in sorted(folder.glob("*.yaml")) if file.name != SHARED] if path.is_dir() else [path]
    )
    shared = _shared(folder)
    findings = list(shared.findings)
    matters: dict[str, tuple[Source, Matter]] = {}
    for file in files:
        source = _load(file)
        matter, faults = _matter(source, shared.data)
        findings += faults
        if matter:
            matters[file.name] = source, matter
    if not files:
        findings.append(Finding(str(path), ".", "没有事项文件", "there are no matters here"))
    return [matter for _, matter in matters.values()], findings + list(_clashes(matters))


def read_text(text: str, folder: Path, name: str = "matter") -> tuple[Matter | None, list[Finding]]:
    """A draft that lies in no file yet, with what a folder's files share. It comes from outside, so it may not grow: YAML's
    aliases can make a page of text into gigabytes."""
    try:
        aliased = any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader))
    except yaml.YAMLError:
        aliased = False  # and what is wrong with it is said below
    if aliased:
        return None, [Finding(name, ".", "不得使用 YAML 别名", "may not use aliases of YAML")]
    return _matter(_parse(name, text), _shared(folder).data)


# -- the form of a file --------------------------------------------------------------------------------


def _shared(folder: Path) -> Source:
    return _load(folder / SHARED) if (folder / SHARED).exists() else Source(SHARED, "", {}, [])


def _load(file: Path) -> Source:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Source(file.name, "", {}, [_unreadable(file.name, error)])
    return _parse(file.name, text)


def _parse(name: str, text: str) -> Source:
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # an impossible date is a ValueError
        mark = getattr(error, "problem_mark", None)
        return Source(name, text, {}, [_unreadable(name, error, mark.line + 1 if mark else None)])
    if not isinstance(data, dict):
        return Source(name, text, {}, [Finding(name, ".", "应为键值结构", "has to be a mapping", 1)])
    return Source(name, text, data, [])


def _unreadable(name: str, error: Exception, line: int | None = None) -> Finding:
    where = " ".join(str(error).split())
    return Finding(name, ".", f"无法读取：{where}", f"cannot be read: {where}", line)


def _expanded(data: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """A name where a group, field or material belongs stands for the shared one of that name."""

    def resolve(kind: str, items: Any) -> Any:
        known = shared.get(kind, {})
        if not isinstance(items, list):
            return items
        return [known.get(item, item) if isinstance(item, str) else item for item in items]

    groups = resolve("groups", data.get("groups", []))
    if isinstance(groups, list):
        groups = [
            {**group, "fields": resolve("fields", group.get("fields"))} if isinstance(group, dict) else group
            for group in groups
        ]
    return {**data, "groups": groups, "materials": resolve("materials", data.get("materials", []))}


def _matter(source: Source, shared: dict[str, Any]) -> tuple[Matter | None, list[Finding]]:
    if source.findings:
        return None, source.findings
    data = _expanded(source.data, shared)
    said = list(_misfits(data, Matter, ""))
    if said:
        return None, [source.finding(*one) for one in said]
    matter = msgspec.convert(data, Matter, dec_hook=_decode)
    return matter, [source.finding(*one) for one in _contradictions(matter)]


def _misfits(data: Any, wanted: Any, where: str) -> Iterator[Said]:
    """Part by part, all the way down, so that one fault does not hide the next."""
    part = _part_of(wanted)
    if isinstance(part, type) and issubclass(part, msgspec.Struct) and isinstance(data, dict):
        known = {field.encode_name: field for field in msgspec.structs.fields(part)}
        for name in sorted(str(key) for key in data.keys() - known.keys()):
            yield f"{where}.{name}".lstrip("."), f"没有“{name}”这一项", f"unknown field `{name}`"
        for name, field in known.items():
            if name in data:
                yield from _misfits(data[name], field.type, f"{where}.{name}".lstrip("."))
            elif field.required:
                yield where or ".", f"缺少“{name}”", f"missing required field `{name}`"
    elif get_origin(part) is tuple and isinstance(data, list):
        for place, item in enumerate(data):
            yield from _misfits(item, get_args(part)[0], f"{where}[{place}]")
    else:
        try:
            msgspec.convert(data, wanted, dec_hook=_decode)
        except msgspec.ValidationError as error:
            fault, _, inner = str(error).partition(" - at `$")
            yield (where + inner.rstrip("`")).lstrip(".") or ".", f"不符合格式：{fault}", fault


def _part_of(wanted: Any) -> Any:
    """`Sooner | None` is a Sooner where there is one."""
    parts = [one for one in get_args(wanted) if one is not type(None)]
    return parts[0] if isinstance(wanted, UnionType) and len(parts) == 1 else wanted


def line_of(text: str, where: str) -> int | None:
    """The line of the file on which a fault is: of the innermost part of its path that stands there. What a file takes
    from the shared ones is on the line that names it."""
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    line = 1
    for name in re.findall(r"[^.\[\]]+", where):
        found = _inner(node, name)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


def _inner(node: Any, name: str) -> tuple[Any, Any] | None:
    """(where it begins, what it is) of a key, a place in a list, or the item of a list that goes by a name."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                return key, value
        lists = [value for _, value in node.value if isinstance(value, yaml.SequenceNode)]
        return next((found for one in lists if (found := _inner(one, name))), None)
    if isinstance(node, yaml.SequenceNode):
        if name.isdigit() and int(name) < len(node.value):
            return node.value[int(name)], node.value[int(name)]
        for item in node.value:
            named = item.value if isinstance(item, yaml.MappingNode) else [(None, item)]
            if any(
                value.value == name
                for key, value in named
                if key is None or key.value in ("key", "name", "unit", "value")
            ):
                return item, item
    return None


def _decode(wanted: type, value: Any) -> Any:
    if wanted is Promise or wanted is Condition:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} has to be text")
        return wanted.parse(value)
    raise NotImplementedError(wanted)


# -- what a file contradicts itself in -----------------------------------------------------------------


def _contradictions(matter: Matter) -> Iterator[Said]:
    yield from _untranslated(matter, "")
    yield from _form_faults(matter)
    yield from _material_faults(matter)
    yield from _step_faults(matter)
    yield from _promise_faults(matter)
    if matter.certificate:
        yield from _certificate_faults(matter, matter.certificate)
    for channel in matter.channels:
        if channel not in contract.CHANNELS:
            yield "channels", f"没有渠道“{channel}”", f"there is no channel {channel!r}"
    if not matter.channels:
        yield "channels", "至少要有一个渠道", "needs at least one channel"
    if not matter.basis:
        yield "basis", "缺少办理依据", "needs a legal basis"
    if matter.raised_by and not (hasattr(contract, matter.raised_by) or matter.raised_by in BY_ITSELF):
        yield "raised_by", f"没有事件“{matter.raised_by}”", f"there is no event {matter.raised_by!r}"
    for reminder in matter.reminders:  # intake
        step = matter.step(reminder.unit)
        if step is None or reminder.outcome not in {"done", *(outcome.value for outcome in step.outcomes)}:
            yield "reminders", "提醒所指的步骤或结果不存在", "a reminder waits for an outcome no step has"
        if not reminder.after.round_the_clock or reminder.after.roughly >= reminder.until.roughly:
            yield (
                "reminders",
                "提醒须早于期限，以日计",
                "a reminder comes before the time is over, counted in days",
            )
    for review in matter.petition.reviews if matter.petition else ():
        if review.unit not in UNITS:
            yield "petition", f"没有单位“{review.unit}”", f"there is no unit {review.unit!r}"
    if matter.quorum and matter.quorum > len(matter.steps):
        yield "roll_up", "办结所需数超过步骤数", "asks for more parts than there are steps"


def _untranslated(part: Any, where: str) -> Iterator[Said]:
    """Chinese where Chinese belongs and English where English belongs, all the way down."""
    zh, en = getattr(part, "zh", None), getattr(part, "en", None)
    if isinstance(part, Promise | Condition):
        return
    if zh is not None and not _CHINESE.search(zh):
        yield f"{where}.zh".lstrip("."), "缺少中文", "is not Chinese"
    if en is not None and (_CHINESE.search(en) or not en.strip()):
        yield f"{where}.en".lstrip("."), "缺少英文", "is not English"
    if isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            yield from _untranslated(getattr(part, name), f"{where}.{name}".lstrip("."))
    elif isinstance(part, tuple):
        for place, inner in enumerate(part):
            yield from _untranslated(inner, f"{where}[{place}]")


def _form_faults(matter: Matter) -> Iterator[Said]:
    for key in _twice(group.key for group in matter.groups):
        yield "groups", f"分组“{key}”重复", f"the group {key!r} is there twice"
    for name in _twice(field.name for field in matter.fields):
        yield "groups", f"字段“{name}”重复，同一内容只问一次", f"the field {name!r} is asked twice"
    for group in matter.groups:
        if not 1 <= len(group.fields) <= FIELDS_A_GROUP:
            yield (
                f"groups.{group.key}",
                "每组应有 1 至 3 个字段",
                f"has {len(group.fields)} fields; a screen asks 1 to 3",
            )
        for field in group.fields:
            yield from _field_faults(field, f"groups.{group.key}.{field.name}", in_list=False)
            if field.required_if:
                yield from _unknown_names(
                    matter, field.required_if, f"groups.{group.key}.{field.name}.required_if"
                )


def _field_faults(field: Field, where: str, in_list: bool) -> Iterator[Said]:
    if (field.type == "choice") != bool(field.choices):
        yield where, "选项只能且必须用于 choice", "choices belong to a choice, and a choice needs them"
    for value in _twice(choice.value for choice in field.choices):
        yield where, f"选项“{value}”重复", f"the choice {value!r} is there twice"
    if (field.type == "list") != bool(field.fields):
        yield where, "列只能且必须用于 list", "columns belong to a list, and a list needs them"
    if field.type == "list" and in_list:
        yield where, "列表中不能再有列表", "is a list within a list"
    if field.at_least > field.at_most:
        yield where, "最少行数大于最多行数", "wants more rows than it allows"
    if field.must and field.type != "boolean":
        yield where, "must 只能用于 boolean", "only a box can be one that must be ticked"
    if field.type not in ("number", "integer") and (field.min is not None or field.max is not None):
        yield where, "只有数字才有范围", "only numbers have a range"
    if field.min is not None and field.max is not None and field.min > field.max:
        yield where, "最小值大于最大值", "its least value is above its greatest"
    if field.pattern is not None:
        try:
            re.compile(field.pattern)
        except re.error as error:
            yield where, f"正则表达式无效：{error}", f"the pattern does not compile: {error}"
        if field.type != "text":
            yield where, "只有 text 可以有 pattern", "only text has a pattern"
    if in_list and field.required_if:
        yield where, "列表内不支持 required_if", "required_if is not for the columns of a list"
    for name in _twice(column.name for column in field.fields):
        yield where, f"列“{name}”重复", f"the column {name!r} is there twice"
    for column in field.fields:
        yield from _field_faults(column, f"{where}.{column.name}", in_list=True)


def _material_faults(matter: Matter) -> Iterator[Said]:
    for name in _twice(material.name for material in matter.materials):
        yield "materials", f"材料“{name}”重复", f"the material {name!r} is there twice"
    for material in matter.materials:
        strange = sorted(set(material.accepts) - MEDIA_TYPES)
        if strange or not material.accepts:
            yield (
                f"materials.{material.name}",
                f"文件类型有误：{strange}",
                f"accepts unknown types: {strange}",
            )


def _step_faults(matter: Matter) -> Iterator[Said]:
    if not matter.steps:
        yield "steps", "没有办理步骤", "there is no step"
    units = {step.unit for step in matter.steps}
    for unit in _twice(step.unit for step in matter.steps):
        yield "steps", f"“{unit}”出现两次，每个单位只能有一个步骤", f"the unit {unit!r} has two steps"
    reached = _reached(matter.steps)
    in_cycle = _on_a_cycle(matter.steps)
    for step in matter.steps:
        where = f"steps.{step.unit}"
        if step.unit not in UNITS:
            yield where, f"没有单位“{step.unit}”", f"there is no unit {step.unit!r}"
        for unit in step.after:
            if unit not in units:
                yield where, f"等待的“{unit}”不在步骤中", f"waits for {unit!r}, which has no step here"
        for unit, outcome in step.when.items():
            before = matter.step(unit)
            if unit not in step.after:
                yield (
                    where,
                    f"when 中的“{unit}”不在 after 中",
                    f"asks how {unit!r} ended without waiting for it",
                )
            elif before and outcome not in {"done", "refused", *(choice.value for choice in before.outcomes)}:
                yield where, f"“{unit}”没有结果“{outcome}”", f"{unit!r} never ends as {outcome!r}"
        if step.unit in in_cycle:
            yield where, "步骤互相等待，形成循环", "waits for itself in a circle"
        elif step.unit not in reached:
            yield where, "永远轮不到此步骤", "can never be reached"
        if step.informs and step.informs not in {choice.value for choice in step.outcomes}:
            yield f"{where}.informs", f"没有结果“{step.informs}”", f"never ends as {step.informs!r}"
        if step.only_if:
            yield from _unknown_names(matter, step.only_if, f"{where}.only_if")
        if step.escalates:
            yield from _escalation_faults(matter, step, f"{where}.escalates")
        if step.sooner:
            yield from _unknown_names(matter, step.sooner.condition, f"{where}.sooner")


ASKED_FOR_A_CERTIFICATE = ("id_number", "reason", "purpose", "pledge")
CITED = ("requester", "legal_article")


def _certificate_faults(matter: Matter, certificate: Certificate) -> Iterator[Said]:
    """What nobody gets a certificate without: ID, reason, purpose, evidence, a truth pledge, and the cited article."""
    asked = {field.name: field for field in matter.fields}
    for name in (*ASKED_FOR_A_CERTIFICATE, *(() if certificate.law else CITED)):
        field = asked.get(name)
        if field is None or not (field.must if name == "pledge" else field.required):
            yield "certificate", f"出具证明须要求填写“{name}”", f"a certificate has to ask for {name!r}"
    if all(material.how == "fetched" for material in matter.materials):
        yield "certificate", "出具证明须要求申请人提供证据材料", "a certificate has to ask for evidence"
    if not matter.step(certificate.unit):
        yield "certificate.unit", f"“{certificate.unit}”没有步骤", f"{certificate.unit!r} has no step here"
    for where, sentence in (("zh", certificate.says.zh), ("en", certificate.says.en)):
        for name in placeholders(sentence):
            unit, dot, _ = name.partition(".")
            if name not in asked and not (dot and matter.step(unit)):
                yield (
                    f"certificate.says.{where}",
                    f"“{name}”既不是表单字段，也不是步骤的结果",
                    f"{name!r} is neither a field of the form nor what a step here finds",
                )


def _escalation_faults(matter: Matter, step: Step, where: str) -> Iterator[Said]:
    assert step.escalates is not None
    outcome = step.escalates.outcome
    if outcome not in {choice.value for choice in step.outcomes}:
        yield where, f"“{step.unit}”没有结果“{outcome}”", f"{step.unit!r} never ends as {outcome!r}"
    if not any(other.when.get(step.unit) == outcome for other in matter.steps):
        yield where, f"没有步骤在等待“{outcome}”", f"no step waits for {outcome!r}"
    if step.escalates.after.roughly > step.promise.roughly:
        yield where, "升级时间晚于该步骤时限", "comes after the step's own promise"


def _promise_faults(matter: Matter) -> Iterator[Said]:
    if matter.redo_within and not _REDO[0] <= matter.redo_within.roughly <= _REDO[1]:
        yield (
            "redo_within",
            "整改应为 5 至 15 个工作日",
            "what is rated badly is put right in 5 to 15 working days",
        )
    if matter.sooner:
        yield from _unknown_names(matter, matter.sooner.condition, "sooner")
    if _on_a_cycle(matter.steps):  # a chain without an end has no length
        return
    slack = timedelta(minutes=1)  # of rounding
    needed = _longest(matter.steps, lambda step: step.promise)
    if needed > matter.promise.roughly + slack:
        yield "promise", "各步骤用时之和超过承诺时限", f"the steps in turn need longer than {matter.promise}"
    if matter.sooner:
        urgent = _longest(matter.steps, lambda step: step.sooner.promise if step.sooner else step.promise)
        skippable = any(step.only_if and not step.sooner for step in matter.steps)
        if urgent > matter.sooner.promise.roughly + slack and not skippable:
            yield (
                "sooner",
                "各步骤用时之和超过加急时限",
                f"the steps in turn need longer than {matter.sooner.promise}",
            )


def _unknown_names(matter: Matter, condition: Condition, where: str) -> Iterator[Said]:
    for term in condition.terms:
        field = next((field for field in matter.fields if field.name == term.path[0]), None)
        columns = {column.name: column for column in field.fields} if field else {}
        last = columns.get(term.path[1]) if len(term.path) == 2 else field
        if last is None:
            name = ".".join(term.path)
            yield (
                where,
                f"条件中的“{name}”不是表单字段",
                f"the condition speaks of {name!r}, which the form does not ask",
            )
        elif term.value is not None and last.choices and term.value not in _values(last.choices):
            yield where, f"“{last.name}”没有选项“{term.value}”", f"{last.name!r} has no choice {term.value!r}"


def _clashes(matters: dict[str, tuple[Source, Matter]]) -> Iterator[Finding]:
    """Faults no single file shows."""
    seen: dict[tuple[str, int], str] = {}
    named: dict[str, str] = {}
    for file, (source, matter) in matters.items():
        key = (matter.code, matter.version)
        if key in seen:
            yield source.finding("version", f"与 {seen[key]} 版本重复", f"is the same version as {seen[key]}")
        seen[key] = file
        for one, other in ((matter.code, matter.slug), (matter.slug, matter.code)):
            if named.setdefault(one, other) != other:
                yield source.finding(
                    "slug", f"“{one}”已属于另一事项", f"{one!r} already belongs to another matter"
                )


# -- walking the steps ---------------------------------------------------------------------------------


def _reached(steps: Iterable[Step]) -> set[str]:
    reached: set[str] = set()
    grew = True
    while grew:
        ready = {step.unit for step in steps if reached.issuperset(step.after)} - reached
        grew = bool(ready)
        reached |= ready
    return reached


def _on_a_cycle(steps: Iterable[Step]) -> set[str]:
    after = {step.unit: set(step.after) for step in steps}

    def ancestors(unit: str) -> set[str]:
        found: set[str] = set()
        ahead = set(after[unit])
        while ahead:
            found |= ahead
            ahead = {before for one in ahead for before in after.get(one, ())} - found
        return found

    return {unit for unit in after if unit in ancestors(unit)}


def _longest(steps: tuple[Step, ...], promise_of: Any) -> timedelta:
    """About how long the longest chain of steps takes."""
    ends: dict[str, timedelta] = {}
    for _ in steps:  # each round settles at least one more link of a chain
        for step in steps:
            begin = max((ends.get(unit, timedelta(0)) for unit in step.after), default=timedelta(0))
            ends[step.unit] = begin + promise_of(step).roughly
    return max(ends.values(), default=timedelta(0))


def _values(choices: Iterable[Choice]) -> set[str]:
    return {choice.value for choice in choices}


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
