"""Scores, campaigns and evaluations; and every list and figure of the wall as a sheet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from starlette.responses import StreamingResponse

from gateway.table import (
    LARGEST_PAGE,
    Contract,
    Row,
    Serve,
    Visit,
    check,
    creation,
    order,
    query_of,
    question,
)
from services.contracts import identity, insight, scores
from services.contracts.roles import MAY

TAG = "insight"
BOM = "\ufeff"
"""Without it Excel reads UTF-8 as the machine's own code page, and Chinese is lost."""
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> str:
    """One field of a sheet. What a spreadsheet would take for a formula is text, and stays so."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    words = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    if words.startswith(FORMULAS):
        words = "'" + words
    return '"' + words.replace('"', '""') + '"' if any(c in words for c in '",\r\n') else words


def line(values: Iterable[Any]) -> str:
    return ",".join(map(cell, values)) + "\r\n"


def flat(item: dict[str, Any]) -> dict[str, Any]:
    """Numbers and rates beside the rest: a rate is its value, its numerator and its denominator."""
    found: dict[str, Any] = {}
    for name, value in item.items():
        if name == "rates":
            for rate, parts in value.items():
                found |= {rate: parts["value"]}
                found |= {f"{rate}_{part}": parts[part] for part in ("numerator", "denominator")}
        elif isinstance(value, dict):
            found |= value
        elif name != "items":
            found[name] = value
    return found


def sheet(asks: Contract, name: str) -> Serve:
    async def serve(visit: Visit) -> StreamingResponse:
        schema = asks.schema()
        given = query_of(visit.request, schema)
        given.pop("cursor", None)
        if "limit" in schema.fields:
            given["limit"] = LARGEST_PAGE
        check(schema, given)
        first = await visit.ask(asks, given)  # a refusal is a problem, and no half of a file
        what = {"what": f"{asks.office()}.export", "target": f"{name}?{visit.request.url.query}"[:200]}
        await visit.ask(identity.NoteAccess, what)
        return StreamingResponse(
            _lines(visit, asks, given, first),
            media_type="text/csv; charset=utf-8",
            headers={
                "content-disposition": f'attachment; filename="{name}.csv"',
                "cache-control": "no-store",
            },
        )

    return serve


async def _lines(
    visit: Visit, asks: Contract, given: dict[str, Any], found: dict[str, Any]
) -> AsyncIterator[str]:
    """Page by page, as fast as it is taken: a year's list is never whole in memory."""
    columns: list[str] | None = None
    while True:
        rows = [flat(item) for item in found["items"]]
        if columns is None:
            columns = list(rows[0]) if rows else []
            yield BOM + (line(columns) if columns else "")
        yield "".join(line(row.get(name) for name in columns) for row in rows)
        if not found.get("next"):
            return
        found = await visit.ask(asks, given | {"cursor": found["next"]})


def _sheet(path: str, asks: Contract, name: str, zh: str, en: str) -> Row:
    return Row(
        method="GET",
        path=path,
        serve=sheet(asks, name),
        who=MAY[asks],
        media_type="text/csv",
        tag=TAG,
        zh=zh,
        en=en,
    )


ROWS = (
    _sheet("/v1/overview/behind.csv", insight.ListBehind, "behind", "导出数字背后的清单（留痕）", "The list behind a number as a sheet; noted"),
    _sheet("/v1/overview/figures.csv", insight.GetFigures, "figures", "导出分组统计（留痕）", "Figures and rates as a sheet; noted"),
    _sheet("/v1/scores.csv", scores.GetScores, "scores", "导出考核得分（留痕）", "Scores as a sheet; noted"),
    question("/v1/scores", scores.GetScores, "考核得分", "Scores with what is behind each item", TAG),
    question("/v1/scores/facts", scores.ListFacts, "得分背后的事实", "The facts an item counts", TAG),
    order("/v1/scores/recompute", scores.RecomputeScores, "由日志复算得分", "The same scores from the log alone", TAG, timeout=300.0, key="none"),
    creation("/v1/campaigns", scores.SetCampaign, "设立专项行动", "Set a campaign", TAG),
    question("/v1/campaigns", scores.ListCampaigns, "专项行动进展", "Campaigns and their figures", TAG),
    creation("/v1/evaluations", scores.DraftEvaluation, "起草年度考评", "Draft a yearly evaluation", TAG),
    question("/v1/evaluations", scores.ListEvaluations, "年度考评", "Evaluations and objections", TAG),
    order("/v1/evaluations/{evaluation}/announce", scores.AnnounceEvaluation, "公示", "Put on show", TAG),
    order("/v1/evaluations/{evaluation}/withdraw", scores.WithdrawEvaluation, "撤回公示", "Back to a draft", TAG),
    order("/v1/evaluations/{evaluation}/objections", scores.ObjectToEvaluation, "提出异议", "Object", TAG),
    order("/v1/objections/{objection}/answer", scores.AnswerObjection, "答复异议", "Answer an objection", TAG),
)  # fmt: skip
