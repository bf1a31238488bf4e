"""Who may send a meter's readings: nobody is asked until somebody binds the meter, and then one sender and no other.

A sender is the name in the address of a message, which the broker (a device) and the gateway (an account) hold him to.
The ingest remembers what it has read of a meter; whatever changes that here is told to it by NOTIFY, in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from services.meters.news import CHANGED, NOT_ITS_SENDER
from services.meters.tables import bindings

BIND_HEARD = text("""
    UPDATE bindings SET bound_to = heard_from, bound_by = :who, bound_at = :at, reason = :reason
    FROM meters
    WHERE heard_from = :sender AND bound_to IS NULL AND meters.meter = bindings.meter AND starts_with(meters.place, :place)
""")
INHERIT = text("""
    INSERT INTO bindings (meter, bound_to, bound_by, bound_at, reason)
    SELECT :successor, bound_to, bound_by, bound_at, reason FROM bindings WHERE meter = :meter AND bound_to IS NOT NULL
    ON CONFLICT (meter) DO UPDATE SET
        bound_to = excluded.bound_to, bound_by = excluded.bound_by, bound_at = excluded.bound_at, reason = excluded.reason
""")
KEPT_OUT = text("""
    SELECT digest, content FROM quarantine
    WHERE meter = :meter AND state = 'waiting' AND reason = :reason AND sender LIKE :sender
    ORDER BY at, digest LIMIT :limit FOR UPDATE SKIP LOCKED
""")


class Bindings:
    connection: Connection

    def bind(self, meter: str, sender: str | None, who: str, at: datetime, reason: str) -> Any:
        """The meter's row afterwards; without a sender anybody may send for it again."""
        said = {"bound_to": sender, "bound_by": who, "bound_at": at, "reason": reason}
        statement = insert(bindings).values(meter=meter, **said)
        row = self.connection.execute(
            statement.on_conflict_do_update(index_elements=[bindings.c.meter], set_=said).returning(bindings)
        ).one()
        self.tell_ingest([meter])
        return row

    def bind_heard(self, sender: str, place: str, who: str, at: datetime, reason: str) -> int:
        """How many meters in that place are bound now that the sender was the first to report and nobody had bound."""
        asked = {"sender": sender, "place": place, "who": who, "at": at, "reason": reason}
        bound = self.connection.execute(BIND_HEARD, asked).rowcount
        if bound:
            self.tell_ingest()
        return bound

    def inherit_binding(self, meter: str, successor: str) -> None:
        """The meter was exchanged: the one in its place hangs on the same line."""
        self.connection.execute(INHERIT, {"meter": meter, "successor": successor})
        self.tell_ingest([successor])

    def bound_to(self, meter: str) -> str | None:
        return self.connection.scalar(select(bindings.c.bound_to).where(bindings.c.meter == meter))

    def kept_out(self, meter: str, sender: str, limit: int) -> list[Any]:
        """Readings of a meter in the quarantine because this sender was not its sender."""
        like = sender.replace("_", r"\_")
        asked = {"meter": meter, "reason": NOT_ITS_SENDER, "sender": f"yikou.v1.{like}.%", "limit": limit}
        return list(self.connection.execute(KEPT_OUT, asked))

    def tell_ingest(self, meters: Sequence[str] = ()) -> None:
        """To forget what it knows of these meters, or of all; when this transaction commits."""
        for meter in meters or ("",):
            self.connection.execute(
                text("SELECT pg_notify(:channel, :meter)"), {"channel": CHANGED, "meter": meter}
            )


def senders_of(connection: Connection, meters: Iterable[str]) -> dict[str, Any]:
    rows = connection.execute(select(bindings).where(bindings.c.meter.in_(list(meters))))
    return {row.meter: row for row in rows}
