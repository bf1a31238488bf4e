"""Loads and stores endpoints and messages; a part of property's Repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from services.chassis.rows import insert_rows, update_rows
from services.property.tables import deliveries, webhooks
from services.property.webhooks.model import Delivery, Webhook


class WebhookStore:
    connection: Connection
    _listening: list[Webhook] | None = None
    _new_deliveries: list[Delivery]

    def listening(self) -> list[Webhook]:
        """All endpoints that are on: few, and read once in a unit of work."""
        if self._listening is None:
            rows = self.connection.execute(select(webhooks).where(webhooks.c.state == "on"))
            self._listening = [Webhook(**row._mapping) for row in rows]
        return self._listening

    def add_webhook(self, webhook: Webhook) -> None:
        self.connection.execute(insert(webhooks), vars(webhook))

    def save_webhook(self, webhook: Webhook) -> None:
        update_rows(self.connection, webhooks, "webhook", [vars(webhook)])

    def webhook(self, webhook: str) -> Webhook | None:
        """Locked until the unit of work ends."""
        row = self.connection.execute(
            select(webhooks).where(webhooks.c.webhook == webhook).with_for_update()
        ).first()
        return Webhook(**row._mapping) if row else None

    def webhooks_of(self, account: str) -> list[Webhook]:
        rows = self.connection.execute(select(webhooks).where(webhooks.c.account == account))
        return [Webhook(**row._mapping) for row in rows]

    def lock_webhooks(self, names: Sequence[str]) -> Mapping[str, Webhook]:
        rows = self.connection.execute(
            select(webhooks)
            .where(webhooks.c.webhook.in_(names))
            .order_by(webhooks.c.webhook)
            .with_for_update()
        )
        return {row.webhook: Webhook(**row._mapping) for row in rows}

    def add_deliveries(self, new: Sequence[Delivery]) -> None:
        insert_rows(self.connection, deliveries, [vars(one) for one in new])

    def save_deliveries(self, changed: Sequence[Delivery]) -> None:
        update_rows(self.connection, deliveries, "delivery", [vars(one) for one in changed])

    def due_deliveries(self, now: datetime, limit: int, each: int) -> list[Delivery]:
        """Whose time has come, the oldest of each endpoint first and at most `each` of one; skips what another holds."""
        rank = func.row_number().over(
            partition_by=deliveries.c.webhook, order_by=(deliveries.c.next_at, deliveries.c.delivery)
        )
        ranked = (
            select(deliveries.c.delivery, rank.label("rank"))
            .join(webhooks, webhooks.c.webhook == deliveries.c.webhook)
            .where(deliveries.c.state == "pending", deliveries.c.next_at <= now, webhooks.c.state == "on")
            .subquery()
        )
        rows = self.connection.execute(
            select(deliveries)
            .where(deliveries.c.delivery.in_(select(ranked.c.delivery).where(ranked.c.rank <= each)))
            .order_by(deliveries.c.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [Delivery(**row._mapping) for row in rows]

    def replay(
        self, webhook: str, since: datetime, until: datetime | None, whole: bool, now: datetime
    ) -> int:
        mine = (deliveries.c.webhook == webhook) & (deliveries.c.at >= since)
        if until is not None:
            mine &= deliveries.c.at < until
        if not whole:
            mine &= deliveries.c.state.in_(("failed", "held"))
        again: dict[str, Any] = {"state": "pending", "attempts": 0, "next_at": now}
        return self.connection.execute(update(deliveries).where(mine).values(**again)).rowcount

    def hold(self, webhook: str) -> None:
        """An endpoint that is off gets nothing; what waited for it is kept for a replay."""
        waiting = (deliveries.c.webhook == webhook) & (deliveries.c.state == "pending")
        self.connection.execute(update(deliveries).where(waiting).values(state="held", next_at=None))
