"""`python -m gateway`: one process, one loop."""

from __future__ import annotations

import socket

import uvicorn

from gateway.app import build
from gateway.live import Live
from services.chassis.journal import open_journal
from services.chassis.settings import settings


class Server(uvicorn.Server):
    """Open event streams would hold up a stop for ever: they are hung up on first, and resume elsewhere."""

    def __init__(self, config: uvicorn.Config, live: Live):
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.end_all("stopping")
        await super().shutdown(sockets)


def main() -> None:
    open_journal("gateway")
    app = build()
    config = uvicorn.Config(
        app,
        host=settings().http_host,
        port=settings().http_port("gateway"),
        loop="uvloop",
        http="httptools",
        access_log=False,  # paths may hold tracking tokens; the porch keeps a journal without them
        log_config=None,
        server_header=False,
        # Whose word on a caller's address counts: without it everybody behind a proxy would share one quota.
        forwarded_allow_ips=settings().environment.get("YIKOU_PROXIES", "127.0.0.1"),
        timeout_graceful_shutdown=int(settings().drain_deadline),
    )
    Server(config, app.state.gate.live).run()


if __name__ == "__main__":
    main()
