"""Whose is it? The directory of duties and the past answer, each suggestion with its reasons. A person decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from services.contracts.units import UNITS
from services.frontdesk.intake.likeness import alike, pairs
from services.frontdesk.intake.rules import Duties

SHOWN = 3


@dataclass
class _Tally:
    co: tuple[str, ...] = ()
    category: str | None = None
    score: int = 0
    zh: list[str] = field(default_factory=list)
    en: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PastCase:
    """A case that ended well, who led it, and what it was about."""

    case_no: str
    unit: str
    words: str


def suggest(
    rules: Duties, text: str, topic: str | None, past: Iterable[PastCase] = (), not_to: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """The likeliest units, best first. `not_to`: units that were ruled not responsible, or say so just now."""
    tallies: dict[str, _Tally] = {}
    said = text.lower()
    for duty in rules.categories:
        # A longer word that holds a shorter one counts once: 楼道灯 is not also 楼道.
        hits = [word for word in duty.words if word in said]
        hits = [word for word in hits if not any(word != other and word in other for other in hits)]
        chosen = duty.category == topic
        score = rules.weights["word"] * len(hits) + rules.weights["topic"] * chosen
        if not score:
            continue
        tally = tallies.setdefault(duty.lead, _Tally())
        if score > tally.score:
            tally.co, tally.category = duty.co, duty.category
        tally.score += score
        if hits:
            tally.zh.append(f"{duty.zh}：含“{'”“'.join(hits)}”")
            tally.en.append(f"{duty.en}: says {', '.join(hits)}")
        if chosen:
            tally.zh.append(f"申请人选择了“{duty.zh}”")
            tally.en.append(f"the applicant chose {duty.en}")
    _ask_the_past(rules, text, past, tallies)
    barred = set(not_to)
    best = sorted(
        (item for item in tallies.items() if item[0] not in barred), key=lambda item: -item[1].score
    )
    return [
        {
            "unit": unit,
            "unit_zh": UNITS[unit]["zh"],
            "unit_en": UNITS[unit]["en"],
            "co_units": [co for co in tally.co if co not in barred],
            "category": tally.category,
            "score": tally.score,
            "reasons": {"zh": tally.zh, "en": tally.en},
        }
        for unit, tally in best[:SHOWN]
    ]


def _ask_the_past(rules: Duties, text: str, past: Iterable[PastCase], tallies: dict[str, _Tally]) -> None:
    mine, alike_by_unit = pairs(text), dict[str, list[str]]()
    for case in past:
        if alike(mine, pairs(case.words)) >= rules.past.alike_at_least:
            alike_by_unit.setdefault(case.unit, []).append(case.case_no)
    for unit, numbers in alike_by_unit.items():
        tally = tallies.setdefault(unit, _Tally())
        tally.score += min(rules.weights["past"] * len(numbers), rules.weights["past_at_most"])
        tally.zh.append(f"{len(numbers)} 件相似的件由其办结（如 {numbers[0]}）")
        tally.en.append(f"{len(numbers)} similar cases were settled there (e.g. {numbers[0]})")
