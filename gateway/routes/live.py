"""The two event streams: one case, and everything within one's areas."""

from __future__ import annotations

import contextlib
from typing import Any

from gateway.live import LAST_EVENT_ID, EventStream, View, case_stream, last_event_id, sse, wall_stream
from gateway.problems import BadRequest
from gateway.routes.cases import TOKEN
from gateway.table import Row, Visit, check, query_of
from services.contracts import frontdesk, insight
from services.contracts.roles import MAY

STREAM = "text/event-stream"
A_PAGE = 100
"""Fewer lines than this, and the history has no more."""


class LastEventIdMalformed(BadRequest):
    """Last-Event-ID is the number of the last line of the history you have."""

    zh = "Last-Event-ID 应为已收到的最后一条办理记录的序号。"


async def case_events(visit: Visit) -> EventStream:
    case_no = visit.request.path_params["case_no"]
    text = last_event_id(visit.request) or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise LastEventIdMalformed()
    last = int(text)

    async def read(after: int) -> list[dict[str, Any]]:
        given = {"case_no": case_no, "after": after}
        if visit.credential.token is not None:
            given["token"] = visit.credential.token
        lines: list[dict[str, Any]] = []
        while True:
            answer = await visit.ask(frontdesk.ListHistory, given)
            lines += answer["items"]
            if len(answer["items"]) < A_PAGE:
                break
            given["after"] = lines[-1]["seq"]
        if lines:
            lines[-1].setdefault("case", answer.get("case"))  # as live lines have it
        return lines

    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(visit.gate.live.listening_to_case(case_no, visit.credential.names))
        # The first reading also decides whether the caller may see this case at all.
        missed = await read(last)
        frames = case_stream(listener, last, missed, read)
        return EventStream("case", listener, frames, visit.credential.valid_until, stack.pop_all().close)


async def everything(visit: Visit) -> EventStream:
    """A snapshot, then numbered deltas; after a short break only what was missed."""
    live, schema = visit.gate.live, insight.GetOverview.schema()
    asked = {name: value for name, value in query_of(visit.request, schema).items() if name != LAST_EVENT_ID}
    check(schema, asked)
    view = View.of(visit.credential.caller, asked.get("place"))
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(live.listening_to_all(view, visit.credential.names))
        first = live.since(last_event_id(visit.request), view)
        if first is None:
            # The position is taken before the reading: what happens meanwhile is sent again as a delta, never lost.
            position, young = live.settled(view)
            snapshot = await visit.ask(insight.GetOverview, asked)
            first = [sse(snapshot, "snapshot", position), *young]
        frames = wall_stream(listener, first)
        return EventStream("wall", listener, frames, visit.credential.valid_until, stack.pop_all().close)


ROWS = (
    Row(
        method="GET",
        path="/v1/cases/{case_no}/events",
        serve=case_events,
        who=MAY[frontdesk.ListHistory],
        holder=True,
        hidden=TOKEN,
        media_type=STREAM,
        tag="live",
        zh="一件的实时进展（SSE，可用 Last-Event-ID 续传）",
        en="A case as it happens (SSE, resumes after Last-Event-ID)",
    ),
    Row(
        method="GET",
        path="/v1/live",
        serve=everything,
        who=MAY[insight.GetOverview],
        media_type=STREAM,
        tag="live",
        zh="辖区内的实时动态（SSE：先快照，后增量）",
        en="Everything within your areas as it happens (SSE: snapshot, then deltas)",
    ),
)
