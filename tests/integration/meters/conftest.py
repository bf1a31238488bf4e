"""Meters on a real broker and database: the ingest as the process it is, the service as a process or by its handlers."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from deploy.local.stack import borrowed_parts
from tests.integration.meters.surroundings import EMPTIED, ROOT, Broker, Tester, ingest_of


@pytest.fixture(scope="session")
def parts():
    """The environment of a private broker and database, migrated and with every queue declared."""
    directory = Path(os.environ.get("YIKOU_TEST_PARTS", ROOT / ".run" / "test-meters"))
    with borrowed_parts(directory) as env:
        before = dict(os.environ)
        os.environ.update(env)
        from services.chassis.settings import settings

        settings.cache_clear()
        for command in (
            ["services.chassis.migrate", "upgrade", "meters"],
            ["services.chassis.topology", "declare"],
        ):
            subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=os.environ | env, check=True)
        yield env
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()


@pytest.fixture
def database(parts):
    """A connection to an empty database of meters; nothing waits in the telemetry queues."""
    url = parts["DATABASE_URL_METERS"].replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {', '.join(EMPTIED)}")
        yield connection


@pytest.fixture
def ledger(parts, database):
    from services.chassis.database import Ledger
    from services.meters.repository import Repository

    ledger = Ledger("meters", Repository)
    yield ledger
    ledger.close()


@pytest.fixture
def broker(parts):
    broker = Broker(parts["AMQP_URI"])
    broker.purge()
    yield broker
    broker.connection.close()


@pytest.fixture
def ingest(parts, broker):
    return lambda: ingest_of(parts, broker)


@pytest.fixture
def tester(ledger, database):
    return Tester(ledger, database)
