"""What a company orders of its webhooks, what is told to them, and the timer that sends."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import msgspec

from services.chassis import clock
from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.chassis.settings import settings
from services.contracts import identity
from services.contracts import webhooks as words
from services.contracts.messages import Command, Event
from services.contracts.roles import may
from services.property.webhooks import model, sender
from services.property.webhooks.model import Answer, Delivery, Webhook

SECRET = "YIKOU_WEBHOOK_SECRET"
AT_ONCE, OF_ONE = 200, 20
"""Messages in one round, and how many of them may be one endpoint's."""
TIME_OF_A_ROUND = 5.0
"""Seconds after which an endpoint gets no more in this round: a slow one holds up the others for an attempt at most."""


# -- orders ------------------------------------------------------------------------------------------------


def register_webhook(work: Work, command: Any) -> dict[str, Any]:
    sender.refuse_private(command.url)
    if len(work.store.webhooks_of(work.caller.account)) >= model.ENDPOINTS_AT_MOST:
        raise model.TooManyWebhooks(most=model.ENDPOINTS_AT_MOST)
    webhook = Webhook(
        webhook=new_id(),
        account=work.caller.account,
        url=command.url,
        kinds=sorted(set(command.kinds)),
        scopes=sorted(set(work.caller.scopes(*_roles(words.RegisterWebhook)))),
        created_at=work.now,
        description=command.description,
    )
    work.store.add_webhook(webhook)
    return face(webhook)


def change_webhook(work: Work, command: Any) -> dict[str, Any]:
    webhook = _mine(work, command)
    if command.url:
        sender.refuse_private(command.url)
        webhook.url = command.url
    if command.kinds:
        webhook.kinds = sorted(set(command.kinds))
    webhook.description = command.description or webhook.description
    return _saved(work, webhook)


def rotate_webhook_secret(work: Work, command: Any) -> dict[str, Any]:
    webhook = _mine(work, command)
    webhook.rotate(timedelta(hours=command.overlap_hours), work.now)
    return _saved(work, webhook)


def disable_webhook(work: Work, command: Any) -> dict[str, Any]:
    webhook = _mine(work, command)
    webhook.switch_off("asked")
    work.store.hold(webhook.webhook)
    return _saved(work, webhook)


def enable_webhook(work: Work, command: Any) -> dict[str, Any]:
    webhook = _mine(work, command)
    webhook.switch_on()
    return _saved(work, webhook)


def test_webhook(work: Work, command: Any) -> dict[str, Any]:
    webhook = _mine(work, command)
    if webhook.state != "on":
        raise model.WebhookOff()
    message = _message(work, webhook, "webhook.test", {"webhook": webhook.webhook})
    work.store.add_deliveries([message])
    return {"delivery": message.delivery}


def replay_webhook(work: Work, command: Any) -> dict[str, Any]:
    webhook = _mine(work, command)
    if webhook.state != "on":
        raise model.WebhookOff()
    again = work.store.replay(webhook.webhook, command.since, command.until, command.all, work.now)
    return {"replayed": again}


def with_secret(answer: dict[str, Any]) -> dict[str, Any]:
    """The secret is made on the way out: the answer itself is kept for repeats, and it must not lie there."""
    key = model.secret(settings().required(SECRET), answer["webhook"], answer["secret_no"])
    return {**answer, "secret": model.written(key)}


def _roles(contract: type[Command]) -> tuple[str, ...]:
    return (*(may(contract) or ()), "admin")


def _mine(work: Work, command: Any) -> Webhook:
    webhook: Webhook | None = work.store.webhook(command.webhook)
    if webhook is None or not (work.caller.account == webhook.account or work.caller.may("admin", "")):
        raise model.UnknownWebhook(webhook=command.webhook)
    return webhook


def _saved(work: Work, webhook: Webhook) -> dict[str, Any]:
    work.store.save_webhook(webhook)
    return face(webhook)


def face(webhook: Webhook) -> dict[str, Any]:
    return dict(vars(webhook))


# -- telling -----------------------------------------------------------------------------------------------


