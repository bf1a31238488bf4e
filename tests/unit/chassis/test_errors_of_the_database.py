"""Which errors mean that the database is away, and which that a value or a program is wrong."""

import psycopg
import pytest
from sqlalchemy import exc

from services.chassis.database import is_away, is_passing
from services.chassis.entrances import _as_error


def told(kind, orig, statement="INSERT …", dropped=False):
    return kind(statement, {}, orig, connection_invalidated=dropped)


@pytest.mark.parametrize(
    ("error", "away", "passing"),
    [
        (told(exc.OperationalError, psycopg.OperationalError("refused"), statement=None), True, True),
        (told(exc.OperationalError, psycopg.OperationalError("lost"), dropped=True), True, True),
        (told(exc.OperationalError, psycopg.errors.DiskFull()), True, True),
        (told(exc.OperationalError, psycopg.errors.CannotConnectNow()), True, True),
        (told(exc.OperationalError, psycopg.errors.DeadlockDetected()), False, True),
        (told(exc.OperationalError, psycopg.errors.QueryCanceled()), False, True),
        (exc.TimeoutError("no connection free"), True, True),
        # psycopg's own, without a code: no waiting makes them pass
        (told(exc.DataError, psycopg.DataError("NUL")), False, False),
        (told(exc.ProgrammingError, psycopg.ProgrammingError("cannot adapt")), False, False),
        (told(exc.OperationalError, psycopg.OperationalError("65536 parameters")), False, False),
        (told(exc.IntegrityError, psycopg.errors.UniqueViolation()), False, False),
        (ValueError(), False, False),
    ],
)
def test_away_passing_or_wrong(error, away, passing):
    assert (is_away(error), is_passing(error)) == (away, passing)
    assert (_as_error(error)["exc_type"] == "Problem") == passing
