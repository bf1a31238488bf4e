"""Readings lie in months: `python -m services.meters.months list|reach-back|detach`.

One partition a calendar month (UTC), and `readings_before` for everything older than the first, so that no reading is
ever without a place. No DEFAULT partition on purpose: with one, PostgreSQL may not walk the months in order, and the
newest reading of a meter would cost a look into every one of them. The partitions live in the schema `months`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from services.chassis.errors import Invalid
from services.chassis.settings import settings

AHEAD = timedelta(days=62)
"""So far into the future there is a month for every reading; the timer could be away for two of them."""
BEFORE = "months.readings_before"
LOCK = "SELECT pg_advisory_xact_lock(hashtext('months of readings'))"
LISTING = """
    SELECT relname, pg_total_relation_size(c.oid), greatest(reltuples, 0)::bigint
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
    WHERE inhparent = 'readings'::regclass ORDER BY relname
"""

Execute = Callable[[str], Any]
"""One statement, inside a transaction of the caller's."""


class NotTheOldestMonth(Invalid):
    """Only the oldest month can be detached, and that is {oldest}."""

    zh = "只能分离最早的月份，即 {oldest}。"


class NoSuchMonth(Invalid):
    """{month} is not a month before {oldest}; write it as 2025-03."""

    zh = "“{month}”不是早于 {oldest} 的月份，请写作 2025-03。"


def month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def following(month: datetime) -> datetime:
    return month_of(month + timedelta(days=32))


def preceding(month: datetime) -> datetime:
    return month_of(month - timedelta(days=1))


def name_of(month: datetime) -> str:
    return f"months.readings_{month:%Y_%m}"


def known(execute: Execute) -> list[datetime]:
    """The months there are, oldest first; they follow each other without a gap."""
    names = (re.fullmatch(r"readings_(\d{4})_(\d\d)", row[0]) for row in execute(LISTING))
    return [datetime(int(name[1]), int(name[2]), 1, tzinfo=UTC) for name in names if name]


def open_ahead(execute: Execute, now: datetime) -> datetime:
    """Opens what is missing until some time after `now`; returns where the last month ends."""
    execute(LOCK)
    end = following(known(execute)[-1])
    while end < now + AHEAD:
        # Made first and attached then: other than CREATE … PARTITION OF this stops neither readers nor the ingest.
        _make(execute, end)
        _attach(execute, end)
        end = following(end)
    return end


def reach_back(execute: Execute, month: datetime) -> int:
    """Months from `month` on out of what lies before them; returns how many. Readings wait while rows move."""
    execute(LOCK)
    first = known(execute)[0]
    if month >= first:
        raise NoSuchMonth(month=f"{month:%Y-%m}", oldest=f"{first:%Y-%m}")
    execute(f"ALTER TABLE readings DETACH PARTITION {BEFORE}")
    opened = 0
    end = month
    while end < first:
        _make(execute, end)
        rows = f"at >= '{end}' AND at < '{following(end)}'"
        execute(f"INSERT INTO {name_of(end)} SELECT * FROM {BEFORE} WHERE {rows}")  # noqa: S608 — our own names
        execute(f"DELETE FROM {BEFORE} WHERE {rows}")  # noqa: S608 — our own names
        _attach(execute, end)
        end = following(end)
        opened += 1
    _attach_before(execute, month)
    return opened


def detach(execute: Execute, month: datetime) -> str:
    """The oldest month becomes a table of its own, to be archived or dropped; what still comes for it lies before."""
    execute(LOCK)
    first = known(execute)[0]
    if month != first:
        raise NotTheOldestMonth(oldest=f"{first:%Y-%m}")
    execute(f"ALTER TABLE readings DETACH PARTITION {BEFORE}")
    execute(f"ALTER TABLE readings DETACH PARTITION {name_of(month)}")
    detached = f"detached_{month:%Y_%m}"
    execute(f"ALTER TABLE {name_of(month)} RENAME TO {detached}")
    _attach_before(execute, following(month))
    return f"months.{detached}"


def _make(execute: Execute, month: datetime) -> None:
    execute(f"CREATE TABLE {name_of(month)} (LIKE readings INCLUDING ALL)")


def _attach(execute: Execute, month: datetime) -> None:
    execute(
        f"ALTER TABLE readings ATTACH PARTITION {name_of(month)}"
        f" FOR VALUES FROM ('{month}') TO ('{following(month)}')"
    )


def _attach_before(execute: Execute, until: datetime) -> None:
    execute(f"ALTER TABLE readings ATTACH PARTITION {BEFORE} FOR VALUES FROM (MINVALUE) TO ('{until}')")


def _month(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="services.meters.months", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="the months, their size and about how many readings")
    for verb, does in (("reach-back", reach_back), ("detach", detach)):
        verbs.add_parser(verb, help=does.__doc__).add_argument("month", type=_month, help="as 2025-03")
    given = parser.parse_args(arguments)
    url = settings().database_url("meters").replace("+psycopg", "")
    with psycopg.connect(url, options="-c timezone=UTC -c lock_timeout=5000") as connection:
        if given.verb == "list":
            for name, size, rows in connection.execute(LISTING):
                print(f"{name:20} {size / 1e6:12.1f} MB {rows:14} readings")
        else:
            try:
                print(
                    {"reach-back": reach_back, "detach": detach}[given.verb](connection.execute, given.month)
                )
            except Invalid as problem:
                print(problem, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
