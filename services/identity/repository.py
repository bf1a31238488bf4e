"""Loads and stores accounts, sessions, keys and devices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.identity.model import Account, Roles
from services.identity.tables import (
    accesses,
    accounts,
    api_keys,
    devices,
    login_failures,
    refresh_tokens,
    revoked,
    roles,
    sessions,
)


class Repository:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    # -- accounts --

    def account(self, name: str) -> Account | None:
        row = self.connection.execute(select(accounts).where(accounts.c.account == name)).first()
        if row is None:
            return None
        held = (
            select(roles.c.role, roles.c.scope)
            .where(roles.c.account == name)
            .order_by(roles.c.role, roles.c.scope)
        )
        return Account(
            account=row.account,
            name=row.name,
            kind=row.kind,
            department=row.department,
            roles=[{"role": role, "scope": scope} for role, scope in self.connection.execute(held)],
            password_hash=row.password_hash,
            active=row.active,
        )

    def add_account(self, account: Account, now: datetime) -> bool:
        """False when the name is taken."""
        statement = (
            insert(accounts)
            .values(
                account=account.account,
                name=account.name,
                kind=account.kind,
                department=account.department,
                password_hash=account.password_hash,
                created_at=now,
                changed_at=now,
            )
            .on_conflict_do_nothing()
            .returning(accounts.c.account)
        )
        if self.connection.execute(statement).first() is None:
            return False
        if account.roles:
            held = [{"account": account.account, **role} for role in account.roles]
            self.connection.execute(insert(roles).on_conflict_do_nothing(), held)
        return True

    def set_password(self, account: str, sealed: str, now: datetime) -> None:
        mine = accounts.c.account == account
        self.connection.execute(update(accounts).where(mine).values(password_hash=sealed, changed_at=now))

    def close_account(self, account: str, now: datetime) -> None:
        mine = accounts.c.account == account
        self.connection.execute(update(accounts).where(mine).values(active=False, changed_at=now))

    # -- sessions and their refresh tokens --

    def begin_session(self, session: str, account: str, now: datetime, expires_at: datetime) -> None:
        self.connection.execute(
            insert(sessions).values(id=session, account=account, begun_at=now, expires_at=expires_at)
        )

    def add_refresh_token(self, hashed: str, session: str, now: datetime) -> None:
        self.connection.execute(insert(refresh_tokens).values(hash=hashed, session=session, issued_at=now))

    def use_refresh_token(self, hashed: str, now: datetime) -> str | None:
        """Uses a token up, once: of two who come at the same time only one is told the session."""
        statement = (
            update(refresh_tokens)
            .where(refresh_tokens.c.hash == hashed, refresh_tokens.c.used_at.is_(None))
            .values(used_at=now)
            .returning(refresh_tokens.c.session)
        )
        found: str | None = self.connection.execute(statement).scalar()
        return found

    def session_of(self, hashed: str) -> Row[Any] | None:
        """The session of a refresh token, used or not."""
        statement = select(sessions).join(refresh_tokens).where(refresh_tokens.c.hash == hashed)
        return self.connection.execute(statement).first()

    def end_sessions(
        self, now: datetime, why: str, *, session: str | None = None, account: str | None = None
    ) -> list[str]:
        """Ends one session or all of an account; the ids of those that were still open."""
        which = sessions.c.id == session if session else sessions.c.account == account
        statement = (
            update(sessions)
            .where(which, sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
            .values(ended_at=now, ended_by=why)
            .returning(sessions.c.id)
        )
        return list(self.connection.execute(statement).scalars())

    def revoke(self, name: str, kind: str, until: datetime) -> None:
        statement = insert(revoked).values(name=name, kind=kind, until=until)
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=[revoked.c.name], set_={"until": until, "kind": kind}
            )
        )

    # -- failures --

    def wait_until(self, account: str) -> datetime | None:
        found: datetime | None = self.connection.execute(
            select(login_failures.c.wait_until).where(login_failures.c.account == account)
        ).scalar()
        return found

    def count_failure(self, account: str, now: datetime) -> int:
        more = {"failures": login_failures.c.failures + 1, "last_at": now}
        statement = (
            insert(login_failures)
            .values(account=account, failures=1, last_at=now)
            .on_conflict_do_update(index_elements=[login_failures.c.account], set_=more)
            .returning(login_failures.c.failures)
        )
        return int(self.connection.execute(statement).scalar_one())

    def let_wait(self, account: str, until: datetime) -> None:
        mine = login_failures.c.account == account
        self.connection.execute(update(login_failures).where(mine).values(wait_until=until))

    def forget_failures(self, account: str) -> None:
        self.connection.execute(delete(login_failures).where(login_failures.c.account == account))

    # -- keys and devices --

    def add_api_key(
        self,
        prefix: str,
        hashed: str,
        account: str,
        label: str,
        held: Roles,
        now: datetime,
        expires_at: datetime,
    ) -> None:
        self.connection.execute(
            insert(api_keys).values(
                prefix=prefix,
                secret_hash=hashed,
                account=account,
                label=label,
                roles=held,
                created_at=now,
                expires_at=expires_at,
            )
        )

    def api_key_owner(self, prefix: str) -> str | None:
        found: str | None = self.connection.execute(
            select(api_keys.c.account).where(api_keys.c.prefix == prefix)
        ).scalar()
        return found

    def revoke_api_keys(
        self, now: datetime, *, prefix: str | None = None, account: str | None = None
    ) -> list[str]:
        which = api_keys.c.prefix == prefix if prefix else api_keys.c.account == account
        statement = (
            update(api_keys)
            .where(which, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(api_keys.c.prefix)
        )
        return list(self.connection.execute(statement).scalars())

    def device(self, name: str) -> Row[Any] | None:
        return self.connection.execute(select(devices).where(devices.c.device == name)).first()

    def add_devices(self, rows: Sequence[dict[str, Any]], *, renew: bool = False) -> int:
        """How many of them are now so; a known one stays as it is unless it is to be renewed."""
        if not rows:
            return 0
        statement = insert(devices)
        if renew:
            fresh = {name: statement.excluded[name] for name in ("kind", "secret_hash", "place")} | {
                "revoked_at": None
            }
            statement = statement.on_conflict_do_update(index_elements=[devices.c.device], set_=fresh)
        else:
            statement = statement.on_conflict_do_nothing()
        return len(self.connection.execute(statement.returning(devices.c.device), rows).all())

    def revoke_device(self, name: str, now: datetime) -> None:
        self.connection.execute(update(devices).where(devices.c.device == name).values(revoked_at=now))

    # -- the access log --

    def note(
        self,
        *,
        at: datetime,
        account: str,
        kind: str,
        what: str,
        outcome: str,
        target: str | None = None,
        address: str | None = None,
    ) -> None:
        self.connection.execute(
            insert(accesses).values(
                at=at, account=account, kind=kind, what=what, outcome=outcome, target=target, address=address
            )
        )

    def sweep(self, now: datetime, failures_before: datetime, sessions_before: datetime) -> None:
        """What can no longer matter: expired revocations and sessions, old failures."""
        self.connection.execute(delete(revoked).where(revoked.c.until < now))
        self.connection.execute(delete(login_failures).where(login_failures.c.last_at < failures_before))
        self.connection.execute(
            delete(sessions).where(
                func.coalesce(sessions.c.ended_at, sessions.c.expires_at) < sessions_before
            )
        )
