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


def frame_at(data: bytes, start: int) -> tuple[Frame, int]:
    """The frame of either protocol whose 68 is at `start`, and where it ends.

    Both begin with 68 and add up the same checksum; the second 68 of DL/T 645 may be part of an address of CJ/T 188, and
    the type of CJ/T 188 part of an address of DL/T 645. Whichever is whole is meant.
    """
    may_be_188 = len(data) > start + 1 and cjt188.is_type(data[start + 1])
    try:
        return dlt645.frame_at(data, start)
    except Fault as fault:
        if not may_be_188:
            if fault.slug == "no-second-start":
                raise Fault("unknown-protocol", start + 1) from None
            fault.protocol = fault.protocol or dlt645.PROTOCOL
            raise
        first = fault
    try:
        return cjt188.frame_at(data, start)
    except Fault as fault:
        fault.protocol = fault.protocol or cjt188.PROTOCOL
        raise _likelier(first, fault, data, start) from None


def _likelier(as_645: Fault, as_188: Fault, data: bytes, start: int) -> Fault:
    """Of two explanations the one that takes in all the bytes; while either may still be completed, we wait."""
    if as_645.slug == "no-second-start":
        return as_188
    as_645.protocol = as_645.protocol or dlt645.PROTOCOL
    if as_645.sealed_until is not None:
        return as_645
    if as_188.sealed_until is not None or (
        isinstance(as_188, Incomplete) and not isinstance(as_645, Incomplete)
    ):
        return as_188
    if isinstance(as_645, Incomplete) and not isinstance(as_188, Incomplete):
        return as_645
    fits = len(data) > start + 10 and start + 13 + data[start + 10] == len(data)
    return as_188 if fits and start + 12 + data[start + 9] != len(data) else as_645


class Stream:
    """Feed it what arrives. At most one unfinished frame is held, so memory is bounded by the longest."""

    def __init__(self) -> None:
        self._held = b""

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
                frame, end = frame_at(data, start)
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
