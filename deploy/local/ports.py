"""Which port is whose: preferred ones of our own, others when those are busy, never a well-known default."""

import socket
from collections.abc import Container, Mapping, Sequence
from zlib import crc32

FIRST, SPAN, LAST = 28_000, 100, 32_700  # below the kernel's ephemeral range, far from 5432, 5672, 1883, 8080


def base_of(directory: str, tree: str = "") -> int:
    """`.run` of a tree has the first hundred; every other stack (tests, drills, benches) one of its own, and another in
    another tree, so that several who work side by side seldom meet."""
    if directory == ".run":
        return FIRST
    return FIRST + SPAN + crc32(f"{tree}/{directory}".encode()) % 40 * SPAN


def choose(
    names: Sequence[str], base: int, remembered: Mapping[str, int], ours: Container[str]
) -> dict[str, int]:
    """A port for every name. `ours` are the names that are listening already because they are running."""
    chosen: dict[str, int] = {}
    for offset, name in enumerate(names):
        if name in ours and name in remembered:
            chosen[name] = remembered[name]
            continue
        wanted = [remembered[name]] if name in remembered else []
        wanted += range(base + offset, LAST, SPAN)
        wanted += range(FIRST, LAST)
        taken = {*chosen.values(), *(port for other, port in remembered.items() if other != name)}
        chosen[name] = next(port for port in wanted if port not in taken and is_free(port))
    return chosen


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # a port in TIME_WAIT is free for a server
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def listens(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
