"""Who is drawn, for the long form and for the second keying: a function of the seed that anybody can compute again.

Written down, because it must give the same households in twenty years and in another language:

    draw(seed, words…)      HMAC-SHA256 with the seed's UTF-8 bytes as the key over the words joined by a line feed,
                            read as a big-endian integer of 256 bits
    start of a block        draw(seed, "long-form", census, block) mod interval
    a household             gets the long form when its serial in the block (from 1) mod interval = start
    a questionnaire         is keyed twice when draw(seed, "second-keying", household, form) · 100 < share · 2^256

So it is a systematic sample with a random start in each block, and a household that is found later and listed behind the
others is drawn by the same rule without moving anybody. While people are enumerated only the seed's fingerprint is known:
who could compute the sample could shorten a household before it is drawn.
"""

from __future__ import annotations

import hashlib
import hmac

BITS = 256


def draw(seed: str, *words: object) -> int:
    said = "\n".join(str(word) for word in words)
    return int.from_bytes(hmac.new(seed.encode(), said.encode(), hashlib.sha256).digest(), "big")


def fingerprint(seed: str) -> str:
    """Shown from the first day, so that nobody can say afterwards that it was another seed."""
    return hashlib.sha256(seed.encode()).hexdigest()


def start_of(seed: str, census: str, block: int, interval: int) -> int:
    return draw(seed, "long-form", census, block) % interval


def has_long_form(seed: str, census: str, block: int, serial: int, interval: int) -> bool:
    return serial % interval == start_of(seed, census, block, interval)


def sample(seed: str, census: str, block: int, households: int, interval: int) -> list[int]:
    """The serials of a block that get the long form."""
    return [
        serial for serial in range(1, households + 1) if has_long_form(seed, census, block, serial, interval)
    ]


def is_keyed_twice(seed: str, household: str, form: str, share: int) -> bool:
    """`share` in percent."""
    return draw(seed, "second-keying", household, form) * 100 < share << BITS
