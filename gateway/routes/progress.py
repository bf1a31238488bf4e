"""`/p/{token}`: the page behind the QR code of a receipt. Rendered here, works without JavaScript, prints well.

The token is the key: it is in no journal, sent to no other site, and kept by no cache.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.hygiene import expect, read_bytes
from gateway.problems import DEFAULT_LANGUAGE, language_of, response_to
from gateway.table import ANYONE, Row, Visit
from services.chassis.errors import Problem
from services.contracts import frontdesk
from services.contracts.units import UNITS

FORM_LIMIT = 16 * 1024
HALL_TIME = timezone(timedelta(hours=8))
"""China has one time zone, without summer time."""

STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{font:1.125rem/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:#1B1F24;
background:#fff;margin:0 auto;max-width:40rem;padding:1rem}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.25rem;margin:1.5rem 0 .5rem}
.no{font:700 1.5rem/1.2 ui-monospace,monospace;overflow-wrap:anywhere}.muted{color:#4A5560}
.state{font-weight:700}.needs-you{color:#B42318}.done{color:#0A6B3C}
ol,ul{list-style:none;padding:0;margin:0}li{border-left:4px solid #6B7785;padding:.25rem 0 .25rem .75rem;margin:.75rem 0}
li.done{border-color:#0A6B3C;color:inherit}li.needs-you{border-color:#B42318;color:inherit}
label{display:block;padding:.5rem 0;min-height:2.75rem}input[type=radio]{width:1.5rem;height:1.5rem;vertical-align:middle}
textarea{width:100%;font:inherit;padding:.5rem;border:1px solid #6B7785}
button{font:inherit;font-weight:700;min-height:3.75rem;width:100%;margin:1rem 0;background:#0B5CAD;color:#fff;border:0;
border-radius:6px}a{color:#0B5CAD}:focus-visible{outline:4px solid #FFD400;outline-offset:2px}
@media print{form,nav{display:none}body{font-size:11pt;padding:0}}
""".strip()

POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
}

WORDS = {
    "title": ("办理进度", "Progress"),
    "number": ("案件号", "Case number"),
    "filed": ("受理时间", "Filed"),
    "due": ("承诺办结", "Promised by"),
    "closed": ("办结时间", "Closed"),
    "leading": ("随此件办理、一并答复", "Handled and answered with case"),
    "belongs": ("请通过法定途径办理：", "The law has a way of its own for this:"),
    "lanes": ("各部门进展", "Each department's part"),
    "needs": ("需要您补充", "Needed from you"),
    "rate": ("请您评价", "How did we do?"),
    "comment": ("想说的话（可不填）", "Anything to add (optional)"),
    "send": ("提交评价", "Send"),
    "thanks": ("感谢您的评价。", "Thank you for your rating."),
    "as_of": ("截至", "As of"),
    "refresh": ("刷新", "Refresh"),
    "error": ("无法显示", "Cannot be shown"),
    "trace": ("追踪编号", "Trace id"),
}

STARS = {
    5: ("非常满意", "Very satisfied"),
    4: ("满意", "Satisfied"),
    3: ("基本满意", "Fairly satisfied"),
    2: ("不满意", "Dissatisfied"),
    1: ("非常不满意", "Very dissatisfied"),
}

CASE_STATES = {
    "registered": ("已登记", "Registered"),
    "dispatched": ("已交各部门", "With the departments"),
    "handling": ("办理中", "In hand"),
    "suspended": ("等待您补充材料", "Waiting for you"),
    "closed": ("已办结", "Closed"),
    "archived": ("已归档", "Archived"),
    "refused": ("未予办理", "Refused"),
    "answered": ("已当场答复", "Answered at the desk"),
    "withdrawn": ("已撤回", "Withdrawn"),
    "merged": ("已并入同一事件", "Joined with another case"),
    "not-accepted": ("未予受理", "Not accepted"),
    "transferred-emergency": ("已转紧急处置", "Handed to emergency services"),
}

