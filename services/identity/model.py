"""Rules of credentials: how long they live, how failing slows down, who may grant what, and how secrets are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthenticated
from services.chassis.identifiers import Caller, new_id

ACCESS_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(days=14)
CLOCK_LEEWAY = timedelta(minutes=1)
"""Whoever checks tokens may be a little late; a revocation outlives its tokens by this."""

FAILURES_FREE = 5
WAITS = (30, 60, 120, 300, 900)
"""Seconds to wait after the 5th, 6th … failure in a row."""
FAILURES_FORGOTTEN = timedelta(days=1)

MACHINE_MADE = 32
"""Secrets of this length and more are random text made by a machine: a fast hash keeps them well."""
KEY_MARK = "yk"

Roles = list[dict[str, str]]


class WrongCredentials(Unauthenticated):
    """The account or the password is not right."""

    zh = "账号或密码不正确。"


class TooManyFailures(Problem):
    """Too many failed attempts; please wait {retry_after} seconds and try again."""

    kind = "too-many-requests"
    status = 429
    zh = "登录失败次数过多，请等待 {retry_after} 秒后再试。"


class RefreshTokenInvalid(Unauthenticated):
    """The refresh token is unknown, used up or expired; please sign in again."""

    zh = "刷新令牌无效、已使用或已过期，请重新登录。"


class RefreshTokenReused(Unauthenticated):
    """This refresh token had been used before: somebody may have copied it, so the session was ended. Please sign in again."""

    zh = "该刷新令牌此前已使用过，可能已被他人复制，本次会话已终止，请重新登录。"


class UnknownAccount(NotFound):
    """There is no account {account}."""

    zh = "没有账号“{account}”。"


class AccountExists(Conflict):
    """There already is an account {account}."""

    zh = "账号“{account}”已存在。"


class DeviceExists(Conflict):
    """There already is a device {device}."""

    zh = "设备“{device}”已登记。"


class UnknownDevice(NotFound):
    """There is no device {device}."""

    zh = "没有设备“{device}”。"


class UnknownApiKey(NotFound):
    """There is no API key with the prefix {prefix}."""

    zh = "没有前缀为“{prefix}”的 API 密钥。"


class GrantTooWide(Forbidden):
    """Only an administrator of the area may do this, and nobody grants more than he holds."""

    zh = "只有该辖区的管理员可以这样做，且不能授予超出本人权限的角色。"


class PasswordTooWeak(Invalid):
    """The password is too easy to guess; please choose another."""

    zh = "密码过于简单，请更换。"


@dataclass
class Account:
    account: str
    name: str
    kind: str
    department: str | None
    roles: Roles
    password_hash: str | None = field(default=None, repr=False)
    active: bool = True

    def face(self) -> dict[str, object]:
        """What anybody may be told of it who may see it at all."""
        return {
            "account": self.account,
            "name": self.name,
            "kind": self.kind,
            "department": self.department,
            "roles": self.roles,
            "active": self.active,
        }

    def claims(self, session: str, now: datetime) -> dict[str, object]:
        """What an access token says; `sid` ties it to its session, so that logging out reaches it."""
        at = int(now.timestamp())
        return {
            "sub": self.account,
            "sid": session,
            "jti": new_id(),
            "kind": self.kind,
            "department": self.department,
            "roles": self.roles,
            "iat": at,
            "nbf": at,
            "exp": at + int(ACCESS_LIFE.total_seconds()),
        }


def revoked_until(now: datetime) -> datetime:
    return now + ACCESS_LIFE + CLOCK_LEEWAY


def wait_after(failures: int, now: datetime) -> datetime | None:
    """Until when nobody may try this account again."""
    over = failures - FAILURES_FREE
    return now + timedelta(seconds=WAITS[min(over, len(WAITS) - 1)]) if over >= 0 else None


def check_grant(caller: Caller, roles: Iterable[Mapping[str, str]]) -> None:
    """Every role asked for lies in an area the caller administers."""
    if not caller.has("admin") or not all(caller.may("admin", role["scope"]) for role in roles):
        raise GrantTooWide()


def check_administers(caller: Caller, account: Account) -> None:
    if not administers(caller, account):
        raise GrantTooWide()


def administers(caller: Caller, account: Account) -> bool:
    """An account without roles belongs to whoever administers everything."""
    held = account.roles or [{"role": "", "scope": ""}]
    return all(caller.may("admin", role["scope"]) for role in held)


def narrowed(wanted: Roles | None, held: Roles) -> Roles:
    """A key's roles: a part of the account's own, each in the same area or a smaller one."""
    if wanted is None:
        return held
    for role in wanted:
        if not any(role["role"] == one["role"] and role["scope"].startswith(one["scope"]) for one in held):
            raise GrantTooWide()
    return wanted


def check_password(account: str, password: str) -> None:
    """Length is asked by the contract; here what a guesser tries first."""
    if account in password.lower() or len(set(password)) < 5:
        raise PasswordTooWeak()


# -- secrets of machines -------------------------------------------------------------------------------


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return "sha256$" + hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def is_digest(stored: str) -> bool:
    return stored.startswith("sha256$")


def matches_digest(stored: str, secret: str) -> bool:
    return hmac.compare_digest(stored, digest(secret))


def new_api_key() -> tuple[str, str, str]:
    """(prefix, whole key, hash): the prefix finds the row, the whole key is shown once."""
    prefix = f"{KEY_MARK}_{secrets.token_hex(6)}"
    key = f"{prefix}.{new_secret()}"
    return prefix, key, digest(key)


def prefix_of(key: str) -> str:
    return key.partition(".")[0]
