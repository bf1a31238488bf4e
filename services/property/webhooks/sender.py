"""One attempt over the wire: to a public address, within ten seconds, following nobody elsewhere.

The address is looked at when the connection stands and before anything is sent, so a name that resolves to another
address the second time (DNS rebinding) reaches nobody within our own network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from services.chassis.settings import settings
from services.property.webhooks.model import AddressRefused, Answer

NETWORKS = "YIKOU_WEBHOOK_NETWORKS"
"""Networks besides the public ones that may be sent to, in CIDR notation, by comma; over plain HTTP too."""
CONNECT, READ = 5.0, 10.0
ANSWER_AT_MOST = 300


class PrivateAddress(Exception):
    """The connection leads to an address that is not public."""


def refuse_private(url: str) -> None:
    """Raises AddressRefused for what could never be sent to: told at registration already."""
    parts = urlsplit(url)
    try:
        address = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        address = None
    given = address is not None and _is_given(address)
    if parts.scheme != "https" and not given:
        raise AddressRefused(why="https")
    if address is not None and not (given or address.is_global):
        raise AddressRefused(why=str(address))
    if address is None and (parts.hostname or "").rsplit(".", 1)[-1] in ("localhost", "local", "internal"):
        raise AddressRefused(why=str(parts.hostname))


def post(url: str, headers: dict[str, str], body: bytes) -> Answer:
    """Never raises: whatever happens is an answer."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy would connect wherever it is told
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter())
        try:
            with session.post(
                url, data=body, headers=headers, timeout=(CONNECT, READ), allow_redirects=False, stream=True
            ) as response:
                said = response.raw.read(ANSWER_AT_MOST, decode_content=True) or b""
                return Answer(response.status_code, _words(response, said), _later(response))
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            PrivateAddress,
            OSError,
            ValueError,
        ) as error:
            return Answer(error=f"{type(error).__name__}: {error}"[:ANSWER_AT_MOST])


def _words(response: requests.Response, said: bytes) -> str | None:
    return None if response.ok else said.decode("utf-8", "replace").replace("\0", "")


def _later(response: requests.Response) -> timedelta:
    asked = response.headers.get("retry-after", "")
    return (
        timedelta(seconds=int(asked))
        if asked.isascii() and asked.isdigit() and len(asked) < 7
        else timedelta()
    )


# -- a connection that knows where it leads ----------------------------------------------------------------


def _check(connection: Any) -> None:
    peer = ipaddress.ip_address(connection.getpeername()[0].split("%")[0])
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    if not (peer.is_global or _is_given(peer)):
        connection.close()
        raise PrivateAddress(f"{peer} is not a public address")


def _is_given(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _given(settings().environment.get(NETWORKS, "")))


@cache
def _given(text: str) -> Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip()]


class _Plain(urllib3.connection.HTTPConnection):
    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        _check(connection)
        return connection


class _Secure(urllib3.connection.HTTPSConnection):
    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        _check(connection)
        return connection


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
