"""Is an application complete? Everything that is missing or wrong is told at once (一次性告知).

A form is walked along its matter, never along itself, so nothing in it can lead us deep or astray: what the
matter does not ask is named and refused, whatever is inside.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.chassis.errors import Invalid
from services.chassis.identifiers import within
from services.contracts import citizens
from services.frontdesk.matters import Field, Matter

APPLICANT = "applicant"
"""The group that tells who applies; its faults are reported under that name, all others under `form`."""
PROBLEMS_AT_MOST = 200
MATERIALS_AT_MOST = 50
DIGITS_AT_MOST = 30

_PLACE = re.compile(r"[0-9]{6,15}(-[0-9A-Za-z]{1,8}){0,5}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # controls, halves of surrogate pairs, line and paragraph separators
_TURNS_TEXT_AROUND = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Form = Mapping[str, Any]
Uploads = Mapping[str, str]
"""Hash of what was uploaded -> its media type, as the door found it."""


class Asked(NamedTuple):
    """Names of the fields and materials a unit asked for; empty when it said it in words only."""

    form: Collection[str] = ()
    materials: Collection[str] = ()


class IncompleteForm(Invalid):
    """The application is not complete yet; everything that is missing or wrong is listed below."""

    zh = "申请内容还不完整，需补充或更正的已一次性列出。"


@dataclass(frozen=True)
class FieldProblem:
    path: str
    zh: str
    en: str


TOO_MANY_MATERIALS = FieldProblem(
    "materials", f"最多 {MATERIALS_AT_MOST} 份材料。", f"At most {MATERIALS_AT_MOST} materials."
)


class _Wrong(Exception):
    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en


def problems(
    matter: Matter, form: Form, materials: Sequence[Any] = (), uploads: Uploads | None = None
) -> list[FieldProblem]:
    """Everything that is missing or wrong with what was handed in; empty when it can be accepted.

    `form` holds the applicant's own fields too. A material is `{name, sha256, media_type?}` or, where it
    may follow, `{name, pledge: true, by?: date}`. `uploads` tells what was really uploaded.
    """
    _, said = _walk_form(matter, form)
    faults, there = _material_entries(matter, materials, uploads)
    said += faults
    said += _missing_materials(matter, there)
    return said[:PROBLEMS_AT_MOST]


def told(fields: Sequence[Field], given: Form, section: str) -> tuple[dict[str, Any], list[FieldProblem]]:
    """(what is kept, everything that is missing or wrong) of something else than a matter's form."""
    clean: dict[str, Any] = {}
    said: list[FieldProblem] = []
    for field in fields:
        _take(field, given, given, f"{section}.{field.name}", clean, said)
    said += _extras(given, {field.name for field in fields}, section)
    return clean, said[:PROBLEMS_AT_MOST]


def cleaned(matter: Matter, form: Form) -> dict[str, Any]:
    """The form as it is kept: trimmed, numbers as exact decimal text, an X in an ID number as a capital."""
    return _walk_form(matter, form)[0]


def supplement(
    matter: Matter,
    facts: Form,
    given: Form,
    materials: Sequence[Any],
    asked: Asked,
    uploads: Uploads,
) -> tuple[dict[str, Any], list[FieldProblem]]:
    """(what is added to the form, everything that is missing or wrong) when the applicant adds what was asked.

    Only what was asked is taken, and all of it has to come; where the unit named nothing, any field and material of
    the matter will do. Who applies is never changed, and the whole has to be as sound as a new application.
    """
    own = askable(matter)
    named = bool(asked.form or asked.materials)
    fields = [name for name in own if name in asked.form] if named else own
    said = list(_extras(given, set(fields), "form"))
    taken = {name: given[name] for name in fields if name in given}
    known = {field.name for field in matter.fields}
    clean, faults = _walk_form(
        matter, {name: value for name, value in {**facts, **taken}.items() if name in known}
    )
    said += faults
    entries, there = _material_entries(
        matter, materials, uploads, set(asked.materials) if named else None, pledges=False
    )
    said += entries
    by_name = {field.name: field for field in matter.fields}
    for name in asked.form:
        if name in own and taken.get(name) in (None, "", []):
            field = by_name[name]
            said.append(FieldProblem(f"form.{name}", f"请填写“{field.zh}”。", f"{field.en} is missing."))
    for material in matter.materials:
        if material.name in asked.materials and material.name not in there:
            zh, en = f"请上传“{material.zh}”。", f"Upload {material.en}."
            said.append(FieldProblem(f"materials.{material.name}", zh, en))
    return {name: clean[name] for name in taken if name in clean}, said[:PROBLEMS_AT_MOST]


