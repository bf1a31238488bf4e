"""(d) Meter frames a second on one core: recognised, checked, and their values read, out of bytes that we wrote ourselves.

The floor is the least anybody could do in this language: add up the checksum and cut out the data of the same frames.
"""

import random
import time
from decimal import Decimal

from services.meters import frames
from services.meters.frames import Item, cjt188, dlt645
from tests.bench.__main__ import Figure

FRAMES = 50_000
ROUNDS = 3
GOAL = 50_000


def measure_frames() -> Figure:
    sent = what_meters_send(FRAMES)
    floor = max(rate(checksum_and_slice, sent) for _ in range(ROUNDS))
    value = max(rate(read, sent) for _ in range(ROUNDS))
    return Figure("frames_per_s", value, "1/s", floor, f">= {GOAL} a core", value >= GOAL)


def what_meters_send(count: int) -> list[bytes]:
    """Total and tariff registers, voltages, and water meters of both editions, in equal parts."""
    dice = random.Random(645)
    sent = []
    for number in range(count):
        meter = f"{number:012d}"
        value = Decimal(dice.randrange(10**7)).scaleb(-2)
        frame: frames.Frame
        if number % 4 == 0:
            frame = dlt645.reply(meter, "00010000", [Item("", "", "", value)])
        elif number % 4 == 1:
            frame = dlt645.reply(meter, "0001FF00", [Item("", "", "", value)] * 5)
        elif number % 4 == 2:
            frame = dlt645.reply(meter, "0201FF00", [Item("", "", "", Decimal("220.5"))] * 3)
        else:
            question = cjt188.read_request(0x10, meter + "12", number & 0xFF, swapped=number % 8 == 3)
            told = [Item("", name, "", value, "m3") for name in ("total", "settlement")]
            told += [Item("", "clock", "", "2026-03-01T08:00:00"), Item("", "status", "", "0000")]
            frame = cjt188.reply(question, tuple(told))
        sent.append(frames.encode(frame, preamble=4))
    return sent


def read(sent: list[bytes]) -> None:
    for data in sent:
        frame = frames.decode(data)
        if isinstance(frame, dlt645.Frame):
            dlt645.items(frame)
        else:
            cjt188.items(frame)


def checksum_and_slice(sent: list[bytes]) -> None:
    for data in sent:
        body = data[4:-2]
        if sum(body) & 0xFF == data[-2]:
            body[10:]


def rate(work, sent: list[bytes]) -> float:
    begun = time.perf_counter()
    work(sent)
    return len(sent) / (time.perf_counter() - begun)


if __name__ == "__main__":
    measure_frames().print()
