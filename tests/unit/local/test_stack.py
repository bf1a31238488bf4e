"""How the environment of a stack is put together, without starting anything."""

import pytest

from deploy.local import environment, stack
from deploy.local.postgres import database_url
from deploy.local.processes import SERVICES


@pytest.fixture
def assemble(tmp_path):
    (tmp_path / "data").mkdir()

    def assemble(**given):
        env = stack._environment(tmp_path, given)
        environment.write(tmp_path / "env", env)
        return env

    return assemble


def test_it_names_everything_a_process_asks_for(assemble):
    env = assemble()
    assert {
        "AMQP_URI",
        "MQTT_HOST",
        "MQTT_PORT",
        "RABBITMQ_MANAGEMENT_URL",
        "YIKOU_URL",
        "YIKOU_DATA",
    } <= set(env)
    assert {f"DATABASE_URL_{service.upper()}" for service in SERVICES} <= set(env)
    assert env["DATABASE_URL_METERS"].startswith("postgresql+psycopg://meters:")
    assert env["YIKOU_URL"].endswith(env["YIKOU_HTTP_PORT_GATEWAY"])


def test_a_second_time_nothing_changes(assemble):
    assert assemble() == assemble()


def test_a_given_broker_is_used(assemble):
    env = assemble(AMQP_URI="amqp://u:p@broker.internal:5672/%2F")
    assert env["AMQP_URI"] == "amqp://u:p@broker.internal:5672/%2F"
    assert (env["MQTT_HOST"], env["MQTT_PORT"]) == ("broker.internal", "1883")
    assert not stack._own_broker(env)
    assert stack._own_database(env)


def test_a_given_database_server_gets_databases_that_cannot_clash(assemble):
    env = assemble(DATABASE_URL="postgresql+psycopg://boss:s@db.internal:6000/postgres")
    assert env["DATABASE_URL_IDENTITY"].endswith("@db.internal:6000/yikou_identity")
    assert set(stack._databases(env)) == {f"yikou_{service}" for service in SERVICES}


def test_our_own_addresses_sourced_into_the_shell_are_not_somebody_elses(assemble):
    env = assemble()
    again = assemble(AMQP_URI=env["AMQP_URI"], DATABASE_URL=env["POSTGRES_ADMIN_URL"])
    assert again == env
    assert stack._own_broker(again)


def test_a_given_broker_is_forgotten_when_no_longer_given(assemble):
    assemble(AMQP_URI="amqp://u:p@broker.internal/%2F")
    assert stack._own_broker(assemble())


def test_database_url_keeps_the_server_and_changes_the_rest():
    url = database_url("postgresql://postgres:x@127.0.0.1:28019/postgres", "party", "s/e")
    assert url == "postgresql+psycopg://party:s%2Fe@127.0.0.1:28019/party"
    url = database_url(
        "postgresql://boss:x@[fd00::7]/postgres?sslmode=verify-full&sslrootcert=system", "party", "s"
    )
    assert url == "postgresql+psycopg://party:s@[fd00::7]:5432/party?sslmode=verify-full&sslrootcert=system"
