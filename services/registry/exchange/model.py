"""What a row has to hold, what is wrong with it, and which register may say what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound
from services.contracts import citizens
from services.registry.exchange.files import Lost

STATES: Mapping[tuple[str, str], str] = {
    ("receiving", "complete"): "checking",
    ("checking", "sound"): "checked",
    ("checking", "unreadable"): "failed",
    ("checked", "apply"): "applying",
    ("applying", "done"): "applied",
    ("applying", "overtaken"): "checking",
    ("receiving", "drop"): "dropped",
    ("checked", "drop"): "dropped",
    ("failed", "drop"): "dropped",
}
"""(state, what happens) -> state. `overtaken`: somebody registered one of the rows meanwhile; nothing was stored."""


class UnknownImport(NotFound):
    """There is no such import in your area."""

    zh = "在您的辖区内没有这次导入。"


class ImportNotReady(Conflict):
    """The import is {state}; this is not possible now."""

    zh = "本次导入当前状态为“{state}”，不能进行此操作。"


class ImportHasFaults(Conflict):
    """{faulty} rows are faulty, so the whole is not stored; put them right, or store the sound rows in portions."""

    zh = "有 {faulty} 行有误，不能整体导入；请修改后重新导入，或选择分批导入无误的行。"


class NotTheFile(Conflict):
    """What arrived is not the file that was announced; send it again."""

    zh = "收到的内容与登记的文件不一致，请重新上传。"


class NotTheSource(Conflict):
    """The source of “{field_en}” is {source}; another register may not change it."""

    zh = "“{field_zh}”的数据源为 {source}，其他来源不得修改。"


class UnknownField(Invalid):
    """There is no field {field} with a source; see the list of sources."""

    zh = "没有字段“{field}”，请查看数据源清单。"


class UnknownProposal(NotFound):
    """There is no such proposal in your area."""

    zh = "在您的辖区内没有这项变更建议。"


class ProposalDecided(Conflict):
    """This was decided before: {state}."""

    zh = "该建议已处理：{state}。"


class WhyWhole(Invalid):
    """Whole values need a reason."""

    zh = "导出完整信息须填写原因。"


class NotWhole(Forbidden):
    """Whole values of a place are exported by the supervisor only."""

    zh = "完整信息仅限主管导出。"


def move(state: str, what: str) -> str:
    try:
        return STATES[state, what]
    except KeyError:
        raise ImportNotReady(state=state) from None


# -- one number, one source ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    field: str
    of: str
    zh: str
    en: str
    source: str
    others: str

    def admits(self, who: str) -> str:
        """`write` for the source itself, otherwise what becomes of another's word: `propose` or `refuse`."""
        return "write" if who == self.source else self.others


@cache
def sources() -> Mapping[str, Source]:
    """Field -> its source, from data/sources.yaml."""
    told = yaml.safe_load((Path(__file__).parents[1] / "data" / "sources.yaml").read_text(encoding="utf-8"))
    return {name: Source(field=name, **facts) for name, facts in told["fields"].items()}


# -- columns -------------------------------------------------------------------------------------------

Sentence = tuple[str, str]
Read = Callable[[str], Any]


class Wrong(Exception):
    """What is wrong with a cell, and what would put it right, in both languages."""

    def __init__(self, fault: Sentence, fix: Sentence) -> None:
        self.fault, self.fix = fault, fix


@dataclass(frozen=True)
class Columns:
    name: str
    zh: str
    en: str
    read: Read
    required: bool = False
    also: tuple[str, ...] = ()


def _pattern(pattern: str, fault: Sentence, fix: Sentence) -> Read:
    wanted = re.compile(pattern)

    def read(text: str) -> str:
        if not wanted.fullmatch(text):
            raise Wrong(fault, fix)
        return text

    return read


def _words(most: int) -> Read:
    def read(text: str) -> str:
        if len(text) > most:
            raise Wrong((f"超过 {most} 个字", f"Longer than {most} characters"), ("请缩短", "Shorten it"))
        return text

    return read


def _whole(least: int, most: int) -> Read:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            fix = (f"填写 {least} 至 {most} 的整数", f"A whole number from {least} to {most}")
            raise Wrong(("不是范围内的整数", "Not a whole number in the range"), fix)
        return int(text)

    return read


def _degrees(most: int) -> Read:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = most + 1.0
        if not -most <= value <= most:
            raise Wrong(
                ("不是经纬度", "Not degrees"), ("填写十进制度数，如 116.443", "Decimal degrees, as 116.443")
            )
        return value

    return read


