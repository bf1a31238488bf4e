"""Frames and values as hypothesis draws them: everything that may be sent, the rare as readily as the usual."""

from datetime import date, datetime
from decimal import Decimal

import yaml
from hypothesis import strategies as st

from services.meters.frames import cjt188, dlt645, items, profiles
from services.meters.frames.items import Item

LINES = yaml.safe_load(items.FILE.read_text())
digits = st.text("0123456789", min_size=14, max_size=14)
addresses_645 = st.one_of(
    digits.map(lambda text: text[:12]),
    st.integers(0, 6).flatmap(lambda n: digits.map(lambda text: "AA" * n + text[: 12 - 2 * n])),
    st.just(dlt645.EVERYBODY),
    digits.map(lambda text: text[:10] + "68"),  # looks like a start
)
addresses_188 = st.one_of(
    digits, st.just(cjt188.ANYBODY), digits.map(lambda text: text[:2] + "68" + text[4:])
)
controls_645 = st.sampled_from([code for code in dlt645._CONTROLS if code & 0x1F != 0x03])
frames_645 = st.builds(
    dlt645.Frame,
    address=addresses_645,
    control=controls_645,
    data=st.binary(max_size=40) | st.binary(min_size=200, max_size=255),
)
frames_188 = st.builds(
    cjt188.Frame,
    type=st.sampled_from(sorted(cjt188.TYPES)),
    address=addresses_188,
    control=st.sampled_from(sorted(cjt188._CONTROLS)),
    data=st.binary(max_size=50),
)


@st.composite
def identifiers_645(draw):
    """(identifier, its line of the file): of one value or of a block."""
    words = []
    line = draw(st.sampled_from(LINES))
    for word in line["di"].split():
        if word not in items._RANGES:
            words.append(word)
            continue
        first, last, may = items._RANGES[word]
        if may and draw(st.booleans()):
            words.append("FF")
        else:
            words.append(f"{draw(st.integers(first, last)):02X}")
    return "".join(words), line


def numbers(pattern, signed):
    whole, _, part = pattern.partition(".")
    size = len(whole) + len(part)
    largest = (8 * 10 ** (size - 1) if signed else 10**size) - 1
    return st.none() | st.builds(
        lambda n, minus: Decimal(f"{'-' if minus and signed else ''}{n:0{size}d}").scaleb(-len(part)),
        st.integers(0, largest),
        st.booleans(),
    )


days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda at: at.replace(microsecond=0))
PATTERNS = {
    "YYMMDDWW": days.map(date.isoformat),
    "hhmmss": moments.map(lambda at: at.time().isoformat()),
    "YYMMDDWWhhmmss": moments.map(datetime.isoformat),
    "YYMMDDhhmm": moments.map(lambda at: at.isoformat(timespec="minutes")),
    "YYYYMMDDhhmmss": moments.map(datetime.isoformat),
    "N12": digits.map(lambda text: text[:12]),
    "B16": st.integers(0, 0xFFFF).map(lambda n: f"{n:04X}"),
}


def values(pattern, signed=False):
    if pattern.startswith("X"):
        return numbers(pattern, signed)
    if pattern.startswith("B"):
        return PATTERNS[pattern]
    return st.none() | PATTERNS[pattern]


@st.composite
def answers_645(draw):
    """(identifier, items) as a meter may tell them."""
    identifier, line = draw(identifiers_645())
    entry = items.entry(identifier)
    count = draw(st.integers(1, len(entry.fields))) if entry.block else 1
    told = tuple(
        Item(
            field.id,
            field.name,
            field.zh,
            draw(values(line["format"], line.get("signed", False))),
            field.unit,
            draw(values(line["when"])) if "when" in line else None,
            field.register,
        )
        for field in entry.fields[:count]
    )
    return identifier, told


@st.composite
def answers_188(draw):
    """(question, items, profile): an answer to a reading in a maker's way."""
    profile = profiles.named(draw(st.sampled_from(profiles.names())))
    question = cjt188.read_request(
        draw(st.sampled_from([0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x30])),
        draw(digits),
        draw(st.integers(0, 255)),
        draw(st.booleans()),
    )
    told = []
    for part in profile.meters[question.meters]:
        if part.is_status:
            value = draw(st.binary(min_size=2, max_size=2)).hex().upper()
        elif part.name == "clock":
            value = draw(values("YYYYMMDDhhmmss"))
        else:
            decimals = {"flow": 4, "working_time": 0}.get(part.name, 2)
            size = part.format.size * 2
            value = draw(numbers("X" * (size - decimals) + ("." + "X" * decimals if decimals else ""), False))
        unit = draw(st.sampled_from(sorted(profile.codes))) if part.has_unit else part.unit
        told.append(Item(part.name, part.name, part.zh, value, unit, None, part.register))
    return question, tuple(told), profile
