"""Frames out of a stream of bytes that may be cut anywhere, hold noise, and speak either protocol."""

from __future__ import annotations

from typing import NamedTuple

from services.meters.frames import cjt188, dlt645
from services.meters.frames.envelope import START
from services.meters.frames.faults import Fault, Incomplete

Frame = dlt645.Frame | cjt188.Frame


class Found(NamedTuple):
    frame: Frame
    raw: bytes


class Noise(NamedTuple):
    """Bytes that are no frame: what is wrong with the first that could have been one, counted from their beginning."""

    raw: bytes
    fault: Fault


def frame_at(data: bytes, start: int, more_may_come: bool = False) -> tuple[Frame, int]:
    """The frame of either protocol whose 68 is at `start`, and where it ends.

    Both begin with 68 and add up the same checksum; the second 68 of DL/T 645 may be part of an address of CJ/T 188, and
    the type of CJ/T 188 part of an address of DL/T 645. Whichever is whole is meant.
    """
    try:
        return dlt645.frame_at(data, start)
    except Fault as fault:
        as_645 = fault
    as_645.protocol = as_645.protocol or dlt645.PROTOCOL
    if len(data) <= start + 1 or not cjt188.is_type(data[start + 1]):
        if as_645.slug == "no-second-start" and not _fits(data, start, 9, 12):
            raise Fault("unknown-protocol", start + 1)
        raise as_645
    try:
        return cjt188.frame_at(data, start)
    except Fault as fault:
        as_188 = fault
    as_188.protocol = as_188.protocol or cjt188.PROTOCOL
    raise _likelier(as_645, as_188, data, start, more_may_come)


def _likelier(as_645: Fault, as_188: Fault, data: bytes, start: int, more_may_come: bool) -> Fault:
    """Of two explanations the one that takes in all the bytes. While either may still be completed, we wait."""
    for fault in (as_645, as_188):
        if fault.sealed_until is not None or (more_may_come and isinstance(fault, Incomplete)):
            return fault
    if as_645.slug == "no-second-start":
        return as_645 if _fits(data, start, 9, 12) and not _fits(data, start, 10, 13) else as_188
    return as_188 if _fits(data, start, 10, 13) and not _fits(data, start, 9, 12) else as_645


def _fits(data: bytes, start: int, head: int, size: int) -> bool:
    return len(data) > start + head and start + size + data[start + head] == len(data)


class Stream:
    """Feed it what arrives. At most one unfinished frame is held, so memory is bounded by the longest."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def held(self) -> int:
        """Bytes of a frame that is not finished yet."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Found | Noise]:
        return self._scan(self._held + data, final=False)

    def finish(self) -> list[Found | Noise]:
        """Nothing more comes of what was begun: frames behind a start that led nowhere are found now."""
        return self._scan(self._held, final=True)

    def _scan(self, data: bytes, final: bool) -> list[Found | Noise]:
        found: list[Found | Noise] = []
        here = noise = 0
        why: Fault | None = None

        def note_noise(end: int) -> None:
            raw = data[noise:end].strip(b"\xfe")
            if raw:
                shift = data.index(raw, noise)
                fault = why or Fault("no-start", shift, found=f"{raw[0]:02X}")
                fault.at = max(0, (fault.at or 0) - shift)
                found.append(Noise(raw, fault))

        while True:
            start = data.find(START, here)
            if start < 0:
                note_noise(len(data))
                self._held = b""
                return found
            try:
                frame, end = frame_at(data, start, more_may_come=not final)
            except Fault as fault:
                if isinstance(fault, Incomplete) and not final:
                    note_noise(start)
                    self._held = data[start:]
                    return found
                if fault.sealed_until is None:
                    why = why or fault
                    here = start + 1
                    continue
                note_noise(start)
                noise, why = start, fault
                note_noise(fault.sealed_until)
                end = fault.sealed_until
            else:
                note_noise(start)
                found.append(Found(frame, data[start:end]))
            here = noise = end
            why = None
