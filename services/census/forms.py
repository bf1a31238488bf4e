"""What a form asks, whether its answers hang together, and how they sound when read back. No SQL, no framework.

Answers are `{household: {code: value}, persons: [{code: value}]}`. A fault has a path (`persons.0.birth_date`), the code of
what is wrong, and a level: `hard` must be put right, `soft` may stand with an explanation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.contracts import citizens

CHINA = ZoneInfo("Asia/Shanghai")
MOST_PERSONS = 500
"""A collective household may be a dormitory."""
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")

Answers = dict[str, Any]
Item = Mapping[str, Any]
Person = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    path: str
    code: str
    level: str
    zh: str
    en: str

    @property
    def key(self) -> str:
        """Under which a soft one is explained."""
        return f"{self.path}:{self.code}"

    def face(self, explained: bool = False) -> dict[str, Any]:
        return {"path": self.path, "code": self.code, "level": self.level, "zh": self.zh, "en": self.en,
                "explained": explained}  # fmt: skip


@dataclass(frozen=True)
class Surroundings:
    """What is known beside the form itself."""

    kind: str
    """family or collective"""
    reference_at: datetime
    short: Answers | None = None
    """The confirmed short form, for those that come after it."""
    deaths: int | None = None

    @property
    def day(self) -> date:
        """The first day that is not before the reference time."""
        return self.reference_at.astimezone(CHINA).date()


@dataclass
class _Look:
    """One form under examination."""

    book: Mapping[str, Any]
    form: str
    answers: Answers
    around: Surroundings
    faults: list[Fault] = field(default_factory=list)

    @property
    def asked(self) -> Mapping[str, Any]:
        asked: Mapping[str, Any] = self.book["forms"][self.form]
        return asked

    @property
    def household(self) -> Person:
        return {"kind": self.around.kind} | _plain(self.answers.get("household"))

    def persons(self) -> list[Person]:
        """Each with what the short form already said of him, and his age."""
        told = self.answers.get("persons") or []
        before = (self.around.short or {}).get("persons", []) if self.form == "long" else []
        return [
            self._known(_plain(one), before[place] if place < len(before) else {})
            for place, one in enumerate(told)
        ]

    def _known(self, told: Person, before: Person) -> Person:
        known = {**before, **told}
        until = known.get("death_date") if self.form == "death" else None
        if (age := age_at(known.get("birth_date"), _day(until) or self.around.day)) is not None:
            known["age"] = age
        return known | {f"household.{code}": value for code, value in self.household.items()}


def assess(book: Mapping[str, Any], form: str, answers: Answers, around: Surroundings) -> list[Fault]:
    """Everything that is missing, wrong or doubtful, in the order of the form."""
    look = _Look(book, form, answers, around)
    if faults := list(_shape(look)):
        return faults
    persons = look.persons()
    look.faults += _items(look.asked["household"], look.household, "household", ("kind",))
    for place, person in enumerate(persons):
        look.faults += _items(look.asked["persons"], person, f"persons.{place}", tuple(_beside(look, place)))
    for check in book["checks"]:
        if form in check["forms"]:
            look.faults += _checked(look, check, persons)
    return look.faults


def misshapen(book: Mapping[str, Any], form: str, answers: Answers, around: Surroundings) -> list[Fault]:
    """Why this is no form at all and cannot be kept."""
    return list(_shape(_Look(book, form, answers, around)))


def _shape(look: _Look) -> Iterator[Fault]:
    answers = look.answers
    if answers.keys() - {"household", "persons"} or not isinstance(answers.get("household", {}), dict):
        yield _hard(
            "household", "shape", "应为 household 与 persons 两部分。", "household and persons are expected."
        )
        return
    told = answers.get("persons", [])
    if (
        not isinstance(told, list)
        or len(told) > MOST_PERSONS
        or not all(isinstance(one, dict) for one in told)
    ):
        yield _hard(
            "persons", "shape", "应为人员列表。", f"A list of at most {MOST_PERSONS} persons is expected."
        )
        return
    known = len((look.around.short or {}).get("persons", ()))
    if look.form == "long" and len(told) != known:
        yield _hard(
            "persons",
            "as-short",
            f"应与短表相同，共 {known} 人。",
            f"The {known} persons of the short form are expected.",
        )


def _beside(look: _Look, place: int) -> Iterator[str]:
    """What a person is known by and this form does not ask."""
    yield from ("age", *(f"household.{code}" for code in look.household))
    if look.form == "long":
        before = (look.around.short or {}).get("persons", [])
        own = look.answers["persons"][place]
        yield from (code for code in before[place] if code not in own)


def _items(items: list[Item], told: Person, path: str, beside: tuple[str, ...]) -> Iterator[Fault]:
    known = {item["code"] for item in items}
    for code in told:
        if code not in known and code not in beside:
            yield _hard(f"{path}.{code}", "unknown", "表中没有这一项。", "The form has no such item.")
    for item in items:
        where, value = f"{path}.{item['code']}", told.get(item["code"])
        if not holds(item.get("when", ()), told):
            if value is not None and item["code"] not in beside:
                yield _hard(
                    where,
                    "not-asked",
                    f"按条件不应填写“{item['zh']}”。",
                    f"“{item['en']}” is not asked here.",
                )
        elif value is None or value == "":
            if item.get("required", True):
                yield _hard(where, "missing", f"请填写“{item['zh']}”。", f"“{item['en']}” is missing.")
        elif not _fits(item, value):
            yield _hard(where, "wrong", f"“{item['zh']}”填写不符合要求。", f"“{item['en']}” cannot be this.")


def _hard(path: str, code: str, zh: str, en: str) -> Fault:
    return Fault(path, code, "hard", zh, en)


def _fits(item: Item, value: Any) -> bool:
    kind = item["type"]
    if kind == "integer":
        return (
            isinstance(value, int) and not isinstance(value, bool) and item["least"] <= value <= item["most"]
        )
    if not isinstance(value, str):
        return False
    if kind == "choice":
        return value in item["options"]
    if kind == "code":
        return re.fullmatch(item["pattern"], value) is not None
    if kind == "date":
        return _day(value) is not None
    if kind == "month":
        return MONTH.fullmatch(value) is not None
    if kind == "id-number":
        return re.fullmatch(r"\d{17}[\dX]", value) is not None
    return 0 < len(value.strip()) <= 60


def holds(clauses: Any, told: Person) -> bool:
    return all(_holds(clause, told.get(clause["item"])) for clause in clauses)


def _holds(clause: Mapping[str, Any], value: Any) -> bool:
    if "answered" in clause:
        return (value is not None) == clause["answered"]
    if "is" in clause:
        return bool(value == clause["is"])
    if "in" in clause:
        return value in clause["in"]
    if "not" in clause:
        return bool(value != clause["not"])
    if not isinstance(value, int):
        return False
    return bool(value >= clause["at_least"]) if "at_least" in clause else bool(value <= clause["at_most"])


# -- checks ----------------------------------------------------------------------------------------------


def _checked(look: _Look, check: Mapping[str, Any], persons: list[Person]) -> Iterator[Fault]:
    """A check looks only at what is there and right in itself: what is missing is told already."""
    rule = RULES[check["rule"]] if "rule" in check else None
    if check["of"] == "form":
        about = {f"household.{code}": value for code, value in look.household.items()}
        if rule and holds(check.get("when", ()), about) and not rule(look, persons, -1):
            yield Fault("persons", check["code"], check["level"], check["zh"], check["en"])
        return
    for place, person in enumerate(persons):
        if not holds(check.get("when", ()), person):
            continue
        must = check.get("must", ())
        known = all(person.get(clause["item"]) is not None for clause in must)
        fine = rule(look, persons, place) if rule else not known or holds(must, person)
        if not fine:
            yield Fault(f"persons.{place}", check["code"], check["level"], check["zh"], check["en"])


def _head(persons: list[Person]) -> Person:
    return next((one for one in persons if one.get("relation") == "head"), {})


def _years_older(one: Person, other: Person) -> int | None:
    a, b = _day(one.get("birth_date")), _day(other.get("birth_date"))
    return age_at(a.isoformat(), b) if a and b and a <= b else -1 if a and b else None


def _younger_than_head(look: _Look, persons: list[Person], place: int) -> bool:
    years = _years_older(_head(persons), persons[place])
    return years is None or years >= 0


def _older_than_head(look: _Look, persons: list[Person], place: int) -> bool:
    years = _years_older(persons[place], _head(persons))
    return years is None or years >= 0


def _fifteen_years_from_head(look: _Look, persons: list[Person], place: int) -> bool:
    own, head = _day(persons[place].get("birth_date")), _day(_head(persons).get("birth_date"))
    if own is None or head is None:
        return True
    return (age_at(min(own, head).isoformat(), max(own, head)) or 0) >= 15


def _different_id_numbers(look: _Look, persons: list[Person], place: int) -> bool:
    numbers = [one["id_number"] for one in persons if one.get("id_number")]
    return len(numbers) == len(set(numbers))


def _id_number(person: Person) -> str | None:
    number = person.get("id_number")
    return number if isinstance(number, str) and citizens.check_id_number(number) else None


def _id_number_is_valid(look: _Look, persons: list[Person], place: int) -> bool:
    return not persons[place].get("id_number") or _id_number(persons[place]) is not None


def _id_number_says_birth_date(look: _Look, persons: list[Person], place: int) -> bool:
    number, born = _id_number(persons[place]), _day(persons[place].get("birth_date"))
    return not number or not born or citizens.birth_date(number) == born


def _id_number_says_sex(look: _Look, persons: list[Person], place: int) -> bool:
    number, sex = _id_number(persons[place]), persons[place].get("sex")
    return not number or not sex or citizens.sex(number) == sex


def _born_before_reference(look: _Look, persons: list[Person], place: int) -> bool:
    born = _day(persons[place].get("birth_date"))
    return born is None or born < look.around.day


def _died_within_twelve_months(look: _Look, persons: list[Person], place: int) -> bool:
    """From the reference day a year before (included) to the last day before the reference time."""
    died, day = _day(persons[place].get("death_date")), look.around.day
    return died is None or _year_before(day) <= died < day


def _died_after_birth(look: _Look, persons: list[Person], place: int) -> bool:
    born, died = _day(persons[place].get("birth_date")), _day(persons[place].get("death_date"))
    return not born or not died or born <= died


def _no_more_alive_than_born(look: _Look, persons: list[Person], place: int) -> bool:
    one = persons[place]
    return _number(one, "living_children") <= _number(one, "sons") + _number(one, "daughters")


def _births_within_all(look: _Look, persons: list[Person], place: int) -> bool:
    one = persons[place]
    return _number(one, "births") <= _number(one, "sons") + _number(one, "daughters")


def _married_after_fifteen(look: _Look, persons: list[Person], place: int) -> bool:
    month = MONTH.fullmatch(str(persons[place].get("first_married")))
    born = _day(persons[place].get("birth_date"))
    if not month or not born:
        return True
    married = (int(month[1]), int(month[2]))
    return (born.year + 15, born.month) <= married < (look.around.day.year, look.around.day.month)


def _births_as_entered(look: _Look, persons: list[Person], place: int) -> bool:
    told = look.household.get("births")
    return not isinstance(told, int) or told == sum(one.get("age") == 0 for one in persons)


def _number(person: Person, code: str) -> int:
    value = person.get(code)
    return value if isinstance(value, int) else 0


RULES: dict[str, Callable[[_Look, list[Person], int], bool]] = {
    "somebody": lambda look, persons, _: bool(persons),
    "one_head": lambda look, persons, _: sum(one.get("relation") == "head" for one in persons) == 1,
    "head_first": lambda look, persons, _: not persons or persons[0].get("relation") == "head",
    "one_spouse": lambda look, persons, _: sum(one.get("relation") == "spouse" for one in persons) <= 1,
    "different_id_numbers": _different_id_numbers,
    "born_before_reference": _born_before_reference,
    "id_number_is_valid": _id_number_is_valid,
    "id_number_says_birth_date": _id_number_says_birth_date,
    "id_number_says_sex": _id_number_says_sex,
    "younger_than_head": _younger_than_head,
    "older_than_head": _older_than_head,
    "fifteen_years_from_head": _fifteen_years_from_head,
    "no_more_alive_than_born": _no_more_alive_than_born,
    "births_within_all": _births_within_all,
    "married_after_fifteen": _married_after_fifteen,
    "died_within_twelve_months": _died_within_twelve_months,
    "died_after_birth": _died_after_birth,
    "as_many_as_told": lambda look, persons, _: len(persons) == look.around.deaths,
    "births_as_entered": _births_as_entered,
}


# -- dates -----------------------------------------------------------------------------------------------


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def age_at(born: Any, on: date) -> int | None:
    """Full years at 0:00 of that day; a birthday begins with it."""
    birthday = _day(born)
    if birthday is None or birthday > on:
        return None
    return on.year - birthday.year - ((on.month, on.day) < (birthday.month, birthday.day))


# -- what is read back, and what is deleted ----------------------------------------------------------------


def read_back(book: Mapping[str, Any], form: str, answers: Answers) -> list[dict[str, str]]:
    """One line an answer, as it is read aloud."""
    asked = book["forms"][form]
    parts = [("household", "本户", "Household", asked["household"], _plain(answers.get("household")))]
    for place, person in enumerate(answers.get("persons") or ()):
        number = place + 1
        parts.append(
            (f"persons.{place}", f"第{number}人", f"Person {number}", asked["persons"], _plain(person))
        )
    return [
        {"path": f"{path}.{item['code']}", "zh": f"{zh}，{item['zh']}：{_said(item, told, 0)}。",
         "en": f"{en}, {item['en']}: {_said(item, told, 1)}."}
        for path, zh, en, items, told in parts
        for item in items
        if told.get(item["code"]) is not None
    ]  # fmt: skip


def _said(item: Item, told: Person, language: int) -> str:
    value = told[item["code"]]
    return str(item["options"][value][language]) if item["type"] == "choice" else str(value)


def identifying(book: Mapping[str, Any], form: str) -> frozenset[str]:
    return frozenset(item["code"] for item in book["forms"][form]["persons"] if item.get("identifying"))


def parted(book: Mapping[str, Any], form: str, answers: Answers) -> tuple[Answers, list[Person]]:
    """The answers without names and numbers, and these, person by person: they are stored apart to be deleted."""
    names = identifying(book, form)
    persons = answers.get("persons", [])
    rest = [{code: value for code, value in one.items() if code not in names} for one in persons]
    taken = [{code: value for code, value in one.items() if code in names} for one in persons]
    return {"household": answers.get("household", {}), "persons": rest}, taken


def joined(answers: Answers, taken: list[Person] | None) -> Answers:
    persons = answers.get("persons", [])
    taken = taken or [{} for _ in persons]
    return {
        "household": answers.get("household", {}),
        "persons": [{**named, **one} for named, one in zip(taken, persons, strict=True)],
    }


def flat(answers: Answers) -> dict[str, Any]:
    """`{household.rooms: 3, persons.0.sex: male, …}`"""
    found = {f"household.{code}": value for code, value in _plain(answers.get("household")).items()}
    for place, person in enumerate(answers.get("persons") or ()):
        found |= {f"persons.{place}.{code}": value for code, value in _plain(person).items()}
    return {path: value for path, value in found.items() if value is not None}


def put(answers: Answers, path: str, value: Any) -> Answers:
    """The answers with one of them changed."""
    copy: Answers = {
        "household": dict(answers.get("household", {})),
        "persons": [dict(p) for p in answers.get("persons", ())],
    }
    part, *rest = path.split(".")
    if part == "household":
        copy["household"][rest[0]] = value
    else:
        place = int(rest[0])
        while len(copy["persons"]) <= place:
            copy["persons"].append({})
        copy["persons"][place][rest[1]] = value
    for person in (copy["household"], *copy["persons"]):
        for code in [code for code, one in person.items() if one is None]:
            del person[code]
    return copy


def _plain(told: Any) -> Person:
    """`null` is the same as not answered."""
    return (
        {code: value for code, value in told.items() if value is not None} if isinstance(told, dict) else {}
    )
