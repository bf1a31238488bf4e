"""The service as it runs: a moving-in file that property management opened arrives over the broker."""

import os
import subprocess
import sys
import time

import pytest
from kombu import Connection
from nameko.exceptions import RemoteError
from nameko.standalone.rpc import ClusterRpcProxy

from services.chassis import clock
from services.chassis.identifiers import new_id, new_traceparent
from services.chassis.topology import speech
from services.contracts.envelope import CONTENT_TYPE, TYPE_PREFIX, Envelope
from services.contracts.property import HouseholdFileOpened
from tests.integration.registry.conftest import ROOT


@pytest.fixture
def running(stack):
    env = {**os.environ, **stack, "YIKOU_HTTP_PORT_REGISTRY": "0"}
    # As in `make run`: the queues are there before the first process, and what is said early waits in them.
    subprocess.run(
        [sys.executable, "-m", "services.chassis.topology", "declare"], cwd=ROOT, env=env, check=True
    )
    command = [sys.executable, "-m", "services.chassis.launch", "registry"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for line in process.stdout:
        if '"started"' in line:
            break
    yield process
    process.terminate()
    assert process.wait(30) == 0, process.stdout.read()


def test_hears_of_a_moving_in_and_answers_over_the_broker(running, stack, community, number):
    household = f"{community}001-1"
    members = [{"name": "吴秀英", "id_number": number(), "phone": "13500000000", "relation": "self"}]
    data = {
        "household": household,
        "address": "一口社区1号楼",
        "place": f"{community}001",
        "members": members,
    }
    envelope = Envelope(
        id=new_id(),
        source="/yikou/property",
        type=TYPE_PREFIX + "HouseholdFileOpened",
        subject=household,
        time=clock.now(),
        traceparent=new_traceparent(),
        data=HouseholdFileOpened.write(data),
    )
    with Connection(stack["AMQP_URI"]) as connection:
        connection.Producer().publish(
            envelope.encode(),
            exchange=speech("property"),
            routing_key=HouseholdFileOpened.routing_key(),
            content_type=CONTENT_TYPE,
            content_encoding="binary",
        )
    clerk = {"account": "clerk", "kind": "staff", "roles": [{"role": "clerk", "scope": community}]}
    with ClusterRpcProxy(
        {"AMQP_URI": stack["AMQP_URI"]}, timeout=20, context_data={"caller": clerk}
    ) as offices:
        found = _eventually(lambda: offices.registry.get_household(household=household))
        assert found["residents"][0]["name"] == "吴**"
        with pytest.raises(RemoteError, match="no household"):
            offices.registry.get_household(household="nowhere")
        (item,) = offices.registry.list_households(place=community)["items"]
        assert (item["persons"], item["lives_alone"], item["elder"]) == (1, True, True)


def _eventually(ask, within=20):
    until = time.monotonic() + within
    while True:
        try:
            return ask()
        except RemoteError:
            if time.monotonic() > until:
                raise
