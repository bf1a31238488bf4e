"""How alike two reports are: in words, place and time.

Chinese writes no spaces, so ratios that split into words (rapidfuzz's token_*) see one long word and are useless here. We
compare the sequences of neighbouring characters (停水 · 水了 · 了什 …): a pair of characters carries about as much meaning as an
English word, while single characters such as 的 了 水 are shared by everything. `partial_ratio` aligns the shorter text with
the best stretch of the longer one, so that a short "楼道灯不亮" is found inside a long story.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rapidfuzz import fuzz

from services.contracts import citizens
from services.frontdesk.intake.rules import Similar

_NOT_WORDS = re.compile(r"[\W_]+")
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_PHONE = re.compile(r"(?<!\d)1\d{10}(?!\d)")
LONGEST = 300
"""Characters that are compared: a report says what it is about in its first lines."""


def pairs(text: str) -> list[str]:
    """Neighbouring characters, without punctuation, width and case."""
    bare = _NOT_WORDS.sub("", unicodedata.normalize("NFKC", text[:LONGEST]).lower())
    return [bare[at : at + 2] for at in range(len(bare) - 1)] or ([bare] if bare else [])


def alike(one: list[str], other: list[str]) -> int:
    """Per cent; of nothing, nothing is like."""
    return round(fuzz.partial_ratio(one, other)) if one and other else 0


def building_of(address: str) -> str | None:
    """`110105001001001-3-502` lies in building `110105001001001-3`; a place without a building has none."""
    parts = address.split("-")
    return "-".join(parts[:2]) if len(parts) > 1 else None


def words_of(form: Mapping[str, Any]) -> str:
    """What a case says, in words."""
    said = (form.get(name) for name in ("description", "text", "wish", "type"))
    return next((text for text in said if isinstance(text, str) and text), "")


def without_persons(text: str, length: int = 60) -> str:
    """The beginning of a text with ID and telephone numbers masked: names in it are not recognised, so it is short."""
    text = _ID_NUMBER.sub(lambda found: citizens.mask_id(found[0]), text)
    text = _PHONE.sub(lambda found: citizens.mask_phone(found[0]), text)
    return text if len(text) <= length else text[: length - 1] + "…"


@dataclass(frozen=True)
class Report:
    """What is compared of a case."""

    address: str
    at: datetime
    words: str
    topic: str | None


@dataclass(frozen=True)
class Match:
    score: int
    words: int
    zh: str
    en: str


def match(rule: Similar, window: timedelta, one: Report, other: Report) -> Match | None:
    """None when the two tell of different things."""
    if one.topic and other.topic and one.topic != other.topic:
        return None
    words = alike(pairs(one.words), pairs(other.words))
    if words < rule.text_at_least:
        return None
    mine, theirs = building_of(one.address), building_of(other.address)
    if mine and theirs:
        near, where = (
            (100, ("同一栋楼", "same building")) if mine == theirs else (40, ("同一网格", "same grid"))
        )
    else:
        near, where = 60, ("同一区域", "same area")
    apart = abs(one.at - other.at)
    score = round(
        (
            rule.weights["text"] * words
            + rule.weights["place"] * near
            + rule.weights["time"] * 100 * max(0.0, 1 - apart / window)
        )
        / 100
    )
    if score < rule.score_at_least:
        return None
    zh, en = _span(apart)
    return Match(
        score, words, f"{where[0]}，相隔{zh}，内容{words}%相似", f"{where[1]}, {en} apart, {words} % alike"
    )


def _span(time: timedelta) -> tuple[str, str]:
    minutes = int(time.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes}分钟", f"{minutes} minutes"
    hours = minutes // 60
    return (f"{hours}小时", f"{hours} hours") if hours < 48 else (f"{hours // 24}天", f"{hours // 24} days")