def askable(matter: Matter, names: Collection[str] | None = None) -> list[str]:
    """The fields that may be asked again, of these names or of all: who applies is not among them."""
    own = [field.name for group in matter.groups if group.key != APPLICANT for field in group.fields]
    return own if names is None else [name for name in own if name in names]


def outside(matter: Matter, form: Form, place: str) -> list[FieldProblem]:
    """The places a form names that do not lie within the case's own: nobody files into another's area."""
    return [
        FieldProblem(
            path,
            f"“{field.zh}”不在本件受理地点 {place} 范围内。",
            f"{field.en} does not lie within the place of this case, {place}.",
        )
        for path, field, value in _places(matter, form)
        if not within(value, place)
    ]


def _places(matter: Matter, form: Form) -> Iterator[tuple[str, Field, str]]:
    for field in matter.fields:
        value = form.get(field.name)
        if field.type == "place" and isinstance(value, str):
            yield f"form.{field.name}", field, value.strip()
        elif field.type == "list" and isinstance(value, list):
            for column in [column for column in field.fields if column.type == "place"]:
                for row, cells in enumerate(value):
                    if isinstance(cells, Mapping) and isinstance(cells.get(column.name), str):
                        yield f"form.{field.name}.{row}.{column.name}", column, cells[column.name].strip()


def digests(materials: Any) -> set[str]:
    """The hashes of files that materials name."""
    entries = materials if isinstance(materials, list | tuple) else ()
    found = (entry.get("sha256") for entry in entries if isinstance(entry, Mapping))
    return {digest for digest in found if isinstance(digest, str) and _DIGEST.fullmatch(digest)}


def kept(materials: Sequence[Mapping[str, Any]], uploads: Uploads) -> list[dict[str, Any]]:
    """Materials as a case keeps them: what they are is known from the upload, whatever was said."""
    return [
        {"name": entry["name"], "pledge": True, "by": entry.get("by")}
        if entry.get("pledge") is True
        else {"name": entry["name"], "sha256": entry["sha256"], "media_type": uploads[entry["sha256"]]}
        for entry in materials
    ]


def check(matter: Matter, form: Form, materials: Sequence[Any] = ()) -> dict[str, Any]:
    """The cleaned form. Raises IncompleteForm with every problem."""
    said = problems(matter, form, materials)
    if said:
        raise IncompleteForm.fields({problem.path: (problem.zh, problem.en) for problem in said})
    return cleaned(matter, form)


def place_of(matter: Matter, form: Form) -> str | None:
    """The area code of the first place the form names: a door `110105001001001-3-502` lies in its grid."""
    for field in matter.fields:
        value = form.get(field.name)
        if field.type == "place" and isinstance(value, str) and _PLACE.fullmatch(value.strip()):
            return value.strip().split("-")[0]
    return None


# -- the form ------------------------------------------------------------------------------------------


def _walk_form(matter: Matter, form: Any) -> tuple[dict[str, Any], list[FieldProblem]]:
    said: list[FieldProblem] = []
    if not isinstance(form, Mapping):
        return {}, [FieldProblem("form", "表单应为键值结构。", "The form has to be an object.")]
    clean: dict[str, Any] = {}
    for group in matter.groups:
        section = APPLICANT if group.key == APPLICANT else "form"
        for field in group.fields:
            _take(field, form, form, f"{section}.{field.name}", clean, said)
    said += _extras(form, {field.name for field in matter.fields}, "form")
    return clean, said


def _take(
    field: Field, row: Form, form: Form, path: str, clean: dict[str, Any], said: list[FieldProblem]
) -> None:
    value = row.get(field.name)
    if isinstance(value, str) and not value.strip():
        value = None
    required = field.is_required(form)
    if value is None or value == []:
        if required or (field.type == "list" and field.at_least):
            said.append(FieldProblem(path, f"请填写“{field.zh}”。", f"{field.en} is missing."))
        return
    if field.type == "list":
        clean[field.name] = _rows(field, value, form, path, said)
        return
    try:
        kept = _READERS[field.type](field, value)
        if field.must and required and kept is not True:
            raise _Wrong(f"请勾选“{field.zh}”。", f"Please tick: {field.en}.")
        clean[field.name] = kept
    except _Wrong as wrong:
        said.append(FieldProblem(path, wrong.zh, wrong.en))


