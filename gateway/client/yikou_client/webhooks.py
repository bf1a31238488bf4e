"""Is this message really from Yikou? Signatures as Standard Webhooks 1.0 has them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

TOLERANCE = 300
"""Seconds a message may be old, or ahead of our clock: an old one that somebody repeats is refused."""


class NotFromYikou(Exception):
    """The message is unsigned, wrongly signed, too old, or not readable. Answer 400 and do nothing."""


@dataclass(frozen=True)
class Message:
    id: str
    """The same each time the message is sent again."""
    kind: str
    at: datetime
    data: Mapping[str, Any]


class Webhook:
    """Verifies what comes; with two secrets while one replaces the other."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets` as they were given: `whsec_…`. Raises ValueError for anything else."""
        if not secrets:
            raise ValueError("no secret")
        self._keys = [_key(secret) for secret in secrets]

    def verify(self, headers: Mapping[str, str], body: bytes, now: float | None = None) -> Message:
        """The message, when one of our secrets signed it in time. Raises NotFromYikou."""
        told = {name.lower(): value for name, value in headers.items()}
        try:
            message_id, stamp = told["webhook-id"], int(told["webhook-timestamp"])
            given = [
                part.removeprefix("v1,") for part in told["webhook-signature"].split() if part[:3] == "v1,"
            ]
        except (KeyError, ValueError) as error:
            raise NotFromYikou("the headers webhook-id, -timestamp and -signature are needed") from error
        if abs((time.time() if now is None else now) - stamp) > TOLERANCE:
            raise NotFromYikou("too old, or from the future")
        signed = f"{message_id}.{stamp}.".encode() + body
        ours = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in self._keys]
        if not any(hmac.compare_digest(one, other) for one in ours for other in given):
            raise NotFromYikou("no signature of ours")
        try:
            said = json.loads(body)
            return Message(message_id, said["type"], datetime.fromisoformat(said["timestamp"]), said["data"])
        except (ValueError, KeyError, TypeError) as error:
            raise NotFromYikou("the body is not a message") from error


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret looks like whsec_…") from error
