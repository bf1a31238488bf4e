"""Broker and database of a directory of their own, for real: started, shared, broken, mended, gone."""

import amqp
import psycopg
import pytest

from deploy.local import ports, postgres, rabbitmq, stack
from tests.waiting import until

DIRECTORY = stack.ROOT / ".run" / "test-parts"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def env():
    yield stack.start_parts(DIRECTORY)
    stack.remove_parts(DIRECTORY)
    assert not DIRECTORY.exists()


def connect(env, service):
    return psycopg.connect(env[f"DATABASE_URL_{service.upper()}"].replace("+psycopg", ""), connect_timeout=5)


def broker(env):
    host = f"127.0.0.1:{env['YIKOU_PORT_AMQP']}"
    return amqp.Connection(host, userid="yikou", password=env["YIKOU_BROKER_PASSWORD"], connect_timeout=5)


def test_starting_again_finds_it_running(env):
    before = rabbitmq.broker(DIRECTORY).pid, postgres.server(DIRECTORY).pid
    assert stack.start_parts(DIRECTORY) == env
    assert (rabbitmq.broker(DIRECTORY).pid, postgres.server(DIRECTORY).pid) == before


def test_a_service_owns_its_database_and_cannot_enter_anothers(env):
    with connect(env, "party") as connection:
        connection.execute("create table t (id int)")
        connection.rollback()
    strange = env["DATABASE_URL_PARTY"].replace("+psycopg", "").rsplit("/", 1)[0] + "/meters"
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(strange)


def test_nobody_comes_in_with_the_factory_password(env):
    host = f"127.0.0.1:{env['YIKOU_PORT_AMQP']}"
    with pytest.raises(amqp.AccessRefused):
        amqp.Connection(host, userid="guest", password="guest").connect()


def test_a_durable_message_survives_the_death_of_the_broker(env):
    with broker(env) as connection:
        channel = connection.channel()
        channel.confirm_select()
        channel.queue_declare("kept", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        channel.basic_publish_confirm(amqp.Message("still here", delivery_mode=2), routing_key="kept")
    # RabbitMQ 3.10 writes its list of quorum queues to disk up to a second after declaring one: a queue
    # that is killed younger than that never finds a leader again. Ours are declared long before they are used.
    (names,) = DIRECTORY.glob("rabbitmq/mnesia/*/quorum/*/names.dets")
    until(lambda: b"kept" in names.read_bytes(), what="the queue is on disk")
    stack.kill_broker(DIRECTORY)
    assert not ports.listens(int(env["YIKOU_PORT_AMQP"]))
    stack.start_broker(DIRECTORY)
    with broker(env) as connection:
        assert connection.channel().basic_get("kept", no_ack=True).body == "still here"


def test_a_committed_row_survives_the_death_of_the_database(env):
    with connect(env, "party") as connection:
        connection.execute("create table kept as select 1 as id")
    stack.kill_postgres(DIRECTORY)
    stack.start_postgres(DIRECTORY)
    with connect(env, "party") as connection:
        assert connection.execute("select id from kept").fetchone() == (1,)


def test_a_borrower_does_not_stop_what_another_still_uses(env):
    with stack.borrowed_parts(DIRECTORY):
        with stack.borrowed_parts(DIRECTORY):
            pass
        assert rabbitmq.broker(DIRECTORY).pid
    assert rabbitmq.broker(DIRECTORY).pid is None
    assert stack.start_parts(DIRECTORY)["AMQP_URI"] == env["AMQP_URI"]
