from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.identifiers import Caller
from services.identity import model

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, None), (4, None), (5, 30), (6, 60), (9, 900), (100, 900)]
)
def test_waiting_grows_with_the_failures(failures, seconds):
    until = model.wait_after(failures, NOW)
    assert until == (NOW + timedelta(seconds=seconds) if seconds else None)


def test_a_claim_lives_as_long_as_it_says_and_is_outlived_by_its_revocation():
    claims = model.Account("a", "A", "staff", None, []).claims("s", NOW)
    assert claims["exp"] == NOW.timestamp() + 900
    assert model.revoked_until(NOW).timestamp() > claims["exp"]


def test_a_key_is_found_by_its_prefix_and_checked_by_its_hash():
    prefix, key, hashed = model.new_api_key()
    assert model.prefix_of(key) == prefix
    assert model.matches_digest(hashed, key)
    assert not model.matches_digest(hashed, key[:-1])


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "my-clerk-password", "CLERK1234567"])
def test_passwords_a_guesser_tries_first_are_refused(password):
    with pytest.raises(model.PasswordTooWeak):
        model.check_password("clerk", password)


def test_an_account_without_roles_belongs_to_who_administers_everything():
    account = model.Account("a", "A", "staff", None, [])
    model.check_administers(Caller("x", "staff", None, ({"role": "admin", "scope": ""},)), account)
    with pytest.raises(model.GrantTooWide):
        model.check_administers(Caller("x", "staff", None, ({"role": "admin", "scope": "110105"},)), account)


def test_a_copy_of_the_account_never_prints_its_hash():
    assert "secret" not in repr(model.Account("a", "A", "staff", None, [], password_hash="secret"))
