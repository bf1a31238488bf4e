from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import select

from services.chassis.database import outbox
from services.contracts import identity
from services.contracts.envelope import Envelope
from services.identity import model
from services.identity.tables import accounts, refresh_tokens

PASSWORD = "correct-horse-battery"
CLERK = [{"role": "clerk", "scope": "110105001001"}]


@pytest.fixture
def clerk(office, name):
    office(identity.CreateAccount, account=name, name="前台", roles=CLERK, password=PASSWORD)
    return name


def said(office, subject):
    with office.ledger.engine.connect() as connection:
        bodies = connection.execute(select(outbox.c.body)).scalars()
        envelopes = [Envelope.decode(bytes(body)) for body in bodies]
    return [one for one in envelopes if one.subject == subject]


def claims_of(office, answer):
    key = office(identity.GetKeys)["keys"][0]
    assert jwt.get_unverified_header(answer["access_token"])["kid"] == key["kid"]
    return jwt.decode(
        answer["access_token"],
        jwt.PyJWK.from_dict(key),
        algorithms=["EdDSA"],
        audience=identity.AUDIENCE,
        issuer=identity.ISSUER,
        options={"require": ["iss", "aud", "sub", "jti", "iat", "nbf", "exp"]},
    )


def test_a_token_says_who_somebody_is_and_is_checked_with_the_public_key_alone(office, clerk):
    answer = office(identity.Login, account=clerk, password=PASSWORD)
    claims = claims_of(office, answer)
    assert (claims["sub"], claims["kind"], claims["department"]) == (clerk, "staff", None)
    assert claims["roles"] == CLERK
    assert claims["exp"] - claims["iat"] == answer["expires_in"] == 900
    assert answer["token_type"] == "Bearer"
    assert answer["account"]["name"] == "前台"


def test_keys_tell_nothing_private(office):
    (key,) = office(identity.GetKeys)["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}


def test_neither_passwords_nor_refresh_tokens_are_stored(office, clerk):
    answer = office(identity.Login, account=clerk, password=PASSWORD)
    with office.ledger.engine.connect() as connection:
        stored = connection.execute(
            select(accounts.c.password_hash).where(accounts.c.account == clerk)
        ).scalar()
        hashes = set(connection.execute(select(refresh_tokens.c.hash)).scalars())
    assert stored.startswith("$argon2id$")
    assert answer["refresh_token"] not in hashes
    assert model.digest(answer["refresh_token"]) in hashes


def test_an_unknown_account_and_a_wrong_password_are_told_the_same(office, clerk, name):
    with pytest.raises(model.WrongCredentials) as unknown:
        office(identity.Login, account="nobody-" + name, password=PASSWORD)
    with pytest.raises(model.WrongCredentials) as wrong:
        office(identity.Login, account=clerk, password="wrong")
    assert unknown.value.as_dict() == wrong.value.as_dict()


def test_five_failures_make_even_the_right_password_wait(office, clerk):
    for _ in range(5):
        with pytest.raises(model.WrongCredentials):
            office(identity.Login, account=clerk, password="wrong")
    with pytest.raises(model.TooManyFailures) as refusal:
        office(identity.Login, account=clerk, password=PASSWORD)
    assert refusal.value.status == 429 and 28 <= refusal.value.facts["retry_after"] <= 31
    office(identity.Login, account=clerk, password=PASSWORD, later=timedelta(seconds=31))
    office(identity.Login, account=clerk, password=PASSWORD)


def test_a_refresh_token_is_used_once_and_replaced(office, clerk):
    first = office(identity.Login, account=clerk, password=PASSWORD)
    second = office(identity.Refresh, refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert claims_of(office, first)["sid"] == claims_of(office, second)["sid"]
    assert claims_of(office, first)["jti"] != claims_of(office, second)["jti"]


def test_a_copied_refresh_token_ends_the_whole_session(office, clerk):
    first = office(identity.Login, account=clerk, password=PASSWORD)
    second = office(identity.Refresh, refresh_token=first["refresh_token"])
    session = claims_of(office, second)["sid"]
    with pytest.raises(model.RefreshTokenReused):
        office(identity.Refresh, refresh_token=first["refresh_token"])
    with pytest.raises(model.RefreshTokenInvalid):
        office(identity.Refresh, refresh_token=second["refresh_token"])
    assert session in {item["name"] for item in office(identity.ListRevoked)["items"]}
    assert [one.name for one in said(office, session)] == ["CredentialRevoked"]


def test_of_two_who_refresh_at_the_same_time_one_succeeds(office, clerk):
    token = office(identity.Login, account=clerk, password=PASSWORD)["refresh_token"]

    def attempt(_):
        try:
            return office(identity.Refresh, refresh_token=token)["token_type"]
        except model.RefreshTokenReused:
            return "reused"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == ["Bearer", "reused"]


def test_signing_out_ends_the_session_and_may_be_repeated(office, clerk):
    answer = office(identity.Login, account=clerk, password=PASSWORD)
    for _ in range(2):
        assert office(identity.Logout, refresh_token=answer["refresh_token"]) == {}
    assert office(identity.Logout, refresh_token="never-seen") == {}
    assert len(said(office, claims_of(office, answer)["sid"])) == 1
    with pytest.raises(model.RefreshTokenInvalid):
        office(identity.Refresh, refresh_token=answer["refresh_token"])


def test_a_session_ends_after_fourteen_days(office, clerk):
    token = office(identity.Login, account=clerk, password=PASSWORD)["refresh_token"]
    with pytest.raises(model.RefreshTokenInvalid):
        office(identity.Refresh, refresh_token=token, later=timedelta(days=14, seconds=1))


def test_revocations_are_listed_until_the_last_token_has_expired(office, clerk):
    answer = office(identity.Login, account=clerk, password=PASSWORD)
    office(identity.Logout, refresh_token=answer["refresh_token"])
    session = claims_of(office, answer)["sid"]
    (item,) = [item for item in office(identity.ListRevoked)["items"] if item["name"] == session]
    assert item["until"] >= claims_of(office, answer)["exp"]
    assert session not in {
        item["name"] for item in office(identity.ListRevoked, later=timedelta(minutes=17))["items"]
    }
