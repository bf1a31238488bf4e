"""The hall's public door as its users see it: HTTP, problem+json, server-sent events. Knows no service."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import requests

from deploy.cli.surroundings import needed

CONNECT = 5.0
ANSWER = 20.0
LOOK_AGAIN = 0.2
"""Seconds between two looks at something that has no stream."""

Line = dict[str, Any]


class Refused(Exception):
    """The door said no, in both languages and with the fields concerned."""

    def __init__(self, what: str, problem: dict[str, Any]) -> None:
        self.status, self.slug = problem.get("status", 0), problem.get("slug", "")
        faults = [f"  {one['path']}: {one['zh']} {one['en']}" for one in problem.get("errors") or ()]
        said = [
            f"{what}: {problem.get('detail_zh') or problem.get('title', '')} {problem.get('detail_en', '')}".strip()
        ]
        super().__init__("\n".join(said + faults))


class NotInTime(Exception):
    """What was waited for did not happen."""


class Deadline:
    """All the time there is; whoever waits takes from it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    def within(self, seconds: float) -> Deadline:
        return Deadline(min(seconds, max(0.0, self.left)))

    def until(self, zh: str, en: str, condition: Callable[[], Any]) -> Any:
        """The condition's first true value. Raises NotInTime, which says what was waited for."""
        while True:
            if found := condition():
                return found
            if self.left <= 0:
                raise NotInTime(f"没有等到：{zh} · Waited in vain: {en}")
            time.sleep(LOOK_AGAIN)


class Hall:
    """One account at the door."""

    def __init__(self, account: str, url: str | None = None, password: str | None = None) -> None:
        self.account = account
        self._url = url or needed("YIKOU_URL")
        self._password = password or needed(f"YIKOU_PASSWORD_{account.upper()}")
        self._session = requests.Session()
        self._session.headers["Accept-Language"] = "zh-CN"
        self._sign_in()

    def _sign_in(self) -> None:
        given = {"grant": "password", "account": self.account, "password": self._password}
        answer = self._session.post(f"{self._url}/v1/tokens", json=given, timeout=(CONNECT, ANSWER))
        token = _read(f"登录 sign in {self.account}", answer)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def show_receipt(self, token: str) -> None:
        """A terminal sees and does nothing with a case but for who holds its receipt."""
        self._session.headers["X-Tracking-Token"] = token

    def get(self, path: str, **query: Any) -> Any:
        asked = {key: value for key, value in query.items() if value is not None}
        answer = self._session.get(f"{self._url}{path}", params=asked, timeout=(CONNECT, ANSWER))
        return _read(f"GET {path}", answer)

    def post(self, path: str, **body: Any) -> Any:
        """Sent with a key of its own, so that a repeat after a broken connection is the same request."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        for last in (False, False, True):
            try:
                answer = self._session.post(
                    f"{self._url}{path}", json=body, headers=headers, timeout=(CONNECT, ANSWER)
                )
                break
            except requests.ConnectionError:
                if last:
                    raise
                time.sleep(LOOK_AGAIN)
        return _read(f"POST {path}", answer)

    def lines(self, case_no: str, after: int = 0, deadline: Deadline | None = None) -> Iterator[Line]:
        """A case's history as it happens; resumes by itself. Ends at the deadline, or never."""
        while deadline is None or deadline.left > 0:
            try:
                for line in self._stream(case_no, after, deadline):
                    after = line["seq"]
                    yield line
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
                time.sleep(LOOK_AGAIN)
            except Refused as refused:
                if refused.status != 401:
                    raise
                self._sign_in()

    def _stream(self, case_no: str, after: int, deadline: Deadline | None) -> Iterator[Line]:
        patience = 40.0 if deadline is None else max(0.1, deadline.left)
        path = f"/v1/cases/{case_no}/events"
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(after)} if after else {})
        with self._session.get(
            f"{self._url}{path}", headers=headers, stream=True, timeout=(CONNECT, patience)
        ) as answer:
            if answer.status_code != 200:
                _read(f"GET {path}", answer)
            data = []
            for raw in answer.iter_lines(chunk_size=1):
                if deadline is not None and deadline.left <= 0:
                    return
                if raw.startswith(b"data:"):
                    data.append(raw[5:].strip())
                elif not raw and data:
                    yield json.loads(b"\n".join(data))
                    data = []


def _read(what: str, answer: requests.Response) -> Any:
    if answer.status_code < 300:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    raise Refused(what, {"status": answer.status_code, "title": f"HTTP {answer.status_code}"} | problem)
