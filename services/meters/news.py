"""What the ingest and the service tell each other: above all how meters that have had news are noted for the sweep.

A note is all the meters of one transaction, each with its oldest new reading: readings come in batches of thousands, and
as many rows would be written, deleted and vacuumed again for nothing. Notes are only ever added, so whoever stores readings
never waits for the sweep.
"""

from __future__ import annotations

NOT_ITS_SENDER = "not-its-sender"
CHANGED = "meters_changed"
"""The channel on which the ingest hears that what it remembers of a meter (by name; of all by "") has changed."""


def noted(added: str) -> str:
    """SQL that notes the meters of `added`, a query's (meter, at) of the readings that are new."""
    return f"""
        INSERT INTO touched (meters, since)
        SELECT array_agg(meter), array_agg(since)
        FROM (SELECT meter, min(at) AS since FROM {added} GROUP BY meter) fresh
        HAVING count(*) > 0
    """  # noqa: S608 — our own names
