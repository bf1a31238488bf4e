"""The service as it runs, called by nameko's own stock proxy."""

import os
import subprocess
import sys

import pytest
from nameko.exceptions import RemoteError
from nameko.standalone.rpc import ClusterRpcProxy
from sqlalchemy import select

from services.chassis.database import requests
from tests.integration.identity.conftest import ROOT


@pytest.fixture
def running(stack):
    env = {**os.environ, **stack, "YIKOU_HTTP_PORT_IDENTITY": "0"}
    # As in `make run`: the queues are there before the first process, and what is asked early waits in them.
    subprocess.run(
        [sys.executable, "-m", "services.chassis.topology", "declare"], cwd=ROOT, env=env, check=True
    )
    command = [sys.executable, "-m", "services.chassis.launch", "identity"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for line in process.stdout:
        if '"started"' in line:
            break
    yield process
    process.terminate()
    assert process.wait(30) == 0, process.stdout.read()


def test_signs_in_over_the_broker(running, stack, name):
    admin = {"account": "root", "kind": "system"}
    with ClusterRpcProxy(
        {"AMQP_URI": stack["AMQP_URI"]}, timeout=20, context_data={"caller": admin}
    ) as offices:
        offices.identity.create_account(account=name, name="前台", password="correct-horse-battery")
        answer = offices.identity.login(account=name, password="correct-horse-battery")
        assert answer["account"]["account"] == name
        assert offices.identity.refresh(refresh_token=answer["refresh_token"])["expires_in"] == 900
        assert offices.identity.get_keys()["keys"][0]["crv"] == "Ed25519"
        with pytest.raises(RemoteError) as refused:
            offices.identity.login(account=name, password="wrong")
        assert "password is not right" in str(refused.value)


def test_a_secret_shown_once_is_not_kept_for_a_repetition(running, stack, office, name):
    context = {"caller": {"account": name, "kind": "system"}, "idempotency_key": name}
    with ClusterRpcProxy({"AMQP_URI": stack["AMQP_URI"]}, timeout=20, context_data=context) as offices:
        offices.identity.create_account(
            account=name, name="公司", kind="company", password="correct-horse-battery"
        )
        key = offices.identity.create_api_key(account=name, label="x")["key"]
        offices.identity.note_access(what="export")
    with office.ledger.engine.connect() as connection:
        kept = connection.execute(select(requests).where(requests.c.account == name)).all()
    assert len(kept) == 1 and key not in str(kept)
