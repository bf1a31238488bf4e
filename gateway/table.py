"""The route table: a `Row` is one operation, and a `Door` serves the rows of one path.

Most rows only name a contract: the door checks who asks and what, calls the office that answers the contract, and
passes the answer on as the bytes it came in. Starlette's routes and the OpenAPI document both come from the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from marshmallow import Schema, ValidationError, fields
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import hygiene, idempotency
from gateway.access import NOBODY, Access, Credential, require
from gateway.limits import Limits
from gateway.line import Line
from gateway.looks import Looks
from gateway.offices import TIMEOUT, Asking, Offices
from gateway.post import Post
from gateway.problems import language_of
from gateway.schemas import answers
from services.chassis.errors import Invalid, Unauthenticated
from services.contracts.messages import Command, Page, Query
from services.contracts.roles import ANYONE, MAY, SHUT, SIGNED_IN
from services.contracts.sentences import field_sentences

if TYPE_CHECKING:
    from gateway.live import Live

LARGEST_PAGE = 200

UNKNOWN = ("没有这一项，请删除。", "Unknown field.")
NOT_A_PAGE_SIZE = (
    f"应为 1 至 {LARGEST_PAGE} 的整数。",
    f"A whole number from 1 to {LARGEST_PAGE} is expected.",
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What every door has at hand."""

    line: Line
    offices: Offices
    post: Post
    access: Access
    limits: Limits
    live: Live
    looks: Looks


@dataclass(slots=True)
class Visit:
    """One request at one row, after the door let it in."""

    request: Request
    gate: Gate
    credential: Credential
    key: str | None = None

    def asking(self) -> Asking:
        request = self.request
        return Asking(
            self.credential.header,
            language_of(request.headers.get("accept-language")),
            request.scope.get("traceparent", ""),
            self.key,
        )

    async def call(
        self, contract: type[Command] | type[Query], given: dict[str, Any], timeout: float = TIMEOUT
    ) -> bytes:
        return await self.gate.offices.call(
            contract.office(), contract.method(), given, self.asking(), timeout
        )

    async def ask(
        self, contract: type[Command] | type[Query], given: dict[str, Any], timeout: float = TIMEOUT
    ) -> Any:
        return msgspec.json.decode(await self.call(contract, given, timeout))


