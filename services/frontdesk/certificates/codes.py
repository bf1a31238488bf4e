"""The code beside a certificate's number: made from the secret each time, so that no table holds it."""

from __future__ import annotations

import hmac

from services.chassis.settings import settings
from services.frontdesk.certificates.model import ALPHABET, CODE_LENGTH

SECRET = "YIKOU_TRACKING_SECRET"


def code_of(number: str) -> str:
    made = hmac.digest(settings().required(SECRET).encode(), f"certificate {number}".encode(), "sha256")
    value = int.from_bytes(made)
    signs = []
    for _ in range(CODE_LENGTH):
        value, place = divmod(value, len(ALPHABET))
        signs.append(ALPHABET[place])
    return "".join(signs)


def fits(number: str, code: str) -> bool:
    """Read from paper: small letters, blanks and dashes do not matter."""
    given = "".join(sign for sign in code.upper() if sign.isalnum())
    return hmac.compare_digest(given.encode(), code_of(number).encode())


def page_of(number: str) -> str:
    """What the QR code holds."""
    return f"{settings().public_url}/c/{number}?code={code_of(number)}"
