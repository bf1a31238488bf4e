"""Validation: what came in is judged, consumption is settled, and a finding that no longer holds is cleared."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.chassis.database import Work
from services.meters.vee.repository import Due, judged
from services.meters.wire import OLDEST

CHUNK = 200
"""Meters validated together: a few statements each time, and short enough to let others in between."""
TAKEN_AT_ONCE = 20_000
TIME_OF_A_TICK = 2.0
"""Seconds after which the rest is left to the next tick: the meters service has other things to do as well."""
PATIENCE = timedelta(minutes=float(os.environ.get("YIKOU_VEE_PATIENCE_MINUTES", "360")))
"""News of a meter are gathered so long before what it used is stored again. Bills, people's changes and whoever looks at
a meter need not wait: they have it validated at once."""


def validate_due(work: Work) -> None:
    """Whoever waits longest comes first. Taken in the order of their names, as everybody does who validates several."""
    begun = time.monotonic()
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
