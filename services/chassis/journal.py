"""Structured logs: one JSON object a line, each with the trace it belongs to."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from services.chassis.settings import settings


def open_journal(process: str) -> None:
    """Sends every log line of this process, libraries' included, to standard output as JSON."""
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


def _named(process: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["process"] = process
        return event

    return add
