"""Passwords, argon2id. Hashing takes some 20 ms of a processor: outside the event loop, so that heartbeats go on."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from eventlet import tpool

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's floor for argon2id
_nobody = _hasher.hash("an account that does not exist")


def seal(password: str) -> str:
    return str(tpool.execute(_hasher.hash, password.encode("utf-8", "replace")))


def matches(sealed: str | None, password: str) -> bool:
    """Takes as long for an account that does not exist: the time must not tell which accounts there are."""
    try:
        return bool(
            tpool.execute(_hasher.verify, sealed or _nobody, password.encode("utf-8", "replace"))
        ) and bool(sealed)
    except (VerificationError, InvalidHashError):
        return False


def is_dated(sealed: str) -> bool:
    """Made with weaker parameters than today's: sealed anew at the next login."""
    return _hasher.check_needs_rehash(sealed)
