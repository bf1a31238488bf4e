"""Passwords and keys of one stack: made once, kept over runs, never printed."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ACCOUNTS = (
    "admin", "supervisor", "clerk", "terminal", "party", "property",
    "cameras", "meters", "volunteers", "street", "company", "census", "enumerator",
)  # fmt: skip
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # a person types these: nothing that looks like its neighbour


def password() -> str:
    """Sixteen readable characters, 79 bits: `k7fw-…`."""
    return "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(4))


def complete(known: Mapping[str, str], services: tuple[str, ...]) -> dict[str, str]:
    """Every secret of a stack; the known ones stay as they are."""
    machine = [
        "YIKOU_BROKER_PASSWORD", "YIKOU_POSTGRES_PASSWORD", "YIKOU_DEVICE_SECRET", "YIKOU_TRACKING_SECRET",
        "YIKOU_WEBHOOK_SECRET",
    ]  # fmt: skip
    machine += [f"YIKOU_DATABASE_PASSWORD_{service.upper()}" for service in services]
    people = [f"YIKOU_PASSWORD_{account.upper()}" for account in ACCOUNTS]
    fresh = {name: secrets.token_hex(20) for name in machine} | {name: password() for name in people}
    return {name: known.get(name) or value for name, value in fresh.items()}


def signing_key(path: Path) -> Path:
    """The Ed25519 key that signs our tokens."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        private(path, pem)
    return path


def private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """A file nobody else can read, not even for a moment."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
