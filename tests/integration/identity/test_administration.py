from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.chassis.errors import Forbidden, Problem
from services.chassis.identifiers import Caller
from services.contracts import identity
from services.identity import handlers, model

PASSWORD = "correct-horse-battery"
COMMUNITY = "110105001001"
DISTRICT_ADMIN = Caller("district", "staff", None, ({"role": "admin", "scope": "110105"},))
CLERK = Caller("somebody", "staff", None, ({"role": "clerk", "scope": COMMUNITY},))
COMPANY = [{"role": "company", "scope": COMMUNITY}]


def test_nobody_grants_beyond_his_own_area(office, name):
    def create(caller, scope):
        return office(
            identity.CreateAccount, caller, account=name, name="x", roles=[{"role": "clerk", "scope": scope}]
        )

    for caller, scope in ((CLERK, COMMUNITY), (DISTRICT_ADMIN, "110106001001"), (DISTRICT_ADMIN, "")):
        with pytest.raises(model.GrantTooWide):
            create(caller, scope)
    assert create(DISTRICT_ADMIN, COMMUNITY)["account"] == name
    with pytest.raises(model.AccountExists):
        create(DISTRICT_ADMIN, COMMUNITY)


def test_one_changes_ones_own_password_with_the_current_one(office, name):
    office(identity.CreateAccount, account=name, name="x", password=PASSWORD)
    me = Caller(name, "staff")
    with pytest.raises(model.WrongCredentials):
        office(identity.SetPassword, me, account=name, password="another-good-one", current="wrong")
    with pytest.raises(model.PasswordTooWeak):
        office(identity.SetPassword, me, account=name, password=f"{name}-2026", current=PASSWORD)
    session = office(identity.Login, account=name, password=PASSWORD)
    office(identity.SetPassword, me, account=name, password="another-good-one", current=PASSWORD)
    with pytest.raises(model.RefreshTokenInvalid):
        office(identity.Refresh, refresh_token=session["refresh_token"])
    office(identity.Login, account=name, password="another-good-one")
    with pytest.raises(model.UnknownAccount):
        office(identity.SetPassword, CLERK, account=name, password="a-third-good-one")


def test_a_revoked_account_loses_sessions_and_keys_at_once(office, name):
    office(identity.CreateAccount, account=name, name="x", kind="company", roles=COMPANY, password=PASSWORD)
    session = office(identity.Login, account=name, password=PASSWORD)
    key = office(identity.CreateApiKey, account=name, label="抄表系统")["key"]
    assert office(identity.CheckApiKey, key=key)["account"] == name
    office(identity.RevokeAccount, account=name, why="合同终止")
    with pytest.raises(model.RefreshTokenInvalid):
        office(identity.Refresh, refresh_token=session["refresh_token"])
    with pytest.raises(model.WrongCredentials):
        office(identity.Login, account=name, password=PASSWORD)
    assert office(identity.CheckApiKey, key=key) == {}
    assert name in {item["name"] for item in office(identity.ListRevoked)["items"]}


def test_an_api_key_is_a_caller_with_a_part_of_the_accounts_roles(office, name):
    office(
        identity.CreateAccount, account=name, name="x", kind="company", department="property", roles=COMPANY
    )
    with pytest.raises(model.GrantTooWide):
        office(identity.CreateApiKey, account=name, label="x", roles=[{"role": "admin", "scope": COMMUNITY}])
    part = [{"role": "company", "scope": COMMUNITY + "001"}]
    made = office(identity.CreateApiKey, account=name, label="x", roles=part)
    assert office(identity.CheckApiKey, key=made["key"]) == {
        "account": name,
        "kind": "company",
        "department": "property",
        "roles": part,
    }
    assert office(identity.CheckApiKey, key=made["key"] + "x") == {}
    assert office(identity.CheckApiKey, key="yk_unknown.secret") == {}
    office(identity.RevokeApiKey, Caller(name, "company"), prefix=made["prefix"])
    assert office(identity.CheckApiKey, key=made["key"]) == {}


