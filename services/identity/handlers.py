"""Signing in and out, and everything that gives or takes a credential."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.chassis.identifiers import new_id
from services.chassis.settings import settings
from services.contracts import identity
from services.contracts.roles import may
from services.identity import model, passwords, tokens
from services.identity.model import Account


@contextmanager
def _apart(work: Work) -> Iterator[Work]:
    """A transaction of its own, for what must remain although the caller is refused and his own rolls back:
    a counted failure, a session ended because its token was copied."""
    with work.connection.engine.begin() as connection:
        other = Work(work.service, connection, type(work.store), work.caller, work.trace)
        yield other
        other.flush()


# -- signing in ----------------------------------------------------------------------------------------


def login(work: Work, command: Any) -> dict[str, Any]:
    name = command.account
    until = work.store.wait_until(name)
    if until and until > work.now:
        raise model.TooManyFailures(retry_after=int((until - work.now).total_seconds()) + 1)
    account = work.store.account(name)
    # A closed account is measured like an unknown one: whoever guesses learns nothing.
    sealed = account.password_hash if account and account.active else None
    if not passwords.matches(sealed, command.password) or account is None or sealed is None:
        _refuse_login(work, name)
        raise model.WrongCredentials()
    if passwords.is_dated(sealed):
        work.store.set_password(name, passwords.seal(command.password), work.now)
    work.store.forget_failures(name)
    session = new_id()
    work.store.begin_session(session, name, work.now, work.now + model.SESSION_LIFE)
    work.store.note(at=work.now, account=name, kind=account.kind, what="login", outcome="ok")
    return _tokens(work, account, session)


def _refuse_login(work: Work, name: str) -> None:
    with _apart(work) as apart:
        failures = apart.store.count_failure(name, apart.now)
        if until := model.wait_after(failures, apart.now):
            apart.store.let_wait(name, until)
        apart.store.note(at=apart.now, account=name, kind="public", what="login", outcome="wrong-credentials")


def refresh(work: Work, command: Any) -> dict[str, Any]:
    hashed = model.digest(command.refresh_token)
    used = work.store.use_refresh_token(hashed, work.now)
    session = work.store.session_of(hashed)
    if session is None or session.ended_at or session.expires_at <= work.now:
        raise model.RefreshTokenInvalid()
    if used is None:
        with _apart(work) as apart:
            _end_sessions(apart, "refresh-token-reused", session=session.id)
            apart.store.note(
                at=apart.now,
                account=session.account,
                kind="public",
                what="refresh",
                outcome="reused",
                target=session.id,
            )
        raise model.RefreshTokenReused()
    account = work.store.account(session.account)
    if account is None or not account.active:
        raise model.RefreshTokenInvalid()
    return _tokens(work, account, session.id)


def _tokens(work: Work, account: Account, session: str) -> dict[str, Any]:
    refresh_token = model.new_secret()
    work.store.add_refresh_token(model.digest(refresh_token), session, work.now)
    return {
        "access_token": tokens.sign(account.claims(session, work.now)),
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": int(model.ACCESS_LIFE.total_seconds()),
        "account": account.face(),
    }


def logout(work: Work, command: Any) -> dict[str, Any]:
    session = work.store.session_of(model.digest(command.refresh_token))
    if session is not None and _end_sessions(work, "logout", session=session.id):
        work.store.note(at=work.now, account=session.account, kind="public", what="logout", outcome="ok")
    return {}


def _end_sessions(
    work: Work, why: str, *, session: str | None = None, account: str | None = None
) -> list[str]:
    ended: list[str] = work.store.end_sessions(work.now, why, session=session, account=account)
    for name in ended:
        _revoke(work, name, "session")
    return ended


def _revoke(work: Work, name: str, kind: str) -> None:
    until = model.revoked_until(work.now)
    work.store.revoke(name, kind, until)
    work.say(identity.CredentialRevoked, subject=name, name=name, kind=kind, until=int(until.timestamp()))


# -- accounts ------------------------------------------------------------------------------------------


def create_account(work: Work, command: Any) -> dict[str, Any]:
    account = Account(command.account, command.name, command.kind, command.department, command.roles)
    model.check_administers(work.caller, account)
    if command.password:
        model.check_password(command.account, command.password)
        account.password_hash = passwords.seal(command.password)
    if not work.store.add_account(account, work.now):
        raise model.AccountExists(account=command.account)
    _note(work, "create-account", command.account)
    return account.face()


def set_password(work: Work, command: Any) -> dict[str, Any]:
    account = _account(work, command.account, or_own=True)
    own = work.caller.account == account.account
    if own and not passwords.matches(account.password_hash, command.current or ""):
        _refuse_login(work, account.account)
        raise model.WrongCredentials()
    model.check_password(command.account, command.password)
    work.store.set_password(account.account, passwords.seal(command.password), work.now)
    work.store.forget_failures(account.account)
    _end_sessions(work, "password-changed", account=account.account)
    _note(work, "set-password", account.account)
    return {}


def revoke_account(work: Work, command: Any) -> dict[str, Any]:
    account = _account(work, command.account)
    work.store.close_account(account.account, work.now)
    work.store.end_sessions(work.now, "account-revoked", account=account.account)
    _revoke(work, account.account, "account")
    for prefix in work.store.revoke_api_keys(work.now, account=account.account):
        _revoke(work, prefix, "api-key")
    _note(work, "revoke-account", account.account)
    return {}


def _account(work: Work, name: str, *, or_own: bool = False) -> Account:
    """One the caller administers; of the others he is not told whether they exist."""
    account: Account | None = work.store.account(name)
    own = or_own and work.caller.account == name
    if account is None or not (own or model.administers(work.caller, account)):
        raise model.UnknownAccount(account=name)
    return account


# -- keys of companies ---------------------------------------------------------------------------------


def create_api_key(work: Work, command: Any) -> dict[str, Any]:
    account = _account(work, command.account)
    held = model.narrowed(command.roles, account.roles)
    prefix, key, hashed = model.new_api_key()
    expires_at = work.now + timedelta(days=command.days)
    work.store.add_api_key(prefix, hashed, account.account, command.label, held, work.now, expires_at)
    _note(work, "create-api-key", prefix)
    return {"prefix": prefix, "key": key, "roles": held, "expires_at": expires_at}


def revoke_api_key(work: Work, command: Any) -> dict[str, Any]:
    owner = work.store.account(work.store.api_key_owner(command.prefix) or "")
    if owner is None or not (work.caller.account == owner.account or model.administers(work.caller, owner)):
        raise model.UnknownApiKey(prefix=command.prefix)
    if work.store.revoke_api_keys(work.now, prefix=command.prefix):
        _revoke(work, command.prefix, "api-key")
        _note(work, "revoke-api-key", command.prefix)
    return {}


# -- devices -------------------------------------------------------------------------------------------


def register_device(work: Work, command: Any) -> dict[str, Any]:
    if not work.caller.may(may(identity.RegisterDevice), command.place):
        raise Forbidden()
    secret = command.secret or model.new_secret()
    row = _device_row(work, command.device, command.kind, command.place, _hash_of(secret))
    if not work.store.add_devices([row]):
        raise model.DeviceExists(device=command.device)
    _note(work, "register-device", command.device)
    return {"device": command.device, "kind": command.kind, "place": command.place} | (
        {} if command.secret else {"secret": secret}
    )


def _hash_of(secret: str) -> str:
    return model.digest(secret) if len(secret) >= model.MACHINE_MADE else passwords.seal(secret)


def _device_row(work: Work, device: str, kind: str, place: str, secret_hash: str) -> dict[str, Any]:
    return {
        "device": device,
        "kind": kind,
        "place": place,
        "secret_hash": secret_hash,
        "registered_at": work.now,
    }


def revoke_device(work: Work, command: Any) -> dict[str, Any]:
    device = work.store.device(command.device)
    if device is None or not work.caller.may(may(identity.RevokeDevice), device.place):
        raise model.UnknownDevice(device=command.device)
    work.store.revoke_device(command.device, work.now)
    _revoke(work, command.device, "device")
    _note(work, "revoke-device", command.device)
    return {}


# -- the access log ------------------------------------------------------------------------------------


def note_access(work: Work, command: Any) -> dict[str, Any]:
    _note(work, command.what, command.target, command.outcome, command.address)
    return {}


def _note(
    work: Work, what: str, target: str | None = None, outcome: str = "ok", address: str | None = None
) -> None:
    work.store.note(
        at=work.now,
        account=work.caller.account,
        kind=work.caller.kind,
        what=what,
        target=target,
        outcome=outcome,
        address=address,
    )


# -- the demonstration ---------------------------------------------------------------------------------


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    """Makes every account and device be there with today's secrets."""
    if not work.caller.may("admin", ""):
        raise Forbidden()
    loaded = [
        account.account
        for account in _demonstration_accounts(settings().place)
        if account.account in command.passwords
        and _settle_account(work, account, command.passwords[account.account])
    ]
    devices = 0
    if command.device_secret:
        hashed = model.digest(command.device_secret)
        rows = [_device_row(work, one["id"], one["kind"], one["place"], hashed) for one in command.devices]
        devices = work.store.add_devices(rows, renew=True)
    return {"accounts": loaded, "devices": devices}


