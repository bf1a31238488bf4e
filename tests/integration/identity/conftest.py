import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from deploy.local.stack import borrowed_parts
from services.chassis.database import Ledger, open_engine
from services.chassis.identifiers import SYSTEM, Caller
from services.contracts.messages import Query
from services.identity import handlers, tokens, views
from services.identity.repository import Repository

ROOT = Path(__file__).resolve().parents[3]
PARTS = Path(os.environ.get("YIKOU_TEST_PARTS") or ROOT / ".run" / "test")


@pytest.fixture(scope="session")
def stack():
    """A real broker and database, with identity's tables in it."""
    with borrowed_parts(PARTS) as env:
        # Several test processes may arrive at once; only one migrates at a time.
        migrate = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "identity"]
        command = ["flock", str(PARTS / "migrate.lock"), *migrate]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True)
        yield env


class Office:
    """Identity's handlers and views on the real database, each call one transaction."""

    def __init__(self, ledger):
        self.ledger = ledger

    def __call__(self, contract, caller: Caller = SYSTEM, later=None, **fields):
        message = contract.read(fields)
        door = self.ledger.read if issubclass(contract, Query) else self.ledger.work
        with door(caller) as work:
            if later:
                work.now += later
            return {**handlers.COMMANDS, **views.QUERIES}[contract](work, message)


@pytest.fixture
def office(stack, monkeypatch):
    monkeypatch.setattr(tokens, "settings", lambda: Keys(stack))
    monkeypatch.setattr(handlers, "settings", lambda: Keys(stack))
    tokens._key.cache_clear()
    tokens.public_key.cache_clear()
    ledger = Ledger("identity", Repository)
    ledger._engine = open_engine(stack["DATABASE_URL_IDENTITY"], "identity-test", 6)
    yield Office(ledger)
    ledger.close()


class Keys:
    """The settings of the stack under test."""

    place = "110105001001"

    def __init__(self, env):
        self.required = env.__getitem__


@pytest.fixture
def name():
    """An account nobody else's test uses."""
    return f"t{uuid.uuid4().hex[:12]}"