@pytest.mark.parametrize("secret", [None, "short-but-chosen"])
def test_a_device_has_one_credential_of_its_own(office, name, secret):
    operator = Caller("op", "staff", None, ({"role": "operator", "scope": COMMUNITY},))
    fields = {"device": name, "kind": "water-meter", "place": COMMUNITY + "001"} | (
        {"secret": secret} if secret else {}
    )
    with pytest.raises(Forbidden):
        office(identity.RegisterDevice, CLERK, **fields)
    answer = office(identity.RegisterDevice, operator, **fields)
    assert ("secret" in answer) == (secret is None)
    known = secret or answer["secret"]
    assert office(identity.CheckDevice, device=name, secret=known)["allowed"] is True
    assert office(identity.CheckDevice, device=name, secret=known + "x") == {"allowed": False}
    assert office(identity.CheckDevice, device=name + "x", secret=known) == {"allowed": False}
    with pytest.raises(model.DeviceExists):
        office(identity.RegisterDevice, operator, **fields)
    with pytest.raises(model.UnknownDevice):
        office(
            identity.RevokeDevice,
            Caller("far", "staff", None, ({"role": "operator", "scope": "999"},)),
            device=name,
        )
    office(identity.RevokeDevice, operator, device=name)
    assert office(identity.CheckDevice, device=name, secret=known) == {"allowed": False}


def test_the_access_log_only_grows(office, name):
    office(identity.NoteAccess, Caller(name, "staff"), what="export", target="households")
    (line,) = office(identity.ListAccesses, account=name)["items"]
    assert (line["what"], line["target"], line["outcome"]) == ("export", "households", "ok")
    for attack in ("DELETE FROM accesses", "UPDATE accesses SET outcome = 'never'"):
        with pytest.raises(ProgrammingError, match="only grows"), office.ledger.engine.begin() as connection:
            connection.execute(text(attack))
    older = office(identity.ListAccesses, limit=1)
    assert office(identity.ListAccesses, limit=1, cursor=older["next"])["items"] != older["items"]
    with pytest.raises(Forbidden):
        office(identity.ListAccesses, CLERK)


def test_the_demonstration_may_be_loaded_again_with_other_passwords(office, name, monkeypatch):
    # Under other names: whoever else uses this database keeps his passwords.
    real = handlers._demonstration_accounts
    renamed = lambda place: [replace(one, account=f"{name}-{one.account}") for one in real(place)]  # noqa: E731
    monkeypatch.setattr(handlers, "_demonstration_accounts", renamed)
    accounts = [one.account for one in renamed(COMMUNITY)]
    devices = [{"id": name, "kind": "water-meter", "place": COMMUNITY + "001"}]
    for turn in ("first", "second"):
        passwords = dict.fromkeys(accounts, f"{turn}-good-secret")
        secret = (turn * 20)[:40]
        load = {"passwords": passwords, "device_secret": secret, "devices": devices}
        answer = office(identity.LoadDemonstration, **load)
        assert (answer["accounts"], answer["devices"]) == (accounts, 1)
        assert office(identity.LoadDemonstration, **load)["accounts"] == []
        street = office(identity.Login, account=f"{name}-street", password=f"{turn}-good-secret")["account"]
        roles = [{"role": role, "scope": "110105001"} for role in ("manager", "officer")]
        assert street["department"] == "street"
        assert sorted(street["roles"], key=lambda held: held["role"]) == roles
        assert office(identity.CheckDevice, device=name, secret=secret)["allowed"]
    with pytest.raises(Forbidden):
        office(identity.LoadDemonstration, CLERK, passwords={})


def test_one_sees_oneself_and_whom_one_administers(office, name):
    role = [{"role": "clerk", "scope": COMMUNITY}]
    office(identity.CreateAccount, account=name, name="x", roles=role)
    assert office(identity.GetAccount, Caller(name, "staff"))["roles"] == role
    assert office(identity.GetAccount, DISTRICT_ADMIN, account=name)["active"] is True
    with pytest.raises(model.UnknownAccount):
        office(identity.GetAccount, CLERK, account=name)


