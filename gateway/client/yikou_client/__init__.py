"""Yikou for a property company's own software."""

from yikou_client.client import Case, FeeAccount, Refused, Repair, Unreachable, WebhookEndpoint, Yikou
from yikou_client.webhooks import Message, NotFromYikou, Webhook

__all__ = [
    "Case",
    "FeeAccount",
    "Message",
    "NotFromYikou",
    "Refused",
    "Repair",
    "Unreachable",
    "Webhook",
    "WebhookEndpoint",
    "Yikou",
]
