"""Endpoints and messages as their owner sees them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import webhooks as words
from services.property.tables import deliveries, webhooks
from services.property.webhooks.model import UnknownWebhook


def list_webhooks(read: Read, _query: Any) -> dict[str, Any]:
    mine = select(webhooks).order_by(webhooks.c.created_at)
    if not read.caller.may("admin", ""):
        mine = mine.where(webhooks.c.account == read.caller.account)
    return {"items": [dict(row._mapping) for row in read.connection.execute(mine)]}


def list_deliveries(read: Read, query: Any) -> dict[str, Any]:
    mine = webhooks.c.webhook == query.webhook
    if not read.caller.may("admin", ""):
        mine &= webhooks.c.account == read.caller.account
    if read.connection.execute(select(webhooks.c.webhook).where(mine)).first() is None:
        raise UnknownWebhook(webhook=query.webhook)
    wanted = select(deliveries).where(deliveries.c.webhook == query.webhook)
    if query.state:
        wanted = wanted.where(deliveries.c.state == query.state)
    return page(read.connection, wanted, [deliveries.c.at, deliveries.c.delivery], query, descending=True)


QUERIES = {words.ListWebhooks: list_webhooks, words.ListDeliveries: list_deliveries}
