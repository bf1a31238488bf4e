"""Validation: what came in is judged, consumption is settled, and a finding that no longer holds is cleared."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from services.chassis.database import Work
from services.meters.vee.amounts import day_of
from services.meters.vee.estimation import Measured
from services.meters.vee.judge import Outcome, Weighed, find, judge, weigh
from services.meters.vee.repository import MONTH, Due
from services.meters.vee.rules import Seen

CHUNK = 200
"""Meters validated together: a few statements each time, and short enough to let others in between."""
TAKEN_AT_ONCE = 20_000
TIME_OF_A_TICK = 2.0
"""Seconds after which the rest is left to the next tick: the meters service has other things to do as well."""
SETTLED = timedelta(minutes=1)
"""News of a meter are gathered so long before it is validated again."""


def validate_due(work: Work) -> None:
    """Whoever waits longest comes first. Taken in the order of their names, as everybody does who validates several."""
    begun = time.monotonic()
    due = sorted(work.store.due(work.now - SETTLED, TAKEN_AT_ONCE), key=lambda each: each.meter)
    for start in range(0, len(due), CHUNK):
        if time.monotonic() - begun > TIME_OF_A_TICK:
            return
        _validate(work, due[start : start + CHUNK])


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


def validated_until(work: Work, meters: Sequence[str]) -> dict[str, datetime | None]:
    """Meter -> up to where its consumption is settled by readings; None: not at all."""
    found: dict[str, datetime | None] = work.store.validated_until(meters)
    return found


def _validate(work: Work, due: Sequence[Due], until: datetime | None = None) -> None:
    if not due:
        return
    dockets = work.store.dockets(due, until)
    weighed = {
        (docket.due.meter, name): weigh(case) for docket in dockets for name, case in docket.cases.items()
    }
    examples = _examples(work, weighed)
    for docket in dockets:
        outcomes: dict[str, tuple[Outcome, Seen]] = {
            name: judge(weighed[docket.due.meter, name], examples.get((docket.due.meter, name)))
            for name in docket.cases
        }
        find(outcomes)
        docket.outcomes = {name: outcome for name, (outcome, _) in outcomes.items()}
    work.store.keep(dockets, work.now)
    work.store.done((docket.due.meter, docket.due.seen) for docket in dockets if docket.due.seen)


def _examples(
    work: Work, weighed: dict[tuple[str, str], Weighed]
) -> dict[tuple[str, str], dict[date, Measured]]:
    """The month before the first long gap, for those who have one: most have none."""
    wanted = []
    for (meter, name), each in weighed.items():
        before, since = each.needs_examples_before, each.case.since
        if before is not None and since is not None:
            zone = each.case.zone
            first = day_of(zone, before) - timedelta(days=MONTH)
            wanted.append((meter, name, first, day_of(zone, since)))
    found: dict[tuple[str, str], dict[date, Measured]] = work.store.examples(wanted) if wanted else {}
    return found
