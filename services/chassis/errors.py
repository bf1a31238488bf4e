"""Errors that have a kind, a slug and a sentence a person can act on.

A `Problem` is raised beside the rule it belongs to, travels through RPC unchanged and becomes
RFC 9457 problem+json at the gateway. Its docstring is the English sentence, `zh` the Chinese one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

FieldSentences = Mapping[str, tuple[str, str]]


class Problem(Exception):
    """Something is not as it should be."""

    kind: ClassVar[str] = "problem"
    status: ClassVar[int] = 500
    zh: ClassVar[str] = "请求未能完成。"

    def __init__(self, _fields: FieldSentences | None = None, **facts: Any) -> None:
        self.facts = facts
        self.field_sentences: FieldSentences = _fields or {}
        super().__init__(self.en)

    @classmethod
    def fields(cls, sentences: FieldSentences, **facts: Any) -> Self:
        """All faults of one form at once: field path -> (Chinese sentence, English sentence)."""
        return cls(sentences, **facts)

    @property
    def slug(self) -> str:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(self).__name__).lower()

    @property
    def en(self) -> str:
        return _fill(" ".join((type(self).__doc__ or "").split("\n\n")[0].split()), self.facts)

    @property
    def chinese(self) -> str:
        return _fill(type(self).zh, self.facts)

    def as_dict(self) -> dict[str, Any]:
        """The form in which a problem crosses the broker."""
        return {
            "slug": self.slug,
            "kind": self.kind,
            "status": self.status,
            "zh": self.chinese,
            "en": self.en,
            "fields": [{"path": path, "zh": zh, "en": en} for path, (zh, en) in self.field_sentences.items()],
            "extras": {key: value for key, value in self.facts.items() if _is_plain(value)},
        }


class Invalid(Problem):
    """Some fields are missing or wrong; each is named with what is expected."""

    kind = "invalid"
    status = 422
    zh = "有些内容缺少或不正确，请按提示逐项修改。"


class NotFound(Problem):
    """There is nothing here under that name."""

    kind = "not-found"
    status = 404
    zh = "没有找到。"


class Conflict(Problem):
    """This cannot be done in the present state."""

    kind = "conflict"
    status = 409
    zh = "当前状态下不能这样做。"


class Forbidden(Problem):
    """Your role or area does not cover this."""

    kind = "forbidden"
    status = 403
    zh = "您的角色或辖区不包括这项操作。"


class Unauthenticated(Problem):
    """Please sign in."""

    kind = "unauthenticated"
    status = 401
    zh = "请先登录。"


class Gone(Problem):
    """This existed once and is gone."""

    kind = "gone"
    status = 410
    zh = "该内容已失效。"


class TooLarge(Problem):
    """What was sent is larger than allowed."""

    kind = "too-large"
    status = 413
    zh = "提交的内容超过允许的大小。"


class Unavailable(Problem):
    """The office is not answering just now; nothing was lost, please try again."""

    kind = "unavailable"
    status = 503
    zh = "后台暂时没有应答，您的内容没有丢失，请稍后再试。"


class RequestInProgress(Conflict):
    """A request with this Idempotency-Key is still being worked on; ask again in a moment."""

    zh = "相同幂等键的请求正在处理，请稍后再查。"


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used with another content; use a new key for a new request."""

    zh = "该幂等键已用于另一份内容，新的请求请使用新的键。"


class Transient(Exception):
    """Nobody's fault and likely to pass (a broken connection, a lock): the entrance tries again later."""


class TimedOut(Transient):
    """The time allowed for this piece of work ran out."""


class Permanent(Exception):
    """Trying again cannot help: the message is set aside in the dead letters with this reason."""


def _fill(sentence: str, facts: Mapping[str, Any]) -> str:
    try:
        return sentence.format(**facts)
    except (KeyError, IndexError, ValueError):
        return sentence


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list | dict)
