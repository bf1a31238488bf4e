"""Validation: what came in is judged, consumption is settled, and a finding that no longer holds is cleared."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from services.chassis.database import Work
from services.meters.vee.repository import Due, judged
from services.meters.wire import OLDEST

CHUNK = 200
"""Meters validated together: a few statements each time, and short enough to let others in between."""
TAKEN_AT_ONCE = 20_000
TIME_OF_A_TICK = 2.0
"""Seconds after which the rest is left to the next tick: the meters service has other things to do as well."""
PATIENCE = timedelta(minutes=float(os.environ.get("YIKOU_VEE_PATIENCE_MINUTES", "360")))
"""News of a meter are gathered so long before what it used is stored again: of a day that is not over, and where readings
are missing that may still come. A day that is whole is validated as soon as it is over, for at breakfast people want to
know what they used yesterday. Bills, people's changes and whoever looks at a meter need not wait at all."""


def validate_due(work: Work) -> None:
    """Days that are whole come first, then whoever waits longest.

    Taken in the order of their names, as everybody does who validates several.
    """
    begun = time.monotonic()
    over = sorted(work.store.over(work.now, TAKEN_AT_ONCE))
    for start in range(0, len(over), CHUNK):
        if time.monotonic() - begun > TIME_OF_A_TICK:
            return
        whole = work.store.whole(over[start : start + CHUNK], work.now)
        _validate(work, whole)
        work.store.done((each.meter, each.seen) for each in whole)
    due = sorted(work.store.due(work.now - PATIENCE, TAKEN_AT_ONCE), key=lambda each: each.meter)
    for start in range(0, len(due), CHUNK):
        if time.monotonic() - begun > TIME_OF_A_TICK:
            return
        chunk = due[start : start + CHUNK]
        _validate(work, chunk)
        work.store.done((each.meter, each.seen) for each in chunk)


def validate_now(work: Work, meters: Sequence[str], until: datetime | None = None) -> None:
    """Validates at once what has news among these meters: a bill is made of nothing else.

    With `until`, consumption is estimated up to there where no reading has come yet; the estimate is made anew with
    every reading that comes, and gives way to the first one after it.
    """
    for start in range(0, len(ordered := sorted(set(meters))), CHUNK):
        chunk = ordered[start : start + CHUNK]
        _validate(work, work.store.due_of(chunk), until)
        if until is not None:
            _validate(work, work.store.unfinished(chunk, until), until)


def validate_accounts(work: Work, accounts: Mapping[str, str], until: date) -> None:
    """Account -> its meter: what these have used up to a day, and what their former meters had used until they were exchanged.

    A former meter is not estimated any further: what it showed at its end was written down.
    """
    former = work.store.former_meters(list(accounts))
    validate_now(work, [meter for each in former.values() for meter, _, _ in each])
    validate_now(
        work, list(accounts.values()), datetime(until.year, until.month, until.day, tzinfo=work.store.zone)
    )


def validate_after(work: Work, meter: str, since: datetime) -> None:
    """A person changed something at that moment: at once, and first in the line for the timer."""
    work.store.note_due({meter: since}, work.now - PATIENCE)
    validate_now(work, [meter])


def validate_from_the_beginning(work: Work, meter: str) -> None:
    validate_after(work, meter, OLDEST)


def validated_until(work: Work, meters: Sequence[str]) -> dict[str, datetime | None]:
    """Meter -> up to where its consumption is settled by readings; None: not at all."""
    found: dict[str, datetime | None] = work.store.validated_until(meters)
    return found


def _validate(work: Work, due: Sequence[Due], until: datetime | None = None) -> None:
    if due:
        work.store.keep(judged(work.store, due, until), work.now)
