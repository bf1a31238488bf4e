"""The one thing asked of the broker's management: to hang up on a device that was revoked.

The broker asks us when a device connects and when it first uses a topic, and remembers our answer while the session
lasts. So whoever is revoked in between has to be disconnected; he then connects again and is refused.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote, unquote, urlsplit

import requests

from services.chassis.journal import journal

log = journal()

TIMEOUT = 5


class Management:
    def __init__(self, url: str | None, amqp_uri: str):
        """Asked with the broker's own account; no `url` where the broker shows no management: a session then lasts."""
        broker = urlsplit(amqp_uri)
        self._auth = unquote(broker.username or "guest"), unquote(broker.password or "guest")
        self._url = url
        self._calls: set[asyncio.Task[None]] = set()

    def hang_up(self, name: str, kind: str) -> None:
        """Repeated with every reading of the list of revocations: the broker's own cache may let somebody in once more."""
        if self._url is None or kind != "device":
            return
        call = asyncio.get_running_loop().create_task(asyncio.to_thread(self._close, name))
        self._calls.add(call)  # the loop itself would not keep it alive
        call.add_done_callback(self._calls.discard)

    def _close(self, device: str) -> None:
        where = f"{self._url}/api/connections/username/{quote(device, safe='')}"
        try:
            reason = {"X-Reason": "the device was revoked"}
            requests.delete(where, auth=self._auth, headers=reason, timeout=TIMEOUT).raise_for_status()
        except requests.RequestException as error:
            log.warning("device not disconnected", device=device, error=type(error).__name__)
