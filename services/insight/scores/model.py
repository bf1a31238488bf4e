"""What a score is made of: published items, each worth what its figure says, and a grade by limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.chassis.errors import Conflict, NotFound
from services.chassis.identifiers import within

STATES = {
    ("draft", "announce"): "publicity",
    ("publicity", "withdraw"): "draft",
    ("publicity", "publish"): "published",
}
"""A draft is shown for some days; who objects is answered; only then is it published (S5.3)."""


class NoScheme(NotFound):
    """There is no published formula for the score of this kind here and at that time."""

    zh = "当地当期没有公布该类考核办法。"


class UnknownEvaluation(NotFound):
    """There is no evaluation {id} in your area."""

    zh = "您的辖区内没有编号为“{id}”的考评。"


class UnknownCampaign(NotFound):
    """There is no campaign {code} in your area."""

    zh = "您的辖区内没有专项行动“{code}”。"


class NotInThisState(Conflict):
    """An evaluation that is {state} does not allow this ({verb})."""

    zh = "考评处于“{state}”状态，不能执行该操作（{verb}）。"


class NotPublicAnyMore(Conflict):
    """Objections are taken while the draft is on show; that ended at {until}."""

    zh = "异议须在公示期内提出；公示已于 {until} 结束。"


@dataclass(frozen=True)
class Scheme:
    scheme: str
    of: tuple[str, ...]
    place: str
    since: date
    base: Sequence[Mapping[str, Any]] = ()
    good: Sequence[Mapping[str, Any]] = ()
    bad: Sequence[Mapping[str, Any]] = ()
    base_most: Decimal | None = None
    good_most: Decimal | None = None
    grades: Sequence[Mapping[str, Any]] = field(default=())

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Scheme:
        parts: dict[str, Any] = {
            name: tuple(data.get(name, ())) for name in ("base", "good", "bad", "grades")
        }
        most = {name: Decimal(str(data[name])) for name in ("base_most", "good_most") if name in data}
        return cls(data["scheme"], tuple(data["of"]), data["place"], data["from"], **(parts | most))


def scheme_for(schemes: Sequence[Scheme], of: str, place: str, on: date) -> Scheme:
    """The one of the smallest area, and of that the newest, that had begun on the day."""
    fits = [one for one in schemes if of in one.of and within(place, one.place) and one.since <= on]
    if not fits:
        raise NoScheme()
    return max(fits, key=lambda one: (len(one.place), one.since))


def score(
    scheme: Scheme, rates: Mapping[str, Mapping[str, Any]], numbers: Mapping[str, int]
) -> dict[str, Any]:
    """Points of every item and of all together. `numbers` are figures and facts by name.

    `rates` has value, numerator and denominator of each; a rate of nothing gives no points and takes none: the others
    are weighed up to the same whole.
    """
    items = [_item("base", one, rates, numbers) for one in scheme.base]
    known = sum((one["of"] for one in items if one["points"] is not None), Decimal(0))
    whole = sum((one["of"] for one in items), Decimal(0))
    base = sum((one["points"] for one in items if one["points"] is not None), Decimal(0))
    base = base * whole / known if known else Decimal(0)
    for kind in ("good", "bad"):
        items += [_item(kind, one, rates, numbers) for one in getattr(scheme, kind)]
    good, bad = (
        sum((one["points"] for one in items if one["kind"] == kind), Decimal(0)) for kind in ("good", "bad")
    )
    base = base if scheme.base_most is None else min(base, scheme.base_most)
    good = good if scheme.good_most is None else min(good, scheme.good_most)
    total = _round(base + good - bad)
    return {
        "score": str(total),
        "base": str(_round(base)),
        "good": str(_round(good)),
        "bad": str(_round(bad)),
        "grade": grade(scheme, total) if known or not scheme.base else None,
        "items": [_plain(one) for one in items],
    }


def grade(scheme: Scheme, total: Decimal) -> str | None:
    for one in scheme.grades:  # from the best
        if total >= Decimal(str(one["from"])):
            return str(one["grade"])
    return None


def _item(
    kind: str, one: Mapping[str, Any], rates: Mapping[str, Mapping[str, Any]], numbers: Mapping[str, int]
) -> dict[str, Any]:
    item: dict[str, Any] = {"kind": kind}
    if "rate" in one or "fact_rate" in one:
        item["item"] = one.get("rate") or one["fact_rate"]
        rate = rates.get(item["item"], {"numerator": 0, "denominator": 0})
        item |= {name: rate[name] for name in ("numerator", "denominator")}
        item["of"] = Decimal(str(one["points"]))
        item["points"] = item["of"] * rate["numerator"] / rate["denominator"] if rate["denominator"] else None
        if "behind" in rate:
            item["behind"] = rate["behind"]
        return item
    item["item"] = one.get("number") or one["fact"]
    item["count"] = numbers.get(item["item"], 0)
    item["of"] = Decimal(str(one["most"]))
    item["points"] = min(Decimal(str(one["each"])) * item["count"], item["of"])
    item["behind"] = {"number" if "number" in one else "fact": item["item"]}
    return item


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    points = None if item["points"] is None else str(_round(item["points"]))
    return {**item, "of": str(item["of"]), "points": points}


def _round(points: Decimal) -> Decimal:
    return points.quantize(Decimal("0.01"), ROUND_HALF_UP)
