"""Questions about credentials; nothing here changes anything or tells a secret."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from services.chassis.database import Read
from services.chassis.errors import Forbidden
from services.contracts import identity
from services.contracts.roles import may
from services.identity import model, passwords, tokens
from services.identity.repository import Repository
from services.identity.tables import accesses, accounts, api_keys, devices, revoked


def get_keys(read: Read, query: Any) -> dict[str, Any]:
    return {"keys": [tokens.public_key()]}


def list_revoked(read: Read, query: Any) -> dict[str, Any]:
    rows = read.connection.execute(
        select(revoked).where(revoked.c.until > read.now).order_by(revoked.c.until)
    )
    return {"items": [{"name": r.name, "kind": r.kind, "until": int(r.until.timestamp())} for r in rows]}


def check_api_key(read: Read, query: Any) -> dict[str, Any]:
    """The caller as every service knows one; nothing when the key is no good."""
    statement = (
        select(api_keys, accounts.c.kind, accounts.c.department, accounts.c.active)
        .join(accounts)
        .where(api_keys.c.prefix == model.prefix_of(query.key))
    )
    key = read.connection.execute(statement).first()
    if key is None or not model.matches_digest(key.secret_hash, query.key):
        return {}
    if key.revoked_at or key.expires_at <= read.now or not key.active:
        return {}
    return {"account": key.account, "kind": key.kind, "department": key.department, "roles": key.roles}


def check_device(read: Read, query: Any) -> dict[str, Any]:
    device = read.connection.execute(select(devices).where(devices.c.device == query.device)).first()
    if device is None or device.revoked_at:
        return {"allowed": False}
    stored = device.secret_hash
    good = (
        model.matches_digest(stored, query.secret)
        if model.is_digest(stored)
        else passwords.matches(stored, query.secret)
    )
    if not good:
        return {"allowed": False}
    return {"allowed": True, "device": device.device, "kind": device.kind, "place": device.place}


def get_account(read: Read, query: Any) -> dict[str, object]:
    name = query.account or read.caller.account
    account = Repository(read.connection).account(name)
    # Whoever may not see an account is told the same as for one that does not exist.
    if account is None or not (name == read.caller.account or model.administers(read.caller, account)):
        raise model.UnknownAccount(account=name)
    return account.face()


def list_accounts(read: Read, query: Any) -> dict[str, Any]:
    """Pages run over all names; accounts beyond the caller's areas are left out of a page."""
    if not read.caller.has(*may(identity.ListAccounts)):
        raise Forbidden()
    store = Repository(read.connection)
    statement = select(accounts.c.account).order_by(accounts.c.account).limit(query.limit + 1)
    if query.cursor:
        statement = statement.where(accounts.c.account > query.cursor)
    names = list(read.connection.execute(statement).scalars())
    found = [store.account(name) for name in names[: query.limit]]
    items = [one.face() for one in found if one and model.administers(read.caller, one)]
    return {"items": items, "next": names[query.limit - 1] if len(names) > query.limit else None}


def list_devices(read: Read, query: Any) -> dict[str, Any]:
    scopes = read.caller.scopes(*may(identity.ListDevices))
    if not scopes:
        raise Forbidden()
    statement = (
        select(
            devices.c.device, devices.c.kind, devices.c.place, devices.c.registered_at, devices.c.revoked_at
        )
        .where(or_(*(devices.c.place.startswith(scope, autoescape=True) for scope in scopes)))
        .order_by(devices.c.device)
        .limit(query.limit + 1)
    )
    if query.place:
        statement = statement.where(devices.c.place.startswith(query.place, autoescape=True))
    if query.cursor:
        statement = statement.where(devices.c.device > query.cursor)
    return _page([dict(row) for row in read.connection.execute(statement).mappings()], query.limit, "device")


def list_accesses(read: Read, query: Any) -> dict[str, Any]:
    if not (read.caller.may(may(identity.ListAccesses), "")):
        raise Forbidden()
    statement = select(accesses).order_by(accesses.c.position.desc()).limit(query.limit + 1)
    if query.account:
        statement = statement.where(accesses.c.account == query.account)
    if (query.cursor or "").isdecimal():
        statement = statement.where(accesses.c.position < int(query.cursor))
    rows = [dict(row) for row in read.connection.execute(statement).mappings()]
    return _page(rows, query.limit, "position")


def _page(rows: list[dict[str, Any]], limit: int, key: str) -> dict[str, Any]:
    return {"items": rows[:limit], "next": str(rows[limit - 1][key]) if len(rows) > limit else None}


QUERIES = {
    identity.GetKeys: get_keys,
    identity.ListRevoked: list_revoked,
    identity.CheckApiKey: check_api_key,
    identity.CheckDevice: check_device,
    identity.GetAccount: get_account,
    identity.ListAccounts: list_accounts,
    identity.ListDevices: list_devices,
    identity.ListAccesses: list_accesses,
}
