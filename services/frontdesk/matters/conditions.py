"""A small language of conditions on a form, so that data decides and nothing is ever evaluated as code.

urgent                            the field is filled in, or ticked
not urgent                        it is not
topic = property                  it has this value
any(members.wants_to_volunteer)   it holds for at least one row of a list
any(members.relation = child)
a or b or c                       one of them holds; `and`: all of them; the two are not mixed
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TERM = re.compile(
    r"""(?P<negated>not\ )?
        (?: any\((?P<rows>[a-z][a-z0-9_]*)\.(?P<cell>[a-z][a-z0-9_]*)(?:\ =\ (?P<cell_value>[\w-]+))?\)
          | (?P<field>[a-z][a-z0-9_]*)(?:\ =\ (?P<value>[\w-]+))? )""",
    re.VERBOSE,
)

_RESERVED = {"not", "and", "or", "any"}


@dataclass(frozen=True)
class Term:
    """`path` is (field,) or (list, column); without a value any filled-in or ticked one will do."""

    path: tuple[str, ...]
    value: str | None
    negated: bool

    def holds(self, form: Mapping[str, Any]) -> bool:
        if len(self.path) == 2:
            rows = form.get(self.path[0])
            cells = (
                [row.get(self.path[1]) for row in rows if isinstance(row, Mapping)]
                if isinstance(rows, list)
                else []
            )
        else:
            cells = [form.get(self.path[0])]
        return any(self._matches(cell) for cell in cells) is not self.negated

    def _matches(self, cell: Any) -> bool:
        return bool(cell) if self.value is None else isinstance(cell, str) and cell == self.value


class Condition:
    def __init__(self, text: str, terms: tuple[Term, ...], every: bool) -> None:
        self.text, self.terms, self.every = text, terms, every

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Raises ValueError when `text` is not of the language above."""
        every = " and " in text
        if every and " or " in text:
            raise ValueError(f"{text!r} mixes `and` with `or`")
        terms = []
        for part in text.split(" and " if every else " or "):
            found = _TERM.fullmatch(part.strip())
            if not found:
                raise ValueError(
                    f"{part!r} is no condition; write e.g. `topic = property` or `any(members.lives_alone)`"
                )
            if found["field"] in _RESERVED:
                raise ValueError(f"{part!r} is no condition: {found['field']!r} is a word of the language")
            path = (found["rows"], found["cell"]) if found["rows"] else (found["field"],)
            terms.append(Term(path, found["cell_value"] or found["value"], bool(found["negated"])))
        return cls(text, tuple(terms), every)

    def holds(self, form: Mapping[str, Any]) -> bool:
        results = (term.holds(form) for term in self.terms)
        return all(results) if self.every else any(results)

    def __str__(self) -> str:
        return self.text
