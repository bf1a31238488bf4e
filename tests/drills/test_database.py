"""A database that restarts, is slow, or is full ends in a clear error or a wait, and in a resume."""

import os
import shutil
import subprocess
import threading

import psycopg
import pytest
from nameko.exceptions import RemoteError
from sqlalchemy import text

from deploy.local import postgres, rabbitmq, stack
from tests.drills.conftest import LOAD
from tests.integration.chassis.conftest import ROOT, purge
from tests.waiting import until

pytestmark = pytest.mark.drill
DIRECTORY = ROOT / ".run" / "test"


def test_a_database_restarted_under_load_only_delays(replicas, drill, engine):
    one = replicas(YIKOU_BATCH="8").ready()
    restart = threading.Thread(target=stack.restart_postgres, args=(DIRECTORY,))
    drill.say(meanwhile=lambda n: restart.start() if n == LOAD // 3 else None)
    restart.join()
    engine.dispose()
    drill.fault_ends()
    drill.settle(90)
    assert drill.tell("database restarted") == (0, 0)
    assert one.process.poll() is None


def test_a_database_frozen_and_then_slow_only_delays_and_tells_its_callers(
    replicas, parts, drill, engine, call
):
    """Somebody holds a lock on what every event needs, longer than a statement may take."""
    one = replicas(YIKOU_BATCH="8", YIKOU_STATEMENT_TIMEOUT_MS="1000").ready()
    purge(parts)
    drill.say(LOAD // 2)
    with engine.connect() as holder, holder.begin():
        holder.execute(text("LOCK TABLE effects IN EXCLUSIVE MODE"))
        drill.say(8)
        until(lambda: one.metric("yikou_event_retries_total") >= 1, 60, "events are put off")
        with pytest.raises(RemoteError, match="Problem"):  # told to the caller, not left to his patience
            call.note(key="a caller's")
    drill.fault_ends()
    drill.settle(120)
    assert drill.tell("every statement times out") == (0, 0)


@pytest.fixture
def small_disk(parts, engine):
    """The probe's effects lie on a disk of eight megabytes."""
    if os.geteuid() != 0:
        pytest.fail("mounting a small disk needs root; run this drill as root or deselect it")
    disk = DIRECTORY / "small-disk"
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    place = disk / "space"
    place.mkdir()
    shutil.chown(place, postgres._user() or "root")
    with psycopg.connect(parts["POSTGRES_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(f"CREATE TABLESPACE small OWNER street LOCATION '{place}'")
        admin.execute("GRANT CREATE ON TABLESPACE small TO street")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE effects SET TABLESPACE small"))
    try:
        yield disk
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE effects SET TABLESPACE pg_default"))
        with psycopg.connect(parts["POSTGRES_ADMIN_URL"], autocommit=True) as admin:
            admin.execute("CHECKPOINT")
            admin.execute("DROP TABLESPACE small")
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.long
def test_a_full_disk_of_the_database_is_waited_out(replicas, parts, drill, call, small_disk):
    one = replicas(YIKOU_BATCH="8", PROBE_TICK_SECONDS="3600").ready()
    purge(parts)
    drill.say(LOAD // 2)
    drill.settle()
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"x" * 4096)
    drill.say(1500, mood="echo")  # more than the pages at hand take
    until(lambda: "database-away" in one.log(), 60, "the disk is full")
    before = len(drill.effects())
    with pytest.raises(RemoteError, match="Problem"):
        until(lambda: call.note(key="a caller's") and None, 30, "a caller is told")
    assert len(drill.effects()) <= before + 1 and one.process.poll() is None
    filler.unlink()
    drill.fault_ends()
    drill.settle(120)
    assert drill.tell("disk of the database full") == (0, 0)
    assert one.metric("yikou_dead_letters_total") == 0, "nobody's fault, so nothing was set aside"


def _control(env, *words):
    command, surroundings = rabbitmq.control(DIRECTORY, env, *words)
    subprocess.run(command, env=surroundings, check=True, capture_output=True, timeout=60)


@pytest.mark.long
def test_a_full_disk_of_the_broker_blocks_publishers_and_loses_nothing(replicas, parts, drill, engine):
    """RabbitMQ's disk alarm: it takes nothing more, so relays time out and their rows wait."""
    one = replicas(PROBE_SAYS="1", YIKOU_CONFIRM_DEADLINE="2").ready()
    drill.say(LOAD // 2)
    drill.settle()
    _control(parts, "set_disk_free_limit", str(10**14))
    try:

        def waiting():
            with engine.connect() as connection:
                return connection.execute(text("SELECT count(*) FROM outbox")).scalar_one()

        until(lambda: waiting() >= 6, 60, "what is said waits in its rows")
        until(lambda: "relay-waits" in one.log(), 60, "the relay says that it waits")
    finally:
        _control(parts, "set_disk_free_limit", str(200 * 2**20))
    drill.fault_ends()
    with engine.connect() as connection:
        said = set(connection.execute(text("SELECT key FROM effects WHERE key LIKE 'said-%'")).scalars())
    drill.wanted |= said | {key.replace("said-", "heard-") for key in said}
    drill.settle(90)
    assert drill.tell("disk of the broker full") == (0, 0)
