"""A draft lies in the database as nobody can read it: the key is made from the secret on the slip, which we do not keep."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.frontdesk.intake.model import UnknownDraft


def _box(code: str, secret: str) -> Fernet:
    # The secret has 88 random bits: no slow derivation is needed as it would be for a password of a person's choosing.
    key = HKDF(SHA256(), 32, salt=code.encode(), info=b"yikou draft").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def seal(code: str, secret: str, body: dict[str, Any]) -> bytes:
    return _box(code, secret).encrypt(msgspec.json.encode(body))


def unseal(code: str, secret: str, sealed: bytes) -> dict[str, Any]:
    """Raises UnknownDraft: a wrong secret is told like a code that does not exist."""
    try:
        body: dict[str, Any] = msgspec.json.decode(_box(code, secret).decrypt(sealed))
    except InvalidToken:
        raise UnknownDraft() from None
    return body
