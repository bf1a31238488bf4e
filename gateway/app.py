"""The gateway, put together: routes from the table, one porch before them, one line to the broker behind them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from gateway.access import Access
from gateway.limits import Limits
from gateway.line import Line
from gateway.live import Live
from gateway.looks import Looks
from gateway.management import Management
from gateway.offices import Offices
from gateway.porch import Porch
from gateway.post import Post
from gateway.problems import answer_http_error, answer_problem
from gateway.routes import TABLE
from gateway.table import Gate, Row, routes_of
from services.chassis.errors import Problem
from services.chassis.settings import settings


def build(
    rows: Iterable[Row] = TABLE, *, amqp_uri: str | None = None, limits: Limits | None = None
) -> Starlette:
    offices, post, live = Offices(), Post(), Live()
    access, uri = Access(offices), amqp_uri or settings().amqp_uri
    management = Management(settings().environment.get("RABBITMQ_MANAGEMENT_URL"), uri)
    live.hear("frontdesk", "CaseNoted", live.case_noted)
    live.hear("insight", "OverviewChanged", live.overview_changed)
    live.hear("identity", "CredentialRevoked", access.heard_revoked)
    access.on_revoked(lambda name, kind: live.end_of(name))
    access.on_revoked(management.hang_up)
    line = Line(uri)
    for tenant in (offices, post, live):
        line.let(tenant)

    @contextlib.asynccontextmanager
    async def open_for_business(app: Starlette) -> AsyncIterator[None]:
        line.start()
        revocations = asyncio.create_task(access.keep_revocations(line.is_open))
        yield
        revocations.cancel()
        await line.stop()

    app = Starlette(
        routes=routes_of(rows),
        middleware=[Middleware(Porch)],
        exception_handlers={Problem: answer_problem, HTTPException: answer_http_error},
        lifespan=open_for_business,
    )
    app.state.gate = Gate(line, offices, post, access, limits or Limits(), live, Looks())
    return app
