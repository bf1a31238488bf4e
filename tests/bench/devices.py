"""The city's devices, as one process with next to no cost of its own: `python -m tests.bench.devices batches|singles …`.

Speaks MQTT 3.1.1 over plain sockets (paho would cost more than what is measured) and prints what it sent as JSON.
It publishes as fast as readings become rows: more than `ahead` unstored readings and it waits, as a device does whose
messages are not confirmed. Every PUBLISH is confirmed before the end.
"""

import itertools
import json
import os
import selectors
import socket
import struct
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

METERS = 100_000
BATCH = 500
STEP = timedelta(hours=1)
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=35)
SPEAKERS = 16
"""Names the messages are sent under; the exchange deals by them."""


def meter(number: int) -> str:
    return f"B-{number:08}"


def batches(
    together: int = 20, register: str = "total", start: datetime = START, meters: int = METERS
) -> Iterator[tuple[int, bytes]]:
    """(concentrator, 500 readings) for ever: `together` meters' readings of some hours, then the next meters'.

    20 meters with 25 hours each is the daily load of a concentrator; 500 meters with one is a reading of all at once.
    """
    hours = BATCH // together
    for turn in itertools.count():
        tails = [_tail(turn * hours + hour, register, start) for hour in range(hours)]
        for first in range(0, meters, together):
            heads = [f'{{"meter":"{meter(first + n)}","register":'.encode() for n in range(together)]
            yield first // BATCH, b"[" + b",".join(head + tail for head in heads for tail in tails) + b"]"


def singles(register: str = "total") -> Iterator[tuple[int, bytes]]:
    """One meter's three values, a message."""
    for turn in itertools.count():
        tails = [_tail(3 * turn + n, register) for n in range(3)]
        for number in range(METERS):
            head = f'{{"meter":"{meter(number)}","register":'.encode()
            yield number, b"[" + b",".join([head + tail for tail in tails]) + b"]"


def _tail(hour: int, register: str, start: datetime = START) -> bytes:
    # A register that stands still now and then, as households do: leaks are the exception.
    value = 100 + (hour - hour // 6) / 100
    at = (start + hour * STEP).isoformat()
    return f'"{register}","at":"{at}","value":"{value:.2f}","unit":"m3","seq":{hour}}}'.encode()


class Line:
    """One MQTT connection."""

    def __init__(self, name: str, window: int) -> None:
        self.window, self.identifiers, self.flying, self.confirmed = (
            window,
            itertools.cycle(range(1, 65536)),
            0,
            0,
        )
        self.out, self.inbox = bytearray(), b""
        self.socket = socket.create_connection((os.environ["MQTT_HOST"], int(os.environ["MQTT_PORT"])), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        user, secret = b"yikou", os.environ["YIKOU_BROKER_PASSWORD"].encode()
        head = b"\0\4MQTT\4\xc2\0\0" + b"".join(
            struct.pack(">H", len(t)) + t for t in (name.encode(), user, secret)
        )
        self.socket.sendall(b"\x10" + _length(len(head)) + head)
        answer = self.socket.recv(4)
        if answer != b"\x20\x02\x00\x00":
            raise SystemExit(f"the broker refused the device: {answer!r}")
        self.socket.setblocking(False)

    def put(self, topic: bytes, body: bytes) -> None:
        head = struct.pack(">H", len(topic)) + topic + struct.pack(">H", next(self.identifiers))
        self.out += b"\x32" + _length(len(head) + len(body)) + head + body
        self.flying += 1

    def flush(self) -> None:
        while self.out:
            try:
                del self.out[: self.socket.send(self.out)]
            except BlockingIOError:
                return

    def hear(self) -> None:
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        if not data:
            raise SystemExit("the broker closed the line of a device")
        self.inbox += data
        acks = len(self.inbox) // 4  # nothing but PUBACKs comes, four bytes each
        self.inbox = self.inbox[acks * 4 :]
        self.flying -= acks
        self.confirmed += acks


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (128 if size else 0))
        if not size:
            return bytes(out)


def settled() -> int:
    """Readings the workers have done with, whatever became of them."""
    total = 0.0
    for worker in range(2):
        port = os.environ[f"YIKOU_HTTP_PORT_METERS_INGEST_{worker}"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as page:
            for line in page:
                if line.startswith(b"yikou_readings_total{"):
                    total += float(line.split()[-1])
    return int(total)


def publish(
    messages: Iterable[tuple[int, bytes]],
    seconds: float,
    each: int,
    window: int,
    lines: int,
    ahead: int,
    topic: str = "yikou/v1/concentrator-{:02}/readings",
) -> dict[str, float]:
    """Publishes for `seconds`, `each` readings a message; the end is when the last one is stored."""
    source = iter(messages)
    topics = [topic.format(number).encode() for number in range(SPEAKERS)]
    ours = [Line(f"bench-{os.getpid()}-{n}", window) for n in range(lines)]
    selector = selectors.DefaultSelector()
    for line in ours:
        selector.register(line.socket, selectors.EVENT_READ, line)
    before = settled() if ahead else 0
    stored = 0
    sent, begun = 0, time.monotonic()
    looked = begun
    while True:
        now = time.monotonic()
        if ahead and now - looked > 0.1:
            stored, looked = settled() - before, now
        open_for_more = now - begun < seconds and (not ahead or sent * each - stored < ahead)
        if open_for_more:
            for line in ours:
                while line.flying < line.window and len(line.out) < 256 * 1024:
                    number, body = next(source)
                    line.put(topics[number % SPEAKERS], body)
                    sent += 1
        for line in ours:
            line.flush()
        for key, _ in selector.select(0.002 if open_for_more or any(line.out for line in ours) else 0.02):
            key.data.hear()
        if (
            now - begun >= seconds
            and (not ahead or stored >= sent * each)
            and not any(line.flying for line in ours)
        ):
            break
        if now - begun > seconds + 300:
            raise SystemExit(f"{sent * each - stored} readings did not become rows")
    took = time.monotonic() - begun
    confirmed = sum(line.confirmed for line in ours)
    return {"messages": sent, "confirmed": confirmed, "readings": sent * each, "seconds": took}


def main(arguments: list[str]) -> None:
    shape, seconds = arguments[0], float(arguments[1])
    if shape == "singles":
        done = publish(singles("single"), seconds, each=3, window=500, lines=3, ahead=15_000)
    elif shape == "floor":  # nobody stores it: the broker and one consumer alone
        done = publish(singles(), seconds, each=3, window=500, lines=3, ahead=0, topic="floor/{:02}")
    else:
        together = int(shape.partition(":")[2] or 20)
        found = batches(together=together, register=f"by{together}")
        done = publish(found, seconds, each=BATCH, window=8, lines=4, ahead=60_000)
    print(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1:])