def _rows(field: Field, value: Any, form: Form, path: str, said: list[FieldProblem]) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        said.append(FieldProblem(path, "应为列表。", "It has to be a list."))
        return []
    if not field.at_least <= len(value) <= field.at_most:
        zh = f"应有 {field.at_least} 至 {field.at_most} 行，现有 {len(value)} 行。"
        en = f"It has {len(value)} rows; {field.at_least} to {field.at_most} are allowed."
        said.append(FieldProblem(path, zh, en))
        return []
    rows = []
    columns = {column.name for column in field.fields}
    for place, row in enumerate(value):
        here = f"{path}.{place}"
        if not isinstance(row, Mapping):
            said.append(FieldProblem(here, "应为键值结构。", "It has to be an object."))
            continue
        clean: dict[str, Any] = {}
        for column in field.fields:
            _take(column, row, form, f"{here}.{column.name}", clean, said)
        said += _extras(row, columns, here)
        rows.append(clean)
    return rows


def _extras(row: Form, known: set[str], path: str) -> Iterator[FieldProblem]:
    # Strangers are named in a form that is safe to send back: they may hold anything at all.
    for name in [name for name in row if name not in known][:PROBLEMS_AT_MOST]:
        shown = str(name)[:40].encode("ascii", "backslashreplace").decode()
        yield FieldProblem(
            f"{path}.{shown}", "本事项没有这一项，请删除。", "This matter does not ask for it."
        )


# -- one value -----------------------------------------------------------------------------------------


def _line(value: Any, multiline: bool = False) -> str:
    """Text that can be stored, sent and shown."""
    if not isinstance(value, str):
        raise _Wrong("应为文字。", "It has to be text.")
    for char in value:
        kind = unicodedata.category(char)
        fine = multiline and char in "\n\r\t"
        if (kind in _UNSEEN and not fine) or char in _TURNS_TEXT_AROUND:
            raise _Wrong("含有不可显示的字符，请重新输入。", "It holds characters that cannot be shown.")
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").strip())


def _text(field: Field, value: Any) -> str:
    text = _line(value, field.multiline)
    if len(text) > field.max_length:
        raise _Wrong(f"最多 {field.max_length} 个字。", f"At most {field.max_length} characters.")
    if field.pattern is not None and not re.fullmatch(field.pattern, text):
        raise _Wrong(f"“{field.zh}”格式不正确。", f"{field.en} is not in the right form.")
    return text


def _decimal(value: Any) -> Decimal:
    wrong = _Wrong("应为数字。", "It has to be a number.")
    if isinstance(value, str):
        text = _line(value)
    # A bool is an int to Python. A long run of digits is slow to read: the size is looked at first.
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**DIGITS_AT_MOST:
        text = format(Decimal(repr(value)), "f")
    else:
        raise wrong
    if len(text) > DIGITS_AT_MOST or not _NUMBER.fullmatch(text):
        raise wrong
    return Decimal(text)


def _in_range(field: Field, number: Decimal) -> Decimal:
    if field.min is not None and number < Decimal(repr(field.min)):
        raise _Wrong(f"不能小于 {field.min:,.10g}。", f"It cannot be less than {field.min:,.10g}.")
    if field.max is not None and number > Decimal(repr(field.max)):
        raise _Wrong(f"不能大于 {field.max:,.10g}。", f"It cannot be more than {field.max:,.10g}.")
    return number


def _number(field: Field, value: Any) -> str:
    return format(_in_range(field, _decimal(value)), "f")


def _integer(field: Field, value: Any) -> int:
    number = _in_range(field, _decimal(value))
    if number != number.to_integral_value():
        raise _Wrong("应为整数。", "It has to be a whole number.")
    return int(number)


def _date(field: Field, value: Any) -> str:
    text = _line(value)
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:
        raise _Wrong("应为日期，如 2026-03-01。", "It has to be a date such as 2026-03-01.")
    return day.isoformat()


def _choice(field: Field, value: Any) -> str:
    for choice in field.choices:
        if choice.value == value:
            return choice.value
    zh, en = "、".join(one.zh for one in field.choices), ", ".join(one.value for one in field.choices)
    raise _Wrong(f"请从以下选项中选择：{zh}。", f"Choose one of: {en}.")