def tell(work: Work, kind: str, place: str, **data: Any) -> None:
    """One message to each endpoint that wants this, in the transaction of what happened."""
    messages = [
        _message(work, webhook, kind, {"place": place, **data})
        for webhook in work.store.listening()
        if webhook.wants(kind, place)
    ]
    if messages:
        work.store.add_deliveries(messages)


def _message(work: Work, webhook: Webhook, kind: str, data: dict[str, Any]) -> Delivery:
    plain = msgspec.to_builtins(data, builtin_types=())
    return Delivery(new_id(), webhook.webhook, kind, work.now, plain, next_at=work.now)


# -- sending -----------------------------------------------------------------------------------------------


def send_waiting(work: Work) -> None:
    """A timer. What is sent stays locked until its answers are rows: a second replica passes it over, and whoever
    dies in between sends it again with the same id."""
    due: list[Delivery] = work.store.due_deliveries(work.now, AT_ONCE, OF_ONE)
    if not due:
        return
    owners: dict[str, Webhook] = work.store.lock_webhooks(sorted({one.webhook for one in due}))
    master = settings().required(SECRET)
    rounds = [(webhook, [one for one in due if one.webhook == name]) for name, webhook in owners.items()]
    tried = list(eventlet.GreenPool().imap(lambda each: _send(each[0], each[1], master), rounds))
    chance = random.Random()
    for webhook, attempts in tried:
        for one, answer in attempts:
            one.settle(answer, work.now, chance)
            if webhook.state == "on":
                model.judge(webhook, answer, work.now)
    work.store.save_deliveries([one for _, attempts in tried for one, _ in attempts])
    for webhook in owners.values():
        work.store.save_webhook(webhook)
        if webhook.state != "on":
            work.store.hold(webhook.webhook)


def _send(
    webhook: Webhook, messages: list[Delivery], master: str
) -> tuple[Webhook, list[tuple[Delivery, Answer]]]:
    """One endpoint's messages, one after the other, until one fails or the time is up: the others wait for the next round."""
    begun, attempts = time.monotonic(), []
    for one in messages:
        answer = _attempt(webhook, one, master)
        attempts.append((one, answer))
        if not answer.good or time.monotonic() - begun > TIME_OF_A_ROUND:
            break
    return webhook, attempts


def _attempt(webhook: Webhook, message: Delivery, master: str) -> Answer:
    body = msgspec.json.encode(
        {"type": message.kind, "timestamp": clock.iso(message.at), "data": message.data}
    )
    now = clock.now()
    stamp = int(now.timestamp())
    keys = webhook.secrets(master, now)
    headers = {
        "content-type": "application/json",
        "user-agent": "yikou-webhooks",
        "webhook-id": message.delivery,
        "webhook-timestamp": str(stamp),
        "webhook-signature": model.signatures(keys, message.delivery, stamp, body),
    }
    return sender.post(webhook.url, headers, body)


def note_revoked(work: Work, event: Any) -> None:
    """An account that is no more is told nothing more."""
    if event.kind == "account":
        for webhook in work.store.webhooks_of(event.name):
            webhook.switch_off("account-revoked")
            work.store.save_webhook(webhook)
            work.store.hold(webhook.webhook)


# -- tables ------------------------------------------------------------------------------------------------

EVENTS: dict[type[Event], Callable[..., None]] = {identity.CredentialRevoked: note_revoked}
COMMANDS: dict[type[Command], Callable[..., Any]] = {
    words.RegisterWebhook: register_webhook,
    words.ChangeWebhook: change_webhook,
    words.RotateWebhookSecret: rotate_webhook_secret,
    words.DisableWebhook: disable_webhook,
    words.EnableWebhook: enable_webhook,
    words.TestWebhook: test_webhook,
    words.ReplayWebhook: replay_webhook,
}
COMPLETES: dict[type[Command], Callable[[Any], Any]] = {
    words.RegisterWebhook: with_secret,
    words.RotateWebhookSecret: with_secret,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {send_waiting: timedelta(seconds=1)}