LANE_STATES = {
    "assigned": ("已派发", "Sent to the department"),
    "signed": ("已签收", "Received"),
    "handling": ("办理中", "In hand"),
    "supplement": ("需要您补充", "Needs you"),
    "return-pending": ("正在确定承办部门", "Finding the right department"),
    "returned": ("已转其他部门", "Passed to another department"),
    "done": ("已完成", "Done"),
    "refused": ("未予办理", "Refused"),
    "withdrawn": ("已撤回", "Withdrawn"),
}

RATEABLE = ("closed", "refused", "answered")


def language(request: Request) -> str:
    asked = request.query_params.get("lang")
    if asked in ("zh", "zh-CN", "en"):
        return "en" if asked == "en" else DEFAULT_LANGUAGE
    return language_of(request.headers.get("accept-language"))


async def progress(visit: Visit) -> Response:
    request = visit.request
    lang = language(request)
    try:
        case = await visit.ask(frontdesk.GetCaseByToken, {"token": request.path_params["token"]})
    except Problem as problem:
        return refusal(request, problem, lang)
    return Response(
        render(case, request.path_params["token"], lang),
        headers=HEADERS | {"Content-Language": lang},
        media_type="text/html",
    )


async def rating(visit: Visit) -> Response:
    request = visit.request
    lang = language(request)
    token = request.path_params["token"]
    try:
        expect(request, "application/x-www-form-urlencoded")
        form = parse_qs((await read_bytes(request, FORM_LIMIT)).decode("utf-8", "replace"))
        case = await visit.ask(frontdesk.GetCaseByToken, {"token": token})
        stars = form.get("stars", [""])[0]
        await visit.ask(
            frontdesk.RateCase,
            {
                "case_no": case["case_no"],
                "token": token,
                "stars": int(stars) if stars in "12345" and stars else 0,
                "comment": form.get("comment", [""])[0].replace("\0", "")[:2000] or None,
            },
        )
    except Problem as problem:
        return refusal(request, problem, lang)
    return RedirectResponse(f"/p/{quote(token)}?lang={'en' if lang == 'en' else 'zh'}", 303, HEADERS)


def refusal(request: Request, problem: Problem, lang: str) -> Response:
    """A person reads a page; a program reads problem+json."""
    if "text/html" not in request.headers.get("accept", ""):
        return response_to(request, problem)
    facts = problem.as_dict()
    word = _in(lang)
    trace = request.scope.get("traceparent", "").split("-")[1:2]
    body = (
        f"<h1>{word('error')}</h1><p>{escape(facts['zh'] if lang != 'en' else facts['en'])}</p>"
        f"<p class=muted>{word('trace')}: <code>{escape(trace[0] if trace else '')}</code></p>"
    )
    headers = HEADERS | {"Content-Language": lang}
    return Response(html_page(word("title"), body, lang), problem.status, headers, "text/html")


# --- the page ---


def render(case: dict[str, Any], token: str, lang: str) -> str:
    word = _in(lang)
    title = escape(_named(case, "title", lang) or word("title"))
    other = ('<a lang="en" href="?lang=en">English</a>', '<a lang="zh-CN" href="?lang=zh">中文</a>')[
        lang == "en"
    ]
    parts = [
        f'<nav>{other} · <a href="">{word("refresh")}</a></nav>',
        f"<h1>{title}</h1>",
        f"<p class=muted>{word('number')}</p><p class=no>{escape(case['case_no'])}</p>",
        f"<p class=state role=status>{_state(CASE_STATES, case['status'], lang)}</p>",
        _leading(case.get("leading"), lang),
        _told(case.get("told"), lang),
        _times(case, word),
        _lanes(case["lanes"], lang),
        _rating(case, token, lang),
        f"<p class=muted>{word('as_of')} {moment(datetime.now(HALL_TIME).isoformat())}</p>",
    ]
    return html_page(title, "".join(parts), lang)


def html_page(title: str, body: str, lang: str) -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def _leading(leading: dict[str, Any] | None, lang: str) -> str:
    """Where the case stands that this one was joined with: it is answered with that one."""
    if not leading:
        return ""
    word = _in(lang)
    state = _state(CASE_STATES, leading["status"], lang)
    return (
        f"<p>{word('leading')} {escape(leading['case_no'])}: <strong class=state>{state}</strong></p>"
        + _times({name: leading.get(name) for name in ("due_at", "closed_at")}, word)
        + _lanes(leading["lanes"], lang)  # intake: a follower sees how far the case is that it follows
    )


