"""Already done? One row per event that had its effect, written in the transaction of the effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, func, text

from services.chassis.database import Work, inbox
from services.chassis.settings import settings
from services.contracts.envelope import Envelope

_claim = text(
    "INSERT INTO inbox (source, id) SELECT * FROM unnest(CAST(:source AS text[]), CAST(:id AS text[]))"
    " ON CONFLICT DO NOTHING RETURNING source, id"
)

KEPT = timedelta(days=30)
"""Longer than any message can wait in a queue, a retry or the dead letters' usual review."""


def claim(connection: Connection, envelopes: Sequence[Envelope]) -> set[tuple[str, str]]:
    """Of these events, the (source, id) of those that have not had their effect yet.

    Concurrent claimers of one event meet on the primary key: the second waits for the first to commit.
    Rows are sorted so that two batches with common events cannot deadlock.
    """
    if "inbox" in settings().broken:
        return {(envelope.source, envelope.id) for envelope in envelopes}
    keys = sorted({(envelope.source, envelope.id) for envelope in envelopes})
    rows = connection.execute(
        _claim, {"source": [source for source, _ in keys], "id": [id for _, id in keys]}
    )
    return {(row.source, row.id) for row in rows}


def forget_old(work: Work) -> None:
    """A timer every service has."""
    work.connection.execute(delete(inbox).where(inbox.c.at < func.now() - KEPT))
