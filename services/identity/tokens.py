"""The signing key, which never leaves this service, and what is made with it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from services.chassis.settings import settings
from services.contracts.identity import ALGORITHM, AUDIENCE, ISSUER


class NotASigningKey(Exception):
    """YIKOU_SIGNING_KEY names no Ed25519 private key in PEM."""


@cache
def _key() -> Ed25519PrivateKey:
    """YIKOU_SIGNING_KEY holds the PEM or, better, the path of a file only we may read."""
    given = settings().required("YIKOU_SIGNING_KEY")
    pem = given.encode() if given.startswith("-----BEGIN") else Path(given).read_bytes()
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise NotASigningKey("YIKOU_SIGNING_KEY cannot be read") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NotASigningKey("YIKOU_SIGNING_KEY is not an Ed25519 key")
    return key


@cache
def public_key() -> dict[str, str]:
    """The JWK others check our tokens with; its id is its thumbprint (RFC 7638), so a new key has a new id."""
    raw = _key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    essence = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
    kid = _base64url(hashlib.sha256(msgspec.json.encode(essence)).digest())
    return {**essence, "kid": kid, "alg": ALGORITHM, "use": "sig"}


def sign(claims: dict[str, Any]) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, **claims}
    return jwt.encode(
        claims, _key(), algorithm=ALGORITHM, headers={"kid": public_key()["kid"], "typ": "at+jwt"}
    )


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