def _boolean(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("应为“是”或“否”。", "It has to be true or false.")
    return value


def _id_number(field: Field, value: Any) -> str:
    number = _line(value).upper()
    if not citizens.check_id_number(number):
        raise _Wrong(
            "公民身份号码不正确，请核对 18 位号码。",
            "This is not a valid ID number; check its 18 characters.",
        )
    return number


def _phone(field: Field, value: Any) -> str:
    number = _line(value).replace(" ", "").removeprefix("+86")
    if not citizens.check_phone(number):
        raise _Wrong(
            "电话号码不正确，请填写手机号或带区号的座机号。",
            "This is not a valid phone number; give a mobile number or a landline with its area code.",
        )
    return number


def _place(field: Field, value: Any) -> str:
    place = _line(value)
    if not _PLACE.fullmatch(place):
        raise _Wrong("请从地址列表中选择。", "Choose a place from the list of addresses.")
    return place


_READERS = {
    "text": _text,
    "number": _number,
    "integer": _integer,
    "date": _date,
    "choice": _choice,
    "boolean": _boolean,
    "id_number": _id_number,
    "phone": _phone,
    "place": _place,
}


# -- materials -----------------------------------------------------------------------------------------


def _material_entries(
    matter: Matter,
    materials: Any,
    uploads: Uploads | None,
    only: Collection[str] | None = None,
    pledges: bool = True,
) -> tuple[list[FieldProblem], set[str]]:
    """(what is wrong with the entries, names of the materials that are there or pledged)"""
    all_of_them = {
        material.name for material in matter.materials
    }  # what cannot be read is not called missing
    if not isinstance(materials, Sequence) or isinstance(materials, str):
        return [FieldProblem("materials", "应为列表。", "It has to be a list.")], all_of_them
    if len(materials) > MATERIALS_AT_MOST:
        return [TOO_MANY_MATERIALS], all_of_them
    said: list[FieldProblem] = []
    known = {
        material.name: material for material in matter.materials if only is None or material.name in only
    }
    there = set()
    for place, entry in enumerate(materials):
        path = f"materials.{place}"
        name = entry.get("name") if isinstance(entry, Mapping) else None
        material = known.get(name) if isinstance(name, str) else None
        if material is None:
            said.append(
                FieldProblem(path, "本事项不需要这份材料。", "This matter does not ask for this material.")
            )
        elif entry.get("pledge") is True:
            if material.how == "may_follow" and pledges:
                there.add(material.name)
            else:
                said.append(
                    FieldProblem(path, f"“{material.zh}”不能后补。", f"{material.en} may not follow later.")
                )
            if entry.get("by") is not None and not _is_date(entry["by"]):
                said.append(FieldProblem(f"{path}.by", "应为日期，如 2026-03-01。", "It has to be a date."))
        elif not (isinstance(entry.get("sha256"), str) and _DIGEST.fullmatch(entry["sha256"])):
            said.append(FieldProblem(path, "请先上传材料。", "Upload the material first."))
        elif uploads is not None and entry["sha256"] not in uploads:
            zh, en = "该材料尚未上传，请先上传。", "This material has not been uploaded yet."
            said.append(FieldProblem(path, zh, en))
        elif _media_type(entry, uploads) not in (None, *material.accepts):
            types = ", ".join(material.accepts)
            said.append(
                FieldProblem(path, f"文件类型应为：{types}。", f"The file has to be one of: {types}.")
            )
        else:
            there.add(material.name)
    return said, there


def _media_type(entry: Mapping[str, Any], uploads: Uploads | None) -> Any:
    """What the file is; only where no upload was looked up, what it says it is."""
    return entry.get("media_type") if uploads is None else uploads[entry["sha256"]]


def _missing_materials(matter: Matter, there: set[str]) -> list[FieldProblem]:
    said: list[FieldProblem] = []
    for material in matter.materials:
        # What we can fetch ourselves may not be demanded from anybody.
        if not material.required or material.how == "fetched" or material.name in there:
            continue
        if material.how == "may_follow":
            zh = f"请上传“{material.zh}”，或承诺后补。"
            en = f"Upload {material.en}, or pledge that it will follow."
        else:
            zh, en = f"请上传“{material.zh}”。", f"Upload {material.en}."
        said.append(FieldProblem(f"materials.{material.name}", zh, en))
    return said


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False