def _settle_account(work: Work, account: Account, password: str) -> bool:
    """True when something had to be done."""
    known = work.store.account(account.account)
    if known and passwords.matches(known.password_hash, password):
        return False
    account.password_hash = passwords.seal(password)
    if known:
        work.store.set_password(account.account, account.password_hash, work.now)
        _end_sessions(work, "password-changed", account=account.account)
    else:
        work.store.add_account(account, work.now)
    return True


def _demonstration_accounts(community: str) -> list[Account]:
    def one(
        name: str, title: str, role: str, scope: str, department: str | None = None, kind: str = "staff"
    ) -> Account:
        roles = [{"role": role, "scope": scope}]
        if role == "officer":  # a department of one person: he is its head too, who alone asks for more time
            roles.append({"role": "manager", "scope": scope})
        return Account(name, title, kind, department, roles)

    street = community[:9]
    return [
        one("admin", "平台管理员", "admin", ""),
        one("supervisor", "街道督办员", "supervisor", street),
        one("clerk", "前台综合窗口", "clerk", community),
        one("terminal", "自助终端一号", "terminal", community, kind="terminal"),
        one("party", "党建专员", "officer", community, "party"),
        one("property", "物业专员", "officer", community, "property"),
        one("cameras", "安防值班员", "officer", community, "cameras"),
        one("meters", "水电气表管理员", "officer", community, "meters"),
        one("volunteers", "志愿服务专员", "officer", community, "volunteers"),
        one("street", "街道科员", "officer", street, "street"),
        one("company", "物业服务企业", "company", community, "property", kind="company"),
        # census
        one("census", "普查指导员", "census-leader", community, "census"),
        one("enumerator", "普查员", "enumerator", community, "census"),
    ]


def sweep(work: Work) -> None:
    """A timer: what can no longer matter is forgotten."""
    work.store.sweep(work.now, work.now - model.FAILURES_FORGOTTEN, work.now - model.SESSION_LIFE)


COMMANDS = {
    identity.Login: login,
    identity.Refresh: refresh,
    identity.Logout: logout,
    identity.CreateAccount: create_account,
    identity.SetPassword: set_password,
    identity.RevokeAccount: revoke_account,
    identity.CreateApiKey: create_api_key,
    identity.RevokeApiKey: revoke_api_key,
    identity.RegisterDevice: register_device,
    identity.RevokeDevice: revoke_device,
    identity.NoteAccess: note_access,
    identity.LoadDemonstration: load_demonstration,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {sweep: timedelta(minutes=10)}
