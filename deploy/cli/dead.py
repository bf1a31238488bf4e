"""Dead letters: what a service set aside after its last attempt, with the reason; looked at and sent back.

A letter is acked only after the broker confirmed its copy in the queue it came from. If we die in between it is there
twice, and the hearer's inbox takes it once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import pika
import typer
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError, UnroutableError
from rich.table import Table

from deploy.cli.screen import err, out
from deploy.cli.surroundings import needed
from services.contracts.catalogue import SERVICES

app = typer.Typer(no_args_is_help=True, help="死信 · Dead letters.")
OURS = (
    "x-dead-reason",
    "x-dead-at",
    "x-attempts",
    "x-origin",
    "x-last-reason",
    "x-death",
    "x-delivery-count",
    "x-first-death-reason",
    "x-first-death-queue",
    "x-first-death-exchange",
)
"""Headers that tell of the failure; a letter sent back begins anew."""


@dataclass(frozen=True)
class DeadLetter:
    number: int
    tag: int
    service: str
    properties: Any
    body: bytes

    def header(self, name: str) -> str:
        return str((self.properties.headers or {}).get(name, ""))

    @property
    def origin(self) -> str:
        return self.header("x-origin") or self.header("x-first-death-queue")

    @property
    def reason(self) -> str:
        """Ours, or the broker's: `delivery_limit` when each process that took it died."""
        return self.header("x-dead-reason") or self.header("x-first-death-reason")

    @property
    def what(self) -> str:
        """The event's name, or the queue of a call nobody could read."""
        try:
            return str(json.loads(self.body)["type"]).removeprefix("yikou.")
        except (ValueError, KeyError, TypeError):
            return self.origin or "?"


# -- commands ------------------------------------------------------------------------------------------

Service = Annotated[str, typer.Argument(help="服务 The service.")]


@app.command("list")
def list_letters(
    service: Annotated[str | None, typer.Argument(help="只看一个服务 Only this service.")] = None,
) -> None:
    """各服务的死信：数量、原因、时间、次数 · Counts, reasons, times, attempts."""
    table = Table(box=None, header_style="dim", expand=True)
    for heading in ("服务 Service", "#", "内容 What", "次数 Tries", "时间 Time"):
        table.add_column(heading)
    table.add_column("原因 Reason", ratio=1, no_wrap=True)
    counts: Counter[str] = Counter()
    with _channel() as channel:
        for name in _services(service):
            for letter in _look(channel, name):
                counts[name] += 1
                row = (letter.what, letter.header("x-attempts"), letter.header("x-dead-at")[:19])
                table.add_row(name, str(letter.number), *row, letter.reason)
    if not counts:
        out.print("[green]✓[/] 没有死信 No dead letters")
        return
    out.print(table)
    out.print("  ".join(f"{name} [bold]{count}[/]" for name, count in counts.items()))


@app.command()
def show(
    service: Service, number: Annotated[int, typer.Argument(help="序号 Its number in the list.", min=1)]
) -> None:
    """看一封死信的全部 · Everything about one letter."""
    with _channel() as channel:
        letter = _find(list(_look(channel, service)), number)
        for name, value in sorted((letter.properties.headers or {}).items()):
            out.print(f"[dim]{name}[/] {value}", markup=True)
        try:
            out.print_json(letter.body.decode())
        except ValueError:
            out.print(repr(letter.body), markup=False)


@app.command()
def replay(
    service: Service,
    number: Annotated[
        int | None, typer.Argument(help="序号；不给则须 --all A number, or --all.", min=1)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="全部 All of them.")] = False,
) -> None:
    """送回原队列，确认后才从死信中取走 · Send back to where it came from; removed only when confirmed."""
    if (number is None) != everything:
        raise typer.BadParameter("给一个序号，或 --all · Give a number or --all")
    with _channel() as channel:
        letters = list(_look(channel, service))
        chosen = letters if everything else [_find(letters, number or 0)]
        sent = sum(_send_back(channel, letter) for letter in chosen)
    out.print(f"[green]✓[/] 已送回 Sent back {sent}/{len(chosen)}")
    raise typer.Exit(0 if sent == len(chosen) else 1)


# -- on the broker ---------------------------------------------------------------------------------------


@contextmanager
def _channel() -> Iterator[BlockingChannel]:
    """Whatever was looked at and not acked returns to its place."""
    parameters = pika.URLParameters(needed("AMQP_URI"))
    parameters.socket_timeout = parameters.blocked_connection_timeout = 10
    try:
        connection = pika.BlockingConnection(parameters)
    except AMQPError as error:
        raise OSError(f"消息中间件没有应答 The broker does not answer: {error!r}") from error
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
        channel.basic_nack(0, multiple=True, requeue=True)
    finally:
        if connection.is_open:
            connection.close()


def _services(service: str | None) -> tuple[str, ...]:
    if service is None:
        return SERVICES
    if service not in SERVICES:
        raise typer.BadParameter(f"{service}: {', '.join(SERVICES)}")
    return (service,)


def _look(channel: BlockingChannel, service: str) -> Iterator[DeadLetter]:
    """Those that are there now, without taking them; what arrives meanwhile is for the next look."""
    (service,) = _services(service)
    queue = f"{service}.dead"
    try:
        count = channel.queue_declare(queue, passive=True).method.message_count
    except ChannelClosedByBroker as error:
        raise OSError(f"没有队列 {queue} There is no queue {queue}: {error}") from error
    for number in range(1, count + 1):
        method, properties, body = channel.basic_get(queue)
        if method is None or properties is None or body is None:
            return
        yield DeadLetter(number, method.delivery_tag or 0, service, properties, body)


def _find(letters: list[DeadLetter], number: int) -> DeadLetter:
    for letter in letters:
        if letter.number == number:
            return letter
    raise typer.BadParameter(f"没有第 {number} 封 There is no number {number}")


def _send_back(channel: BlockingChannel, letter: DeadLetter) -> bool:
    if not letter.origin:
        err.print(f"  {letter.service} #{letter.number}: 没有来源队列 it does not say where it came from")
        return False
    headers = {key: value for key, value in (letter.properties.headers or {}).items() if key not in OURS}
    copy = pika.BasicProperties(
        content_type=letter.properties.content_type,
        correlation_id=letter.properties.correlation_id,
        reply_to=letter.properties.reply_to,
        delivery_mode=2,
        headers=headers,
    )
    try:
        channel.basic_publish("", letter.origin, letter.body, copy, mandatory=True)
    except (UnroutableError, NackError) as error:
        err.print(
            f"  {letter.service} #{letter.number}: 送不回 {letter.origin} cannot be sent back ({type(error).__name__})"
        )
        return False
    channel.basic_ack(letter.tag)
    return True
