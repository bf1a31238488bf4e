"""What the migrations make of an empty database is what the code's tables say, in every service."""

import os
import subprocess
import sys
import uuid

import psycopg
import pytest
from psycopg import sql

from deploy.local.stack import borrowed_parts
from services.contracts.catalogue import SERVICES
from tests.offices import PARTS, ROOT


@pytest.fixture(scope="session")
def server():
    with borrowed_parts(PARTS) as env:
        yield env["POSTGRES_ADMIN_URL"]


@pytest.fixture
def empty(server):
    """A database of this test's own, for whichever service."""
    name = sql.Identifier(f"migrations_{uuid.uuid4().hex[:8]}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield f"{server.rpartition('/')[0]}/{name.as_string()[1:-1]}".replace("://", "+psycopg://")
        connection.execute(sql.SQL("DROP DATABASE {}").format(name))


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_and_tables_agree(empty, service):
    env = {**os.environ, f"DATABASE_URL_{service.upper()}": empty}
    for step in ("upgrade", "check"):
        command = [sys.executable, "-W", "ignore", "-m", "services.chassis.migrate", step, service]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
