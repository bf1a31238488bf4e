"""The platform's HTTP door, as a company's software needs it. Everything here is in `/openapi.json` of the gateway."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import requests

TRIED_AGAIN = (429, 502, 503, 504)
LONGEST_PAUSE = 30.0

T = TypeVar("T")


class Refused(Exception):
    """The platform said no, and why. `slug` is for programs, `zh` and `en` for people."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.slug = str(problem.get("slug", "unknown"))
        self.zh = str(problem.get("detail_zh", ""))
        self.en = str(problem.get("detail_en", ""))
        self.errors: Sequence[Mapping[str, Any]] = problem.get("errors") or []
        self.trace_id = str(problem.get("trace_id", ""))
        super().__init__(f"{status} {self.slug}: {self.en}")


class Unreachable(Exception):
    """No answer after several attempts. A write may have happened; sent again with the same key it happens once."""


@dataclass(frozen=True)
class Repair:
    order_no: str
    place: str
    category: str
    state: str
    address: str | None = None
    urgency: str | None = None
    worker: str | None = None
    case_no: str | None = None
    reported_at: datetime | None = None
    arrive_by: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True)
class FeeAccount:
    household: str
    balance: Decimal
    """What the household owes; below zero it has paid in advance."""
    state: str | None = None
    entries: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


@dataclass(frozen=True)
class Case:
    case_no: str
    status: str
    due_at: datetime | None = None
    tracking_token: str | None = None


@dataclass(frozen=True)
class WebhookEndpoint:
    webhook: str
    url: str
    kinds: Sequence[str]
    state: str
    why_off: str | None = None
    secret: str | None = None
    """Only in the answer of registering and of replacing it."""


