"""What a matter is made of. Read from data files, never changed while running."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from services.chassis.calendar import Promise
from services.frontdesk.matters.conditions import Condition

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
FieldName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
FieldType = Literal[
    "text", "number", "integer", "date", "choice", "boolean", "id_number", "phone", "place", "list"
]  # fmt: skip
ROWS_AT_MOST = 200
TEXT_AT_MOST = 100


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key nobody knows is a slip of the pen and is refused."""


class Text(_Part, frozen=True, kw_only=True):
    zh: Words
    en: Words


class Choice(_Part, frozen=True, kw_only=True):
    value: Slug
    zh: Words
    en: Words


class Field(_Part, frozen=True, kw_only=True):
    """One thing that is asked. `source` is where in the registry it is prefilled from: what is known is not asked."""

    name: FieldName
    type: FieldType
    zh: Words
    en: Words
    required: bool = False
    required_if: Condition | None = None
    source: Annotated[str, msgspec.Meta(pattern=r"^registry(\.[a-z][a-z0-9_]*)+$")] | None = None
    hint: Text | None = None
    max_length: Annotated[int, msgspec.Meta(ge=1, le=5000)] = TEXT_AT_MOST
    multiline: bool = False
    pattern: str | None = None
    min: float | None = None
    max: float | None = None
    must: bool = False
    """A box that has to be ticked, such as a consent."""
    choices: tuple[Choice, ...] = ()
    fields: tuple[Field, ...] = ()
    at_least: Annotated[int, msgspec.Meta(ge=0, le=ROWS_AT_MOST)] = 0
    at_most: Annotated[int, msgspec.Meta(ge=1, le=ROWS_AT_MOST)] = ROWS_AT_MOST

    def is_required(self, form: Mapping[str, Any]) -> bool:
        return self.required or (self.required_if is not None and self.required_if.holds(form))


class Group(_Part, frozen=True, kw_only=True):
    """What one screen asks: at most three fields."""

    key: FieldName
    zh: Words
    en: Words
    fields: tuple[Field, ...]


class Material(_Part, frozen=True, kw_only=True):
    """`fetched`: we get it ourselves and may not demand it; `may_follow`: a pledge will do for now (容缺受理)."""

    name: Slug
    zh: Words
    en: Words
    how: Literal["fetched", "scan", "may_follow"]
    required: bool
    accepts: tuple[str, ...] = ("application/pdf", "image/jpeg", "image/png")


class Sooner(_Part, frozen=True, kw_only=True):
    """A shorter promise when a condition holds, as for urgent repairs."""

    condition: Condition = msgspec.field(name="if")
    promise: Promise


class Escalation(_Part, frozen=True, kw_only=True):
    """When a step has not ended after so long, those that wait for it go on as if it had ended in this way."""

    after: Promise
    outcome: Slug = msgspec.field(name="as")


class Reminder(_Part, frozen=True, kw_only=True):
    """Some time after a step ended in a certain way the desk is reminded, once: what else has to be done by the law."""

    name: Slug
    unit: str
    outcome: Slug
    after: Promise
    until: Promise
    zh: Words
    en: Words


class Step(_Part, frozen=True, kw_only=True):
    """One unit's part. It waits for the units in `after`; `when` says which outcomes of theirs make it needed."""

    unit: str
    name: Slug
    zh: Words
    en: Words
    promise: Promise
    manual: bool
    sooner: Sooner | None = None
    after: tuple[str, ...] = ()
    when: dict[str, str] = {}
    only_if: Condition | None = None
    escalates: Escalation | None = None
    outcomes: tuple[Choice, ...] = ()
    """What else than done or refused it may end with."""
    informs: Slug | None = None
    """The outcome by which the case is not accepted: the applicant is told where it belongs instead."""
    at_least: Promise | None = None
    """However early it ends, whatever waits for it begins only so long after it was signed (公示)."""

    def promise_for(self, form: Mapping[str, Any]) -> Promise:
        return self.sooner.promise if self.sooner and self.sooner.condition.holds(form) else self.promise


class Certificate(_Part, frozen=True, kw_only=True):
    """The document a closed case of this matter gives (S18.6): what it says in words of the form, and for how long.

    `{name}` in `says` stands for a field of the form, `{grid.address|address}` for the first that is known of what a unit
    found and a field. The unit that issues it answers for the seal.
    """

    unit: str
    says: Text
    valid_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None
    law: Text | None = None
    """The article that entitles the applicant himself; without one, whoever asks for the certificate has to cite his."""


class Review(_Part, frozen=True, kw_only=True):
    """A look at an answer by another unit than the one that gave it."""

    name: Slug
    unit: str
    zh: Words
    en: Words
    promise: Promise


class Petition(_Part, frozen=True, kw_only=True):
    """The clocks of a petition after its answer (复查、复核)."""

    ask_within: Promise
    reviews: tuple[Review, Review]


class Matter(_Part, frozen=True, kw_only=True):
    code: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,3}|E[0-9]{1,2})$")]
    slug: Slug
    version: Annotated[int, msgspec.Meta(ge=1)]
    valid_from: date
    title: Text
    sentence: Text
    for_whom: Text
    channels: tuple[str, ...]
    groups: tuple[Group, ...]
    materials: tuple[Material, ...] = ()
    steps: tuple[Step, ...]
    roll_up: Annotated[str, msgspec.Meta(pattern=r"^(all|any|quorum\([1-9][0-9]?\))$")]
    promise: Promise
    sooner: Sooner | None = None
    sign_within: Promise = Promise.parse("2wh")
    """Each task is to be signed within this time, or by its own due time when that is earlier."""
    supplement_within: Promise = Promise.parse("15wd")
    """How long the applicant has to add what is missing; then the unit decides on what it has."""
    extend_at_most: Promise = Promise.parse("30d")
    """No extension moves a due time further than this."""
    reminders: tuple[Reminder, ...] = ()
    call_back_within: Promise | None = None
    redo_within: Promise | None = None
    """Of this matter, where the place's own clocks are not right; 5 to 15 working days."""
    petition: Petition | None = None
    result: Choice
    basis: tuple[Text, ...]
    certificate: Certificate | None = None
    raised_by: str | None = None
    """The event that opens it; such a matter is not on the desk."""

    @property
    def internal(self) -> bool:
        return self.raised_by is not None

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(field for group in self.groups for field in group.fields)

    @property
    def lead(self) -> str:
        """The first-accepting unit (首接负责): the one named first."""
        return self.steps[0].unit

    @property
    def quorum(self) -> int | None:
        """How many parts have to be done; None for all of them."""
        if self.roll_up == "all":
            return None
        found = re.search(r"\d+", self.roll_up)
        return int(found[0]) if found else 1

    def step(self, unit: str) -> Step | None:
        return next((step for step in self.steps if step.unit == unit), None)

    def promise_for(self, form: Mapping[str, Any]) -> Promise:
        return self.sooner.promise if self.sooner and self.sooner.condition.holds(form) else self.promise

    def as_dict(self) -> dict[str, Any]:
        """Plain data for screens: everything, with promises also in words."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self, enc_hook=str))
        plain["promise_zh"], plain["promise_en"] = self.promise.zh, self.promise.en
        plain["internal"], plain["lead"] = self.internal, self.lead
        return plain