def _told(told: dict[str, Any] | None, lang: str) -> str:
    """Where it belongs by law, when the desk could not accept it."""
    if not told:
        return ""
    word, name = _in(lang), "en" if lang == "en" else "zh"
    lines = [f"{word('belongs')} <strong>{escape(told[name])}</strong>", escape(told["where"][name])]
    lines += [escape(told[key][name]) for key in ("law", "within") if told.get(key)]
    return f"<p>{'<br>'.join(lines)}</p>"


def _times(case: dict[str, Any], word: Any) -> str:
    known = [("filed", case.get("filed_at")), ("due", case.get("due_at")), ("closed", case.get("closed_at"))]
    return "".join(f"<p>{word(name)}: <strong>{moment(at)}</strong></p>" for name, at in known if at)


def _lanes(lanes: list[dict[str, Any]], lang: str) -> str:
    return (
        f"<h2>{_in(lang)('lanes')}</h2><ol>{''.join(_lane(lane, lang) for lane in lanes)}</ol>"
        if lanes
        else ""
    )


def _lane(lane: dict[str, Any], lang: str) -> str:
    word = _in(lang)
    status = "refused" if lane.get("outcome") == "refused" else lane["status"]
    kind = {"done": "done", "supplement": "needs-you"}.get(status, "")
    unit = UNITS.get(lane["unit"], {}).get("en" if lang == "en" else "zh", lane["unit"])
    lines = [
        f"<strong>{escape(_named(lane, 'title', lang))}</strong> <span class=muted>{escape(unit)}</span>",
        f"<span class='state {kind}'>{_state(LANE_STATES, status, lang)}</span>",
    ]
    if lane.get("missing"):
        lines.append(f"{word('needs')}: {escape('；'.join(map(str, lane['missing'])))}")
    if lane.get("finished_at"):
        lines.append(f"<span class=muted>{word('closed')} {moment(lane['finished_at'])}</span>")
    elif lane.get("due_at"):
        lines.append(f"<span class=muted>{word('due')} {moment(lane['due_at'])}</span>")
    return f"<li class='{kind}'>{'<br>'.join(lines)}</li>"


def _rating(case: dict[str, Any], token: str, lang: str) -> str:
    word = _in(lang)
    if case.get("rated"):
        return f"<h2>{word('rate')}</h2><p>{word('thanks')}</p>"
    if case["status"] not in RATEABLE and not case.get("answered"):  # intake: a follower was answered too
        return ""
    choices = "".join(
        f"<label><input type=radio name=stars value={n} required> {names[lang == 'en']}</label>"
        for n, names in STARS.items()
    )
    return (
        f"<h2>{word('rate')}</h2><form method=post action='/p/{quote(token)}/rating?lang={lang}'>"
        f"{choices}<label>{word('comment')}<textarea name=comment rows=3 maxlength=2000></textarea></label>"
        f"<button>{word('send')}</button></form>"
    )


def _in(lang: str) -> Any:
    return lambda name: WORDS[name][lang == "en"]


def _state(table: dict[str, tuple[str, str]], status: str, lang: str) -> str:
    return table.get(status, (escape(status),) * 2)[lang == "en"]


def _named(item: dict[str, Any], name: str, lang: str) -> str:
    return str(item.get(f"{name}_{'en' if lang == 'en' else 'zh'}") or item.get(f"{name}_zh") or "")


def moment(at: Any) -> str:
    try:
        return datetime.fromisoformat(str(at)).astimezone(HALL_TIME).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return escape(str(at))


ROWS = (
    Row(
        method="GET",
        path="/p/{token}",
        serve=progress,
        who=ANYONE,
        media_type="text/html",
        tag="cases",
        zh="办理进度页（回执二维码）",
        en="The progress page behind the receipt's QR code",
    ),
    Row(
        method="POST",
        path="/p/{token}/rating",
        serve=rating,
        who=ANYONE,
        status=303,
        key="none",
        media_type="text/html",
        tag="cases",
        zh="在进度页上评价",
        en="Rate from the progress page",
    ),
)
