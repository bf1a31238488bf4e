"""The Idempotency-Key header. The gateway only insists on it and passes it on: key, fingerprint and answer are kept by
the office in the same transaction as the effect, which is the only place where they cannot disagree."""

from __future__ import annotations

import re

from starlette.datastructures import Headers

from gateway.problems import BadRequest

HEADER = "idempotency-key"
_KEY = re.compile(r"[\x21-\x7e]{8,128}")


class IdempotencyKeyMissing(BadRequest):
    """Send an Idempotency-Key header (8 to 128 characters, new for each new request): then a repeat does nothing twice."""

    zh = "请提供 Idempotency-Key 请求头（8 至 128 个字符，每个新请求换新值），重复提交才不会重复办理。"


class IdempotencyKeyMalformed(BadRequest):
    """An Idempotency-Key is 8 to 128 visible ASCII characters."""

    zh = "Idempotency-Key 应为 8 至 128 个可见 ASCII 字符。"


def key_of(headers: Headers, *, required: bool) -> str | None:
    key = headers.get(HEADER)
    if key is None:
        if required:
            raise IdempotencyKeyMissing()
        return None
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMalformed()
    return key
