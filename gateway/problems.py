"""Every error leaves as RFC 9457 problem+json, in the language of whoever asked."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.chassis.errors import NotFound, Problem, TooLarge
from services.chassis.identifiers import trace_id

DEFAULT_LANGUAGE = "zh-CN"

TITLES = {
    400: ("请求不完整", "Bad request"),
    401: ("需要登录", "Not signed in"),
    403: ("没有权限", "Not allowed"),
    404: ("没有找到", "Not found"),
    405: ("不支持的方法", "Method not allowed"),
    406: ("无法提供所要的格式", "Not acceptable"),
    409: ("当前状态不允许", "Conflict"),
    410: ("已失效", "Gone"),
    413: ("内容过大", "Too large"),
    415: ("内容类型不支持", "Unsupported content type"),
    422: ("内容有误", "Please correct the content"),
    429: ("请求过于频繁", "Too many requests"),
    500: ("系统出错", "Something broke on our side"),
    502: ("后台应答有误", "Bad answer from the office"),
    503: ("后台暂不可用", "Not available just now"),
    504: ("后台应答超时", "No answer in time"),
}


class BadRequest(Problem):
    """The request is not complete."""

    kind = "bad-request"
    status = 400
    zh = "请求不完整。"


class NoSuchPage(NotFound):
    """There is no such address here; /docs lists every address."""

    zh = "没有这个地址，全部接口见 /docs。"


class MethodNotAllowed(Problem):
    """This address does not take {method}; it takes {allowed}."""

    kind = "method-not-allowed"
    status = 405
    zh = "此地址不支持 {method}，可用：{allowed}。"


class ContentTooLarge(TooLarge):
    """What was sent is larger than the {limit} bytes allowed here; please split it."""

    zh = "提交的内容超过此处允许的 {limit} 字节，请拆分后再提交。"


class MalformedRequest(BadRequest):
    """The request could not be read; please check its form."""

    zh = "无法读取请求，请检查格式。"


class ServerError(Problem):
    """Something broke on our side. It has been noted; please try again, or tell us the trace id."""

    kind = "server-error"
    status = 500
    zh = "系统出错，我们已有记录。请稍后再试，或把追踪编号告诉我们。"


class Relayed(Problem):
    """A problem an office raised, passed on word for word."""

    def __init__(self, data: Mapping[str, Any]):
        self.data = data
        self.status = int(data.get("status", 500))  # type: ignore[misc]
        self.kind = str(data.get("kind", "problem"))  # type: ignore[misc]
        super().__init__()
        self.facts = dict(data.get("extras") or {})
        if self.status in (429, 503):
            self.facts.setdefault("retry_after", 2)

    @property
    def slug(self) -> str:
        return str(self.data.get("slug", "problem"))

    @property
    def en(self) -> str:
        return str(self.data.get("en") or "The office refused.")

    @property
    def chinese(self) -> str:
        return str(self.data.get("zh") or self.en)

    def as_dict(self) -> dict[str, Any]:
        return {**self.data, "slug": self.slug, "zh": self.chinese, "en": self.en}


def language_of(accept: str | None) -> str:
    """`zh-CN` unless English is wanted more."""
    if not accept:
        return DEFAULT_LANGUAGE
    best, weight = DEFAULT_LANGUAGE, 0.0
    for part in accept.split(",")[:16]:
        tag, _, rest = part.strip().lower().partition(";")
        name = {"zh": "zh-CN", "en": "en"}.get(tag.split("-")[0].strip())
        try:
            q = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            q = 0.0
        if name and q > weight:
            best, weight = name, q
    return best


def body_of(problem: Problem, *, language: str, instance: str, traceparent: str) -> dict[str, Any]:
    facts = problem.as_dict()
    titles = TITLES.get(problem.status) or (HTTPStatus(problem.status).phrase,) * 2
    chinese = language.startswith("zh")
    body = {
        "type": f"urn:yikou:problem:{facts['slug']}",
        "title": titles[0 if chinese else 1],
        "status": problem.status,
        "detail": facts["zh"] if chinese else facts["en"],
        "instance": instance,
        "slug": facts["slug"],
        "detail_zh": facts["zh"],
        "detail_en": facts["en"],
        "errors": facts.get("fields") or [],
        "trace_id": trace_id(traceparent),
    }
    # Facts an office adds (say, the number of the case that already exists) ride along, never over the names above.
    return {**{k: v for k, v in (facts.get("extras") or {}).items() if k not in body}, **body}


def headers_of(problem: Problem, language: str) -> dict[str, str]:
    headers = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    if retry := problem.facts.get("retry_after"):
        headers["Retry-After"] = str(retry)
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="yikou"'
    return headers | getattr(problem, "headers", {})


def response_to(request: Request, problem: Problem) -> Response:
    language = language_of(request.headers.get("accept-language"))
    body = body_of(
        problem,
        language=language,
        instance=request.url.path,
        traceparent=request.scope.get("traceparent", ""),
    )
    request.scope["slug"] = body["slug"]
    return Response(
        msgspec.json.encode(body), problem.status, headers_of(problem, language), "application/problem+json"
    )


async def answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return response_to(request, error)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own 404, 405 and 400 in our words."""
    assert isinstance(error, HTTPException)
    return response_to(request, from_http(request, error))


def from_http(request: Request, error: HTTPException) -> Problem:
    if error.status_code == 404:
        return NoSuchPage()
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        refusal = MethodNotAllowed(method=request.method, allowed=allowed)
        refusal.headers = {"Allow": allowed}  # type: ignore[attr-defined]
        return refusal
    if error.status_code == 413:
        return ContentTooLarge(limit="")
    return MalformedRequest() if error.status_code < 500 else ServerError()
