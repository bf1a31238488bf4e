import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from kombu import Connection

from services.chassis import topology
from services.chassis.post import Letter, Post
from services.contracts.cameras import GetCamera, ListAlarms
from services.contracts.catalogue import SERVICES
from tests.offices import ROOT
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def process(stack, tmp_path):
    """The camera office as it runs, between a real broker and a real database."""
    with Connection(stack["AMQP_URI"]) as connection:
        topology.declare(connection, SERVICES)
        for queue in ("cameras.signals", "cameras.dead"):  # of a run that was cut short
            connection.channel().queue_purge(queue)
    log = (tmp_path / "cameras.log").open("w")
    command = [sys.executable, "-m", "services.chassis.launch", "cameras"]
    env = {**os.environ, **stack, "YIKOU_HTTP_PORT_CAMERAS": "0"}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    until(lambda: '"started"' in (tmp_path / "cameras.log").read_text(), 60, "the office is open")
    yield process
    process.terminate()
    assert process.wait(30) == 0, (tmp_path / "cameras.log").read_text()


def say(stack, *messages):
    """(device, kind, body) as the MQTT plugin hands them on."""
    post = Post(stack["AMQP_URI"], "test-devices")
    letters = [
        Letter("amq.topic", f"yikou.v1.{device}.{kind}", body, "application/octet-stream")
        for device, kind, body in messages
    ]
    assert set(post.deliver(letters)) == {"confirmed"}
    post.close()


def set_aside(stack, count):
    """That many dead letters: (first routing key, reason)."""
    found = []
    with Connection(stack["AMQP_URI"]) as connection:
        channel = connection.channel()

        def enough():
            message = channel.basic_get("cameras.dead", no_ack=True)
            if message is not None:
                headers = message.headers
                found.append((headers["x-routing-key"], headers["x-dead-reason"]))
            return len(found) >= count

        until(enough, what=f"{count} dead letters")
    return found


@pytest.fixture
def settings_of_the_stack(stack, monkeypatch):
    from services.chassis.settings import settings

    for name, value in stack.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("settings_of_the_stack")
def test_what_devices_say_arrives_and_what_is_wrong_is_set_aside(office, grid, stack, request):
    request.getfixturevalue("process")
    cameras = office.install(grid, 30)
    stranger = f"{grid[:8]}011329999999"
    alarm = json.dumps({"type": "fire", "at": datetime.now(UTC).isoformat(), "id": "1"}).encode()
    say(
        stack,
        *((camera, "heartbeat", b"") for camera in cameras),
        (cameras[0], "heartbeat", b"not json"),
        (cameras[0], "heartbeat", json.dumps({"device": cameras[1]}).encode()),
        (stranger, "heartbeat", b"{}"),
        (cameras[0], "alarms", json.dumps({"type": "a\0b", "at": datetime.now(UTC).isoformat()}).encode()),
        (cameras[0], "alarms", alarm),
        (cameras[0], "alarms", alarm),
    )
    for camera in cameras:
        until(
            lambda camera=camera: office(GetCamera, camera=camera)["status"] == "online", what="it is online"
        )
    dead = set_aside(stack, 4)
    assert {reason.split(":")[0] for _, reason in dead} == {"malformed", "not-its-voice"}
    assert {key for key, _ in dead} == {
        *(f"yikou.v1.{device}.heartbeat" for device in (cameras[0], stranger)),
        f"yikou.v1.{cameras[0]}.alarms",
    }
    until(lambda: office(ListAlarms, camera=cameras[0])["items"], what="the alarm is listed")
    assert [alarm["count"] for alarm in office(ListAlarms, camera=cameras[0])["items"]] == [1]
