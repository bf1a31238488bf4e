"""Who asks: a bearer token, an API key, a device's own credential, a case's tracking token, or nobody in particular.

Tokens are EdDSA JWTs that identity signs; its public keys are fetched once and again when an unknown key id turns up.
What was checked is remembered for a short while, and forgotten at once when identity says something was revoked.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
from starlette.requests import Request

from gateway.offices import GATEWAY, PUBLIC, Offices
from services.chassis.errors import Forbidden, Problem, Unauthenticated
from services.chassis.identifiers import Caller
from services.chassis.journal import journal
from services.contracts.envelope import Envelope
from services.contracts.identity import ALGORITHM, AUDIENCE, ISSUER

log = journal()

LEEWAY = 5
REMEMBERED = 20_000
KEY_CHECK_LASTS = 30.0
LEAST_TIME_BETWEEN_KEY_FETCHES = 5.0
REVOCATIONS_EVERY = 30.0
TRACKING = "x-tracking-token"


class SignInFirst(Unauthenticated):
    """Please sign in: send `Authorization: Bearer …`, `X-API-Key` or, for your own case, `X-Tracking-Token`."""

    zh = "请先登录：提供 Authorization: Bearer、X-API-Key，或本人办件的 X-Tracking-Token。"


class TokenExpired(Unauthenticated):
    """The access token has expired; get a new one with the refresh token."""

    zh = "访问令牌已过期，请用刷新令牌换取新的令牌。"


class TokenInvalid(Unauthenticated):
    """The access token is not one of ours; please sign in again."""

    zh = "访问令牌无效，请重新登录。"


class TokenRevoked(Unauthenticated):
    """The access token was revoked; please sign in again."""

    zh = "访问令牌已被撤销，请重新登录。"


class ApiKeyInvalid(Unauthenticated):
    """The API key is unknown or was withdrawn."""

    zh = "API 密钥不存在或已停用。"


class DeviceCredentialInvalid(Unauthenticated):
    """The device is unknown or its secret is wrong."""

    zh = "设备不存在或密钥不正确。"


class RoleMissing(Forbidden):
    """This needs one of the roles {roles}."""

    zh = "此操作需要以下角色之一：{roles}。"


@dataclass(frozen=True, slots=True)
class Credential:
    """What was shown at the door and what it is good for."""

    caller: Caller
    header: Mapping[str, Any]
    """The caller as every RPC of this credential carries it, made once."""
    valid_until: float = float("inf")
    names: frozenset[str] = field(default_factory=frozenset)
    """Whatever a revocation may name: token id, session, account."""
    token: str | None = None
    """The tracking token of one case, shown alone or beside the account of whoever filed it."""

    @classmethod
    def of(cls, caller: Caller, **more: Any) -> Credential:
        return cls(caller, caller.as_dict(), **more)


NOBODY = Credential.of(PUBLIC)


def _holder(token: str) -> Caller:
    """An account a token, so that one holder's Idempotency-Key is not another's."""
    name = hashlib.sha256(b"holder\0" + token.encode("utf-8", "replace")).hexdigest()[:32]
    return Caller(account=f"holder-{name}", kind="public")


class Access:
    def __init__(self, offices: Offices):
        self._offices = offices
        self._keys: dict[str, Any] = {}
        self._keys_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._remembered: OrderedDict[bytes, Credential] = OrderedDict()
        self._revoked: dict[str, float] = {}
        self._hang_up: list[Callable[[str, str], None]] = []

    def on_revoked(self, hang_up: Callable[[str, str], None]) -> None:
        """Called with (name, kind) of whatever is revoked: who came in by it before must not stay."""
        self._hang_up.append(hang_up)

    async def credential(self, request: Request, *, holder: bool = False) -> Credential:
        """The strongest thing shown; `NOBODY` when nothing was. Anything shown that is wrong is refused."""
        shown = await self._account(request)
        if not holder or not (token := request.headers.get(TRACKING)):
            return shown
        # Who stands at a terminal, or filed by a key, shows his receipt beside it.
        return replace(Credential.of(_holder(token)) if shown is NOBODY else shown, token=token[:128])

    async def _account(self, request: Request) -> Credential:
        headers = request.headers
        if authorization := headers.get("authorization"):
            scheme, _, value = authorization.partition(" ")
            if scheme.lower() == "bearer":
                return await self.bearer(value.strip())
            if scheme.lower() == "basic":
                return await self.device(value.strip())
            raise SignInFirst()
        if key := headers.get("x-api-key"):
            return await self.api_key(key)
        return NOBODY

    # --- bearer tokens ---

    async def bearer(self, token: str) -> Credential:
        name = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._recall(name)
        if known is None:
            known = self._read(await self._verified(token))
            self._remember(name, known)
        if known.names & self._revoked.keys():
            raise TokenRevoked()
        return known

    async def _verified(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            # The algorithm is ours to choose, never the token's.
            if header.get("alg") != ALGORITHM:
                raise TokenInvalid()
            claims: dict[str, Any] = jwt.decode(
                token,
                await self._key(str(header.get("kid", ""))),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY,
                options={"require": ["exp", "nbf", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise TokenExpired() from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise TokenInvalid() from None
        return claims

    @staticmethod
    def _read(claims: Mapping[str, Any]) -> Credential:
        caller = Caller.of(
            {
                "account": claims["sub"],
                "kind": claims.get("kind", "staff"),
                "department": claims.get("department"),
                "roles": claims.get("roles") or (),
            }
        )
        names = frozenset(str(claims[name]) for name in ("jti", "sid", "sub") if claims.get(name))
        return Credential.of(caller, valid_until=float(claims["exp"]) + LEEWAY, names=names)

    async def _key(self, kid: str) -> Any:
        if kid not in self._keys:
            async with self._fetching:
                if (
                    kid not in self._keys
                    and time.monotonic() - self._keys_at > LEAST_TIME_BETWEEN_KEY_FETCHES
                ):
                    await self._fetch_keys()
        if kid not in self._keys:
            raise TokenInvalid()
        return self._keys[kid]

    async def _fetch_keys(self) -> None:
        answer = await self._offices.ask("identity", "get_keys", {}, GATEWAY)
        self._keys = {one["kid"]: jwt.PyJWK.from_dict(one, algorithm=ALGORITHM) for one in answer["keys"]}
        self._keys_at = time.monotonic()

    # --- revocation ---

    def is_revoked(self, name: str) -> bool:
        return name in self._revoked

    def revoke(self, withdrawn: Sequence[Mapping[str, Any]]) -> None:
        """What identity has withdrawn, and until when its tokens could still have lived."""
        now = time.time()
        fresh = {item["name"]: float(item["until"]) for item in withdrawn}
        self._revoked = {name: until for name, until in (self._revoked | fresh).items() if until > now}
        for item in withdrawn:
            for hang_up in self._hang_up:
                hang_up(item["name"], item["kind"])

    def heard_revoked(self, envelope: Envelope) -> None:
        """Identity withdrew something: it counts at once, and every remembered check is made afresh."""
        self._remembered.clear()
        self.revoke([envelope.data])

    async def keep_revocations(self, connected: asyncio.Event) -> None:
        """The events tell at once; reading the list now and then covers what was said while we were away."""
        while True:
            await connected.wait()
            try:
                await self.read_revocations()
            except Problem as problem:
                log.info("revocations not read", slug=problem.slug)
            await asyncio.sleep(REVOCATIONS_EVERY)

    async def read_revocations(self) -> None:
        answer = await self._offices.ask("identity", "list_revoked", {}, GATEWAY)
        self.revoke(answer["items"])

    # --- API keys and devices ---

    async def api_key(self, key: str) -> Credential:
        name = hashlib.sha256(b"key\0" + key.encode("utf-8", "replace")).digest()
        known = self._recall(name)
        if known is None:
            answer = await self._offices.ask("identity", "check_api_key", {"key": key[:256]}, GATEWAY)
            if not answer:
                raise ApiKeyInvalid()
            caller = Caller.of(answer)
            names = frozenset((caller.account, key.partition(".")[0]))  # revoked by either
            known = Credential.of(caller, valid_until=time.time() + KEY_CHECK_LASTS, names=names)
            self._remember(name, known)
        return known

    async def device(self, basic: str) -> Credential:
        try:
            device, colon, secret = base64.b64decode(basic, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise DeviceCredentialInvalid() from None
        if not colon or not await self.is_device(device, secret):
            raise DeviceCredentialInvalid()
        return Credential.of(Caller(account=device, kind="device"))

    async def is_device(self, device: str, secret: str) -> bool:
        name = hashlib.sha256(f"device\0{device}\0{secret}".encode("utf-8", "replace")).digest()
        if self._recall(name) is not None:
            return True
        answer = await self._offices.ask(
            "identity", "check_device", {"device": device[:128], "secret": secret[:256]}
        )
        if answer["allowed"]:
            self._remember(name, Credential.of(PUBLIC, valid_until=time.time() + KEY_CHECK_LASTS))
        return bool(answer["allowed"])

    # --- short memory ---

    def _recall(self, name: bytes) -> Credential | None:
        known = self._remembered.get(name)
        if known is None:
            return None
        if known.valid_until < time.time():
            del self._remembered[name]
            return None
        return known

    def _remember(self, name: bytes, credential: Credential) -> None:
        self._remembered[name] = credential
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)


def require(credential: Credential, roles: tuple[str, ...], *, holder: bool, shut: bool = False) -> None:
    """The roles (or kinds of caller) a row of the route table asks for: () is whoever signed in.

    What is `shut` is so to the administrator, too.
    """
    if credential.token is not None and holder:
        return
    if credential.caller.kind == "public":
        raise SignInFirst()
    admitted = roles if shut else (*roles, "admin")
    if roles and credential.caller.kind not in roles and not credential.caller.has(*admitted):
        raise RoleMissing(roles=", ".join(roles))
