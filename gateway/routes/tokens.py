"""Signing in, going on, signing out."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gateway.hygiene import read_object
from gateway.schemas import answers, bodies
from gateway.table import ANYONE, Row, Visit, check
from services.chassis.errors import Invalid
from services.contracts import identity

TAG = "tokens"
REQUIRED = ("此项必填。", "Missing data for required field.")


async def sign_in(visit: Visit) -> Response:
    given = await read_object(visit.request)
    check(bodies.SignIn(), given)
    if given["grant"] == "password":
        fields = _need(given, "account", "password")
        # Beside the quota of the address: guessing one account's password from many addresses stays slow.
        visit.request.scope["ratelimit"] = visit.gate.limits.spend("sign-in", fields["account"])
        body = await visit.call(identity.Login, fields)
    else:
        body = await visit.call(identity.Refresh, _need(given, "refresh_token"))
    return Response(body, media_type="application/json")


async def sign_out(visit: Visit) -> Response:
    given = await read_object(visit.request)
    check(bodies.SignOut(), given)
    await visit.call(identity.Logout, given)
    return Response(status_code=204)


def _need(given: dict[str, Any], *names: str) -> dict[str, Any]:
    if missing := [name for name in names if name not in given]:
        raise Invalid.fields(dict.fromkeys(missing, REQUIRED))
    return {name: given[name] for name in names}


ROWS = (
    Row(
        method="POST",
        path="/v1/tokens",
        serve=sign_in,
        body=bodies.SignIn,
        answers=answers.Tokens,
        who=ANYONE,
        key="none",  # each answer is a new secret and is never stored for a repeat
        tag=TAG,
        zh="登录或续期",
        en="Sign in, or go on with a refresh token",
    ),
    Row(
        method="POST",
        path="/v1/tokens/revoke",
        serve=sign_out,
        body=bodies.SignOut,
        who=ANYONE,
        status=204,
        key="none",
        tag=TAG,
        zh="退出登录",
        en="Sign out",
    ),
)
