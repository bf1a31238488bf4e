"""An endpoint and its messages: signatures, the schedule of attempts, and when to give up.

The form is that of Standard Webhooks 1.0 (standardwebhooks.com): signature `v1,` and base64 of HMAC-SHA256 over
`{id}.{timestamp}.{body}`; attempts over some three days; 410 means *never again*.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound

SCHEDULE = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
"""Between one attempt and the next; after the last a message has failed and waits to be replayed."""
JITTER = 0.2
"""Each pause is up to a fifth longer or shorter, so that what failed together is not tried together."""
GIVE_UP_AFTER = timedelta(days=5)
"""An endpoint that has answered nothing well for so long is switched off."""
ENDPOINTS_AT_MOST = 20
GONE = 410
LATER_AT_MOST = timedelta(hours=24)
"""An endpoint may ask for a later attempt (Retry-After), but not for much later."""


class UnknownWebhook(NotFound):
    """There is no webhook {webhook} of yours."""

    zh = "没有您的推送地址“{webhook}”。"


class TooManyWebhooks(Conflict):
    """An account may have {most} webhooks; remove one that is not needed."""

    zh = "每个账号最多登记 {most} 个推送地址，请先停用不需要的。"


class AddressRefused(Invalid):
    """Messages are sent to public addresses over HTTPS only: {why}."""

    zh = "仅向公网 HTTPS 地址推送：{why}。"


class WebhookOff(Conflict):
    """This webhook is switched off; enable it first."""

    zh = "该推送地址已停用，请先启用。"


@dataclass
class Webhook:
    """An endpoint. `scopes` are the areas its owner had when it was registered."""

    webhook: str
    account: str
    url: str
    kinds: list[str]
    scopes: list[str]
    created_at: datetime
    description: str | None = None
    state: str = "on"
    why_off: str | None = None
    secret_no: int = 1
    old_secret_until: datetime | None = None
    failing_since: datetime | None = None

    def wants(self, kind: str, place: str) -> bool:
        return self.state == "on" and kind in self.kinds and any(place.startswith(one) for one in self.scopes)

    def rotate(self, overlap: timedelta, at: datetime) -> None:
        self.secret_no += 1
        self.old_secret_until = at + overlap

    def switch_off(self, why: str) -> None:
        self.state, self.why_off = "off", why

    def switch_on(self) -> None:
        self.state, self.why_off, self.failing_since = "on", None, None

    def secrets(self, master: str, at: datetime) -> list[bytes]:
        """The present one first; the one before it while the overlap lasts."""
        numbers = [self.secret_no]
        if self.old_secret_until and at < self.old_secret_until and self.secret_no > 1:
            numbers.append(self.secret_no - 1)
        return [secret(master, self.webhook, number) for number in numbers]


@dataclass
class Delivery:
    """One message to one endpoint."""

    delivery: str
    webhook: str
    kind: str
    at: datetime
    data: dict[str, Any]
    state: str = "pending"
    attempts: int = 0
    next_at: datetime | None = None
    status: int | None = None
    """HTTP status of the last answer."""
    error: str | None = None
    delivered_at: datetime | None = None

    def settle(self, answer: Answer, at: datetime, chance: random.Random) -> None:
        """After an attempt: delivered, to be tried again, or given up."""
        self.attempts += 1
        self.status, self.error = answer.status, answer.error
        if answer.good:
            self.state, self.delivered_at, self.next_at = "delivered", at, None
        elif answer.status == GONE or self.attempts > len(SCHEDULE):
            self.state, self.next_at = "failed", None
        else:
            pause = SCHEDULE[self.attempts - 1] * chance.uniform(1 - JITTER, 1 + JITTER)
            self.next_at = at + max(pause, min(answer.later, LATER_AT_MOST))

    def again(self, at: datetime) -> None:
        self.state, self.attempts, self.next_at = "pending", 0, at


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or the reason why nothing did."""

    status: int | None = None
    error: str | None = None
    later: timedelta = field(default_factory=timedelta)

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def judge(webhook: Webhook, answer: Answer, at: datetime) -> None:
    """What an answer says of the endpoint itself."""
    if answer.good:
        webhook.failing_since = None
    elif answer.status == GONE:
        webhook.switch_off("gone")
    else:
        webhook.failing_since = webhook.failing_since or at
        if at - webhook.failing_since >= GIVE_UP_AFTER:
            webhook.switch_off("failing")


def secret(master: str, webhook: str, number: int) -> bytes:
    """Made again each time from the installation's own secret, so that none of them lies in a table."""
    return hmac.digest(master.encode(), f"webhook {webhook} {number}".encode(), "sha256")


def written(key: bytes) -> str:
    """As its owner gets it."""
    return "whsec_" + base64.b64encode(key).decode()


def signatures(keys: list[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join("v1," + base64.b64encode(one).decode() for one in made)