def _area(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not (value.is_finite() and 0 <= value < 100_000):
        raise Wrong(("不是面积", "Not an area"), ("填写平方米数，如 63.75", "Square metres, as 63.75"))
    return value


YES, NO = {"1", "是", "y", "yes", "true", "√"}, {"", "0", "否", "n", "no", "false"}


def _yes(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise Wrong(("应为“是”或“否”", "Not yes or no"), ("填写“是”或“否”", "Write yes or no"))
    return text.lower() in YES


def _day(text: str) -> date:
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise Wrong(("不是日期", "Not a date"), ("按 2026-01-31 的格式填写", "Write it as 2026-01-31"))


def _id_number(text: str) -> str:
    if isinstance(text, Lost):
        raise Wrong(
            (
                "身份证号以数值存储，末几位已丢失",
                "The ID number is stored as a number; its last digits are lost",
            ),
            ("将该列设为“文本”格式后重新填写", "Format the column as text and enter it again"),
        )
    number = text.upper()
    if not citizens.check_id_number(number):
        if re.fullmatch(r"\d{15}", number):
            fix = ("15 位旧号请换为 18 位", "Give the number of 18 characters instead of the old one of 15")
        elif re.fullmatch(r"\d{17}[0-9X]", number) and citizens.birth_date(number) is None:
            fix = ("核对第 7 至 14 位的出生日期", "Check the birth date, characters 7 to 14")
        elif re.fullmatch(r"[1-9]\d{16}[0-9X]", number):
            fix = ("有一位录错，请对照证件逐位核对", "One character is mistyped; compare it with the card")
        else:
            fix = ("应为 18 位，末位可为 X", "18 characters, of which the last may be X")
        raise Wrong(("身份证号不正确", "Not a valid ID number"), fix)
    return number


def _sex(text: str) -> str:
    known = {"男": "male", "女": "female", "male": "male", "female": "female", "m": "male", "f": "female"}
    if text.lower() not in known:
        raise Wrong(("性别应为男或女", "Not male or female"), ("填写“男”或“女”", "Write male or female"))
    return known[text.lower()]


RELATIONS = {
    "本人": "self", "户主": "self", "配偶": "spouse", "妻": "spouse", "夫": "spouse", "子": "child", "女": "child",
    "子女": "child", "父": "parent", "母": "parent", "父母": "parent", "祖父母": "grandparent", "孙子女": "grandchild",
    "兄弟姐妹": "sibling", "租客": "tenant", "其他": "other",
}  # fmt: skip


def _relation(text: str) -> str:
    return RELATIONS.get(text, text)[:60]


GRID = _pattern(
    r"\d{15}", ("不是 15 位网格编码", "Not a grid code of 15 digits"), ("填写 15 位数字", "Give 15 digits")
)
PHONE = _pattern(
    r"\+?[\d-]{5,20}",
    ("不是电话号码", "Not a telephone number"),
    ("只填数字，可带区号", "Digits only, with an area code"),
)
DOOR = _pattern(
    r"[0-9A-Z]{1,8}",
    ("不是门牌号", "Not a door number"),
    ("数字或大写字母，至多 8 位", "Digits or capitals, at most 8"),
)
BUILDING = _pattern(
    r"\d{15}-\d{2,3}",
    ("不是楼栋编码", "Not a building code"),
    ("网格编码-楼号，如 110105001001003-02", "grid-number"),
)
HOME = _pattern(
    r"\d{15}-\d{2,3}-\d{1,2}-[0-9A-Z]{1,8}",
    ("不是住户编码", "Not a household code"),
    ("楼栋编码-单元-门牌，如 110105001001003-02-1-0301", "building-unit-door"),
)

COLUMNS: Mapping[str, tuple[Columns, ...]] = {
    "buildings": (
        Columns("grid", "网格编码", "Grid", GRID, True, ("网格",)),
        Columns("number", "楼号", "Number", _whole(1, 999), True, ("楼栋号",)),
        Columns("address", "地址", "Address", _words(200), True),
        Columns("units", "单元数", "Units", _whole(1, 50)),
        Columns("floors", "层数", "Floors", _whole(1, 150), also=("楼层数",)),
        Columns("built", "建成年份", "Built", _whole(1800, 2200)),
        Columns("longitude", "经度", "Longitude", _degrees(180)),
        Columns("latitude", "纬度", "Latitude", _degrees(90)),
    ),
    "households": (
        Columns("building", "楼栋编码", "Building", BUILDING, True, ("楼栋",)),
        Columns("unit", "单元", "Unit", _whole(1, 50), True),
        Columns("door", "门牌号", "Door", DOOR, True, ("房号", "室")),
        Columns("area", "建筑面积", "Area", _area, also=("面积",)),
        Columns("collective", "集体户", "Collective", _yes),
        Columns("contact_name", "联系人", "Contact", _words(60)),
        Columns("contact_phone", "联系电话", "Contact phone", PHONE),
    ),
    "residents": (
        Columns("household", "住户编码", "Household", HOME, True, ("户编码",)),
        Columns("name", "姓名", "Name", _words(60), True),
        Columns("id_number", "身份证号", "ID number", _id_number, also=("公民身份号码", "身份证号码")),
        Columns("birth_date", "出生日期", "Birth date", _day),
        Columns("sex", "性别", "Sex", _sex),
        Columns("phone", "电话", "Phone", PHONE, also=("手机", "联系电话")),
        Columns("relation", "与户主关系", "Relation", _relation, also=("关系",)),
        Columns("is_party_member", "党员", "Party member", _yes),
        Columns("move_in_date", "迁入日期", "Moved in on", _day),
    ),
}


def header(kind: str, cells: Sequence[str]) -> tuple[dict[int, Columns], list[dict[str, str]]]:
    """Which column of the file is which of ours; what is missing or twice is told."""
    known = {
        word.casefold(): column
        for column in COLUMNS[kind]
        for word in (column.name, column.zh, column.en, *column.also)
    }
    found: dict[int, Columns] = {}
    faults = []
    for place, cell in enumerate(cells):
        column = known.get(cell.strip().casefold())
        if column and column in found.values():
            fix = ("只保留一列", "Keep one of them")
            faults.append(fault_of(column, ("该列出现两次", "The column is there twice"), fix))
        elif column:
            found[place] = column
    for column in COLUMNS[kind]:
        if column.required and column not in found.values():
            fix = (f"在首行加上“{column.zh}”", f"Add “{column.en}” to the first line")
            faults.append(fault_of(column, ("缺少该列", "The column is missing"), fix))
    return found, faults


def fault_of(column: Columns | None, fault: Sentence, fix: Sentence) -> dict[str, str]:
    return {
        "column": column.name if column else "",
        "column_zh": column.zh if column else "",
        "zh": fault[0],
        "en": fault[1],
        "fix_zh": fix[0],
        "fix_en": fix[1],
    }


@dataclass
class Row:
    """A line of the file, as far as it was understood."""

    line: int
    told: dict[str, Any] = field(default_factory=dict)
    faults: list[dict[str, str]] = field(default_factory=list)
    outcome: str = "new"
    resident_id: str | None = None
    proposals: list[dict[str, Any]] = field(default_factory=list)

    def wrong(self, kind: str, name: str, fault: Sentence, fix: Sentence) -> None:
        column = next((one for one in COLUMNS[kind] if one.name == name), None)
        self.faults.append(fault_of(column, fault, fix))
        self.outcome = "faulty"


def understand(
    kind: str, columns: Mapping[int, Columns], line: int, cells: Sequence[str], today: date
) -> Row:
    row = Row(line)
    for place, column in columns.items():
        text = cells[place] if place < len(cells) else ""
        if not text:
            if column.required:
                fix = (f"填写{column.zh}", f"Give the {column.en.lower()}")
                row.wrong(kind, column.name, ("此项必填", "This is needed"), fix)
            continue
        try:
            row.told[column.name] = column.read(text)
        except Wrong as wrong:
            row.wrong(kind, column.name, wrong.fault, wrong.fix)
    if kind == "residents":
        _agree(row, today)
    return row


def _agree(row: Row, today: date) -> None:
    """What an ID number says of birth and sex may not be said otherwise beside it."""
    values = row.told
    number = values.get("id_number")
    if number:
        born, sex = citizens.birth_date(number), citizens.sex(number)
        for name, said in (("birth_date", born), ("sex", sex)):
            if values.get(name) not in (None, said):
                fix = ("以身份证号为准，或核对身份证号", "The ID number counts, unless it is the wrong one")
                row.wrong("residents", name, ("与身份证号不一致", "The ID number says otherwise"), fix)
            values[name] = said
    for name in ("birth_date", "move_in_date"):
        if values.get(name) and values[name] > today:
            fix = ("核对年份", "Check the year")
            row.wrong("residents", name, ("日期在将来", "The date is in the future"), fix)


def key_of(kind: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """By what two rows are the same thing: the code; the ID number, or name, birth date and home."""
    if kind == "buildings":
        return [("building", values.get("grid"), values.get("number"))]
    if kind == "households":
        return [("home", values.get("building"), values.get("unit"), values.get("door"))]
    if number := values.get("id_number"):
        return [("number", number)]
    return [("person", values.get("household"), values.get("name"), values.get("birth_date"))]


def find_twins(kind: str, rows: Iterable[Row]) -> None:
    """The second of two lines about the same thing is faulty, and says which the first is."""
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        if row.outcome == "faulty":
            continue
        for key in key_of(kind, row.told):
            if key in seen:
                fault = (f"与第 {seen[key]} 行重复", f"The same as line {seen[key]}")
                row.wrong(kind, COLUMNS[kind][0].name, fault, ("删除其中一行", "Delete one of them"))
            else:
                seen[key] = row.line
