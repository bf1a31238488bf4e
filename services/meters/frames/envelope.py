"""What both protocols have in common: preamble, 68 … checksum 16, and BCD with the low byte first.

One changed byte is always noticed by `whole`. The span from the first byte that is not FE to the last one must be one
frame, so its ends are fixed; the checksum adds up every byte of it, and a change of one byte changes a sum modulo 256.
What moves the span's beginning changes the sum as well: a 68 that becomes FE takes 68H away, an FE of the preamble that
becomes 68 adds 68H and at most three FE, that is 68, 66, 64 or 62H, never nothing. Hence the limit on the preamble.
"""

from __future__ import annotations

from typing import Final

from services.meters.frames.faults import Fault, Incomplete, shown

START: Final = 0x68
END: Final = 0x16
WAKE: Final = 0xFE
LONGEST_PREAMBLE = 4


def beginning(data: bytes) -> int:
    """Where the frame begins behind its preamble."""
    bare = data.lstrip(b"\xfe")
    at = len(data) - len(bare)
    if at > LONGEST_PREAMBLE:
        raise Fault("long-preamble", LONGEST_PREAMBLE, limit=LONGEST_PREAMBLE)
    if not bare:
        raise Incomplete(len(data), at + 12) if data else Fault("empty", 0)
    if bare[0] != START:
        raise Fault("no-start", at, found=shown(bare[0]))
    return at


def close(data: bytes, start: int, head: int, size: int) -> int:
    """The offset behind the frame that begins at `start`, has its length at `start + head` and is `size` bytes beside it."""
    length = start + head
    if len(data) <= length:
        raise Incomplete(len(data), length + 1)
    last = start + size + data[length] - 1
    if len(data) <= last:
        raise Incomplete(len(data), last + 1)
    if data[last] != END:
        raise Fault("no-end", last, found=shown(data[last]))
    total = sum(data[start : last - 1]) & 0xFF
    if total != data[last - 1]:
        raise Fault("checksum", last - 1, wanted=shown(total), found=shown(data[last - 1]))
    return last + 1


def sealed(body: bytes, preamble: int) -> bytes:
    return b"\xfe" * preamble + body + bytes((sum(body) & 0xFF, END))


def printed(address: bytes) -> str:
    """An address as it stands on the meter: the bytes turned round."""
    return address[::-1].hex().upper()


def sent(address: str) -> bytes:
    return bytes.fromhex(address)[::-1]
