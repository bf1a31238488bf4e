"""From a device over MQTT to an event for the front desk, through the processes as they run."""

import os
import subprocess
import sys

import kombu
import msgspec
import pytest

from services.chassis import topology
from services.meters.replay import demonstration_readings, interleaved, late_reading, publish
from tests.integration.meters.surroundings import ROOT, eventually, ingest_of


@pytest.fixture
def service(parts, database):
    log = (ROOT / parts["YIKOU_DATA"] / "meters.log").open("a")
    command = [sys.executable, "-m", "services.chassis.launch", "meters"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | parts, stdout=log, stderr=subprocess.STDOUT
    )
    yield process
    process.terminate()
    assert process.wait(40) == 0


@pytest.fixture
def ear(parts):
    """What meters says from now on, as a list that grows while one looks at it."""
    with kombu.Connection(parts["AMQP_URI"]) as connection, connection.channel() as channel:
        queue = kombu.Queue("", topology.speech("meters"), routing_key="#", exclusive=True, auto_delete=True)
        bound = queue(channel)
        bound.declare()
        heard = []

        def listen():
            while message := bound.get(no_ack=True):
                heard.append(msgspec.json.decode(message.body))
            return heard

        yield listen


def mqtt(parts, found, **options):
    return publish(
        found,
        parts["MQTT_HOST"],
        int(parts["MQTT_PORT"]),
        "yikou",
        parts["YIKOU_BROKER_PASSWORD"],
        "W-1",
        **options,
    )


def test_a_device_tells_of_no_water_and_the_front_desk_hears_of_a_concern_then_of_its_end(
    parts, database, broker, service, ear, tester
):
    household = tester.home()
    tester.meter("W-1", household)
    stretch = demonstration_readings("welfare", "W-1")
    told = []
    with ingest_of(parts, broker):
        assert mqtt(parts, stretch, progress=told.append) == len(stretch)
        assert told[-1] == len(stretch)
        raised = eventually(
            lambda: [event for event in ear() if event["type"] == "yikou.WelfareConcernRaised"]
        )
        assert len(raised) == 1 and raised[0]["data"]["household"] == household
        broker.publish(
            {"readings": [late_reading(stretch)]}, sender="company"
        )  # by HTTP, through the gateway
        eventually(lambda: [event for event in ear() if event["type"] == "yikou.FindingRetracted"])
    assert len(ear()) == 2


def test_a_day_of_the_real_meters_is_replayed_at_speed(parts, database, broker, tester):
    for number in range(1, 41):
        tester.meter(f"W-REAL-{number:02}")
    day = [sent.wire() for sent in interleaved()][:900]
    with ingest_of(parts, broker):
        assert mqtt(parts, day, speed=40_000, together=3) == 900
    assert database.execute("SELECT count(*) FROM readings").fetchone() == (900,)
