"""Structured logs: one JSON object a line, each with the trace it belongs to."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from services.chassis import clock
from services.chassis.settings import settings

_process = ""


def open_journal(process: str) -> None:
    """Sends every log line of this process, libraries' included, to standard output as JSON."""
    global _process
    _process = process
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _named(process),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings().log_level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings().log_level)
    # nameko logs every expected refusal with a stack trace; our entrances log it once, with its slug.
    for chatty in ("nameko", "amqp", "kombu", "aio_pika", "aiormq", "pika"):
        logging.getLogger(chatty).setLevel(logging.ERROR if chatty == "nameko" else logging.WARNING)


def journal(**bound: Any) -> Any:
    return structlog.get_logger(**bound)


def tell(what: str, lines: Sequence[dict[str, Any]]) -> None:
    """Many lines of one kind in one write. For what happens thousands of times: the way through structlog
    and logging costs more than the handler it would tell of."""
    if lines and _process and logging.getLogger().isEnabledFor(logging.INFO):
        common = {"event": what, "level": "info", "at": clock.iso(clock.now()), "process": _process}
        text = b"\n".join(msgspec.json.encode(common | line) for line in lines)
        sys.stdout.write(text.decode() + "\n")
        sys.stdout.flush()


def _named(process: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["process"] = process
        return event

    return add