Serve = Callable[[Visit], Awaitable[ASGIApp]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    method: str
    path: str
    zh: str
    en: str
    tag: str
    asks: type[Command] | type[Query] | None = None
    """The contract that is called with the path's, the query's and the body's fields."""
    serve: Serve | None = None
    """The odd ones' own code, instead of `asks`."""
    who: tuple[str, ...] | None = SIGNED_IN
    """Roles allowed; `SIGNED_IN` for any account, `ANYONE` for the public. Where `asks` is set: what roles.MAY says."""
    holder: bool = False
    """The holder of a case's tracking token may, for that case."""
    status: int = 200
    key: str = "welcome"
    """Idempotency-Key on writes: `required`, `welcome`, or `none` where a repeat is harmless or impossible."""
    office: Callable[[Mapping[str, str]], str] | None = None
    """Where the path decides which office answers."""
    location: str | None = None
    answers: type[Schema] | None = None
    body: type[Schema] | None = None
    """Body of an odd row, for the OpenAPI document."""
    media_type: str = "application/json"
    """What an odd row answers with."""
    tagged: bool = False
    """Answered with an ETag, and with 304 to whoever has it already."""
    limited: bool = True
    timeout: float = TIMEOUT
    hidden: frozenset[str] = field(default_factory=frozenset)
    """Fields of the contract that are not taken from the body (the tracking token has a header of its own)."""
    in_document: bool = True
    name: str | None = None
    """Operation id in the document, where two rows ask the same contract."""


Contract = type[Command] | type[Query]


def question(path: str, asks: Contract, zh: str, en: str, tag: str, **more: Any) -> Row:
    """GET: a contract's fields come from path and query."""
    if issubclass(asks, Page):
        more.setdefault("answers", answers.Page)
    return Row(method="GET", path=path, asks=asks, zh=zh, en=en, tag=tag, who=MAY[asks], **more)


def order(path: str, asks: Contract, zh: str, en: str, tag: str, **more: Any) -> Row:
    """POST on something that exists: a contract's fields come from path and body."""
    return Row(method="POST", path=path, asks=asks, zh=zh, en=en, tag=tag, who=MAY[asks], **more)


def creation(path: str, asks: Contract, zh: str, en: str, tag: str, **more: Any) -> Row:
    """POST that makes something new, and therefore needs an Idempotency-Key."""
    return order(path, asks, zh, en, tag, **{"status": 201, "key": "required", **more})


class Door:
    """One path. An ASGI application of its own: nothing stands between the router and the row."""

    def __init__(self, rows: Iterable[Row]):
        self._rows = {row.method: row for row in rows}
        if "GET" in self._rows:
            self._rows["HEAD"] = self._rows["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        row = self._rows[scope["method"]]
        scope["template"] = row.path
        request = Request(scope, receive)
        gate: Gate = scope["app"].state.gate
        visit = Visit(request, gate, await _let_in(row, request, gate))
        _refuse_nul(scope)
        if row.method == "POST" and row.key != "none":
            visit.key = idempotency.key_of(request.headers, required=row.key == "required")
        if row.serve:
            await (await row.serve(visit))(scope, receive, send)
            return
        assert row.asks is not None
        given = await _given(row, request, visit.credential)
        office = row.office(scope["path_params"]) if row.office else row.asks.office()
        body = await gate.offices.call(office, row.asks.method(), given, visit.asking(), row.timeout)
        await gate.looks.note_whole(visit, row.asks)
        await _answer(row, body, send, request)


def _refuse_nul(scope: Scope) -> None:
    """In a path or a query it is nobody's name and no database's text."""
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise hygiene.UnreadableText()


async def _let_in(row: Row, request: Request, gate: Gate) -> Credential:
    if not row.limited:
        return NOBODY
    address = request.client.host if request.client else ""
    try:
        credential = await gate.access.credential(request, holder=row.holder)
    except Unauthenticated:
        # Guessing costs the address that guesses.
        request.scope["ratelimit"] = gate.limits.spend("public", address)
        raise
    caller = credential.caller
    known = caller.kind != "public"
    request.scope["ratelimit"] = gate.limits.spend(caller.kind, caller.account if known else address)
    if row.who is not ANYONE:
        require(credential, row.who, holder=row.holder, shut=bool(row.asks and row.asks.office() in SHUT))
    return credential


async def _given(row: Row, request: Request, credential: Credential) -> dict[str, Any]:
    """The contract's fields, from path, query and body; checked here so that a mistake costs no call."""
    assert row.asks is not None
    schema = row.asks.schema()
    path = request.path_params
    if row.method == "GET":
        given = query_of(request, schema) if request.scope["query_string"] else {}
    else:
        needs_nothing = not any(one.required for name, one in schema.fields.items() if name not in path)
        given = await hygiene.read_object(request, may_be_empty=needs_nothing)
    if strange := given.keys() & (path.keys() | row.hidden):
        raise Invalid.fields(dict.fromkeys(strange, UNKNOWN))
    given.update(path)
    if credential.token is not None and "token" in schema.fields:
        given["token"] = credential.token
    if given:
        check(schema, given)
    return given


def check(schema: Schema, given: Mapping[str, Any]) -> None:
    try:
        schema.load(given)
    except ValidationError as error:
        raise Invalid.fields(field_sentences(error)) from None


def query_of(request: Request, schema: Schema) -> dict[str, Any]:
    query = request.query_params
    given: dict[str, Any] = {}
    for name in query:
        many = isinstance(schema.fields.get(name), fields.List)
        given[name] = query.getlist(name) if many else query[name]
    if "limit" in given:
        size = given["limit"]
        if not (size.isascii() and size.isdigit() and 1 <= int(size[:9]) <= LARGEST_PAGE):
            raise Invalid.fields({"limit": NOT_A_PAGE_SIZE})
        given["limit"] = int(size)
    return given


async def _answer(row: Row, body: bytes, send: Send, request: Request) -> None:
    status, head = row.status, request.method == "HEAD"
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if row.tagged:
        tag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        headers += [(b"etag", tag.encode()), (b"cache-control", b"private, no-cache")]
        known = request.headers.get("if-none-match", "")
        if tag in (one.strip().removeprefix("W/") for one in known.split(",")):
            status, body = 304, b""
            del headers[:2]
    if row.location:
        answer = msgspec.json.decode(body)
        headers.append((b"location", row.location.format_map(answer).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def routes_of(rows: Iterable[Row]) -> list[Route]:
    """One Starlette route a path, so that 405 can name every method the path takes."""
    paths: dict[str, list[Row]] = {}
    for row in rows:
        paths.setdefault(row.path, []).append(row)
    return [Route(path, Door(group), methods=[row.method for row in group]) for path, group in paths.items()]