class Yikou:
    """One company's way in. Safe to share between threads as far as `requests.Session` is.

    `attempts` is how often something is tried before it is `Unreachable`; `timeout` is seconds for one attempt.
    """

    def __init__(self, url: str, api_key: str, timeout: float = 15.0, attempts: int = 5) -> None:
        self._url, self._timeout, self._attempts = url.rstrip("/"), timeout, max(1, attempts)
        self._session = requests.Session()
        self._session.headers.update({"X-API-Key": api_key, "Accept-Language": "zh-CN"})

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Yikou:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- repair orders ---------------------------------------------------------------------------------------

    def repairs(self, state: str | None = None) -> Iterator[Repair]:
        """The company's orders, the most urgent first, page after page."""
        for row in self._pages("/v1/repairs", state=state):
            yield _made(Repair, row)

    def repair(self, order_no: str) -> Mapping[str, Any]:
        """One order with its history, as it comes."""
        return self._get(f"/v1/repairs/{order_no}")

    def report_repair(self, **report: Any) -> str:
        """`place, address, category, description, urgency…`; returns the order's number."""
        return str(self._post("/v1/repairs", report)["order_no"])

    def grab_repair(self, order_no: str) -> str:
        """Raises Refused (`already-taken`) when somebody else was faster. Returns the order's state."""
        return self._step(order_no, "grab")

    def arrive_repair(self, order_no: str) -> str:
        return self._step(order_no, "arrive")

    def quote_repair(self, order_no: str, amount: Decimal, reason: str) -> str:
        """A price in yuan, named before the work."""
        return self._step(order_no, "quote", amount=str(amount), reason=reason)

    def finish_repair(
        self,
        order_no: str,
        note: str,
        materials: Sequence[Mapping[str, Any]] = (),
        cost: Decimal | None = None,
    ) -> str:
        cost_told = str(cost) if cost is not None else None
        return self._step(order_no, "finish", note=note, **_given(materials=list(materials), cost=cost_told))

    def _step(self, order_no: str, verb: str, **given: Any) -> str:
        return str(self._post(f"/v1/repairs/{order_no}/{verb}", given)["state"])

    # -- fees ------------------------------------------------------------------------------------------------

    def fee_account(self, household: str) -> FeeAccount:
        return _made(FeeAccount, self._get(f"/v1/property/households/{household}/fees"))

    def pay_fee(self, household: str, amount: Decimal, channel: str, reference: str) -> str:
        """Takes a payment and returns the receipt's number. The same reference is booked once."""
        paid = {"household": household, "amount": str(amount), "channel": channel, "reference": reference}
        return str(self._post("/v1/property/payments", paid)["receipt"])

    # -- cases -----------------------------------------------------------------------------------------------

    def file_case(self, application: Mapping[str, Any]) -> Case:
        """An application for a resident, as `channel: company`."""
        return _made(Case, self._post("/v1/cases", {"channel": "company", **application}))

    def case(self, case_no: str) -> Case:
        return _made(Case, self._get(f"/v1/cases/{case_no}"))

    # -- webhooks --------------------------------------------------------------------------------------------

    def register_webhook(
        self, url: str, kinds: Sequence[str], description: str | None = None
    ) -> WebhookEndpoint:
        told = {"url": url, "kinds": list(kinds), **_given(description=description)}
        return _made(WebhookEndpoint, self._post("/v1/webhooks", told))

    def webhooks(self) -> list[WebhookEndpoint]:
        return [_made(WebhookEndpoint, one) for one in self._get("/v1/webhooks")["items"]]

    def rotate_webhook_secret(self, webhook: str, overlap_hours: int = 24) -> WebhookEndpoint:
        answer = self._post(f"/v1/webhooks/{webhook}/secret", {"overlap_hours": overlap_hours})
        return _made(WebhookEndpoint, answer)

    def test_webhook(self, webhook: str) -> str:
        """Returns the id of the test message."""
        return str(self._post(f"/v1/webhooks/{webhook}/test", {})["delivery"])

    def disable_webhook(self, webhook: str) -> WebhookEndpoint:
        return _made(WebhookEndpoint, self._post(f"/v1/webhooks/{webhook}/disable", {}))

    def enable_webhook(self, webhook: str) -> WebhookEndpoint:
        return _made(WebhookEndpoint, self._post(f"/v1/webhooks/{webhook}/enable", {}))

    def replay_webhook(self, webhook: str, since: datetime, everything: bool = False) -> int:
        """Sends again what was not delivered since then; returns how many."""
        told = {"since": since.isoformat(), "all": everything}
        return int(self._post(f"/v1/webhooks/{webhook}/replay", told)["replayed"])

    def deliveries(self, webhook: str, state: str | None = None) -> Iterator[Mapping[str, Any]]:
        yield from self._pages(f"/v1/webhooks/{webhook}/deliveries", state=state)

    # -- the wire --------------------------------------------------------------------------------------------

    def _pages(self, path: str, **query: Any) -> Iterator[Mapping[str, Any]]:
        cursor: str | None = None
        while True:
            page = self._get(path, limit=100, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def _get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=_given(**query))

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        trouble: Exception | None = None
        pause = 0.0
        for attempt in range(self._attempts):
            time.sleep(pause)
            pause = min(0.25 * 2**attempt, LONGEST_PAUSE) * random.uniform(0.7, 1.3)
            try:
                answer = self._session.request(method, self._url + path, timeout=self._timeout, **options)
            except requests.RequestException as error:
                trouble = error
                continue
            if answer.ok:
                return answer.json()
            trouble = Refused(answer.status_code, _problem(answer))
            busy = trouble.slug == "request-in-progress"  # our own first attempt, still at it
            if answer.status_code not in TRIED_AGAIN and not busy:
                raise trouble
            asked = answer.headers.get("Retry-After", "")
            pause = min(max(pause, float(asked) if asked.isdigit() else 0.0), LONGEST_PAUSE)
        raise Unreachable(f"{method} {path}: {trouble}") from trouble


def _problem(answer: requests.Response) -> Mapping[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _made(kind: type[T], row: Mapping[str, Any]) -> T:
    """Only the fields we know: a platform that tells more tomorrow breaks nobody."""
    known = {one.name: str(one.type) for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _read(row[name], type_) for name, type_ in known.items() if name in row})


def _read(value: Any, type_: str) -> Any:
    if value is None:
        return None
    if type_.startswith("datetime"):
        return datetime.fromisoformat(value)
    return Decimal(str(value)) if type_ == "Decimal" else value