@pytest.mark.parametrize("caller", [CLERK, DISTRICT_ADMIN], ids=["clerk", "administrator of another area"])
def test_nobody_learns_by_trying_which_accounts_and_keys_exist(office, name, caller):
    office(
        identity.CreateAccount, account=name, name="x", roles=[{"role": "company", "scope": "310101001001"}]
    )
    key = office(identity.CreateApiKey, account=name, label="x")["prefix"]
    tries = (
        (identity.GetAccount, {"account": name}, {"account": "nobody-at-all"}),
        (identity.SetPassword, {"account": name, "password": PASSWORD}, {"account": "nobody-at-all", "password": PASSWORD}),
        (identity.RevokeAccount, {"account": name, "why": "x"}, {"account": "nobody-at-all", "why": "x"}),
        (identity.RevokeApiKey, {"prefix": key}, {"prefix": "yk_nothing"}),
    )  # fmt: skip
    for contract, existing, invented in tries:
        with pytest.raises(Problem) as theirs:
            office(contract, caller, **existing)
        with pytest.raises(Problem) as nobodys:
            office(contract, caller, **invented)
        assert theirs.value.slug == nobodys.value.slug and theirs.value.status == 404
    with pytest.raises(model.UnknownAccount):
        office(identity.GetAccount, account=name + "x")
    with pytest.raises(model.UnknownAccount):
        office(identity.SetPassword, account=name + "x", password=PASSWORD)
    with pytest.raises(Forbidden):
        office(identity.ListAccounts, CLERK)


def test_devices_are_listed_within_the_area(office, name):
    for suffix in "abc":
        office(identity.RegisterDevice, device=name + suffix, kind="camera", place=COMMUNITY + "003")
    seen, cursor = [], None
    while True:
        page = office(identity.ListDevices, DISTRICT_ADMIN, limit=2, cursor=cursor, place=COMMUNITY + "003")
        seen += [one["device"] for one in page["items"]]
        if not (cursor := page["next"]):
            break
    assert [one for one in seen if one.startswith(name)] == [name + suffix for suffix in "abc"]
    assert "secret_hash" not in page["items"][0]
    far = Caller("far", "staff", None, ({"role": "officer", "scope": "999999"},))
    assert office(identity.ListDevices, far)["items"] == []
    with pytest.raises(Forbidden):
        office(identity.ListDevices, CLERK)


def test_what_can_no_longer_matter_is_swept(office, name):
    office(identity.CreateAccount, account=name, name="x", password=PASSWORD)
    token = office(identity.Login, account=name, password=PASSWORD)["refresh_token"]
    with pytest.raises(model.WrongCredentials):
        office(identity.Login, account=name, password="wrong")
    with office.ledger.work() as work, pytest.raises(RollBack), work.connection.begin_nested():
        work.now += timedelta(days=60)
        handlers.sweep(work)
        assert work.store.session_of(model.digest(token)) is None
        assert work.store.count_failure(name, work.now) == 1
        raise RollBack  # nobody else's rows are to be missed


class RollBack(Exception):
    pass


def test_accounts_are_listed_for_those_who_administer_them(office, name):
    for suffix, scope in (("a", COMMUNITY), ("b", "220105001001")):
        office(
            identity.CreateAccount, account=name + suffix, name="x", roles=[{"role": "clerk", "scope": scope}]
        )
    seen, cursor = [], None
    while True:
        page = office(identity.ListAccounts, DISTRICT_ADMIN, limit=5, cursor=cursor)
        seen += [one["account"] for one in page["items"]]
        if not (cursor := page["next"]):
            break
    assert name + "a" in seen and name + "b" not in seen
    assert all("password_hash" not in one for one in page["items"])
