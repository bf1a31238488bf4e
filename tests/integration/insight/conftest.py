import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.local.stack import borrowed_parts
from services.chassis.database import Ledger, open_engine
from services.insight.repository import Repository

ROOT = Path(__file__).resolve().parents[3]
STACK = ROOT / ".run" / "test-insight"  # a stack of our own: one test restarts its broker
TABLES = "event_log, facts, cases, lanes, tallies, changes, rebuilds, said, inbox, outbox, campaigns, evaluations, objections"


@pytest.fixture(scope="session")
def stack():
    """A real broker and database, with insight's tables in it."""
    with borrowed_parts(STACK) as env:
        command = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "insight"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True)
        yield env


@pytest.fixture
def ledger(stack):
    ledger = Ledger("insight", Repository)
    ledger._engine = open_engine(stack["DATABASE_URL_INSIGHT"], "insight-test", 4)
    with ledger.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {TABLES}"))
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
def service(stack):
    """Insight itself, running."""
    command = [sys.executable, "-m", "services.chassis.launch", "insight"]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **stack}, stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if '"started"' in line or "started" in line:
            break
    else:
        raise AssertionError(f"insight did not start: {process.wait()}")
    threading.Thread(target=process.stdout.read, daemon=True).start()
    yield process
    process.terminate()
    assert process.wait(30) == 0
