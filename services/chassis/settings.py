"""The environment, read once into one typed object."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


class MissingSetting(Exception):
    """An environment variable that has no sensible default is not set."""


@dataclass(frozen=True)
class Settings:
    environment: Mapping[str, str]

    def required(self, name: str) -> str:
        try:
            return self.environment[name]
        except KeyError:
            raise MissingSetting(
                f"{name} is not set; `make run` writes .run/env with every setting"
            ) from None

    @property
    def amqp_uri(self) -> str:
        return self.required("AMQP_URI")

    def database_url(self, service: str) -> str:
        return self.required(f"DATABASE_URL_{service.upper()}")

    def http_port(self, process: str) -> int:
        """Port of a process' health and metrics; 0 lets the system choose."""
        return int(self.environment.get(f"YIKOU_HTTP_PORT_{process.upper().replace('-', '_')}", "0"))

    @property
    def http_host(self) -> str:
        return self.environment.get("YIKOU_HTTP_HOST", "127.0.0.1")

    @property
    def log_level(self) -> str:
        return self.environment.get("YIKOU_LOG_LEVEL", "INFO")

    @property
    def queue_type(self) -> str:
        return self.environment.get("YIKOU_QUEUE_TYPE", "quorum")

    @property
    def telemetry_queue_type(self) -> str:
        """On one node a classic queue keeps what it confirmed as well as a quorum queue, for a fraction of the work."""
        return self.environment.get("YIKOU_TELEMETRY_QUEUE_TYPE", "classic")

    @property
    def data(self) -> Path:
        return Path(self.environment.get("YIKOU_DATA", ".run/data"))

    @property
    def public_url(self) -> str:
        """Where people reach the gateway from outside: what a printed QR code leads to."""
        return self.environment.get("YIKOU_PUBLIC_URL") or self.environment.get("YIKOU_URL", "")

    @property
    def place(self) -> str:
        """The community this installation serves first (district 6 + street 3 + community 3 digits)."""
        return self.environment.get("YIKOU_PLACE", "110105001001")

    @property
    def workers(self) -> int:
        return int(self.environment.get("YIKOU_WORKERS", "12"))

    @property
    def batch(self) -> int:
        """How many waiting events may share one transaction."""
        return int(self.environment.get("YIKOU_BATCH", "128"))

    @property
    def start_deadline(self) -> float:
        return float(self.environment.get("YIKOU_START_DEADLINE", "40"))

    @property
    def drain_deadline(self) -> float:
        return float(self.environment.get("YIKOU_DRAIN_DEADLINE", "20"))

    @property
    def work_deadline(self) -> float:
        """How long one unit of work may take: a batch of events, or a call whose caller waits longer."""
        return float(self.environment.get("YIKOU_WORK_DEADLINE", "60"))

    @property
    def confirm_deadline(self) -> float:
        """How long the broker may take to confirm what was published."""
        return float(self.environment.get("YIKOU_CONFIRM_DEADLINE", "10"))

    @property
    def heartbeat(self) -> int:
        return int(self.environment.get("YIKOU_HEARTBEAT", "20"))

    @property
    def blocked_deadline(self) -> float:
        """A loop that hangs longer is ended by the watchdog."""
        return float(self.environment.get("YIKOU_BLOCKED_DEADLINE", "45"))

    @property
    def statement_timeout_ms(self) -> int:
        return int(self.environment.get("YIKOU_STATEMENT_TIMEOUT_MS", "15000"))

    @property
    def broken(self) -> frozenset[str]:
        """Safeguards switched off on purpose (`outbox`, `inbox`), so that a drill can prove it detects their loss."""
        return frozenset(filter(None, self.environment.get("YIKOU_BROKEN", "").split(",")))


@cache
def settings() -> Settings:
    return Settings(dict(os.environ))
