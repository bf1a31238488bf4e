"""Secrets are made once, kept over runs, and lie in files that nobody else can read."""

import stat

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.local import secrets


def test_every_account_and_service_has_its_own_secret():
    made = secrets.complete({}, ("frontdesk", "meters"))
    accounts = {f"YIKOU_PASSWORD_{account.upper()}" for account in secrets.ACCOUNTS}
    assert accounts | {"YIKOU_DEVICE_SECRET", "YIKOU_DATABASE_PASSWORD_METERS"} <= set(made)
    assert len(set(made.values())) == len(made)


def test_known_secrets_stay():
    first = secrets.complete({}, ("frontdesk",))
    assert secrets.complete(first, ("frontdesk",)) == first


def test_a_password_can_be_typed():
    password = secrets.password()
    assert len(password) == 19
    assert set(password) <= set(secrets.READABLE + "-")


def test_the_signing_key_is_ed25519_private_and_made_once(tmp_path):
    path = secrets.signing_key(tmp_path / "key.pem")
    pem = path.read_bytes()
    assert isinstance(load_pem_private_key(pem, None), Ed25519PrivateKey)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secrets.signing_key(path).read_bytes() == pem
