"""What is revoked ends at once, wherever it is already inside."""

import threading
import uuid

import httpx
import paho.mqtt.client as mqtt

from tests.journeys.test_bad_input import problem_of

GRID = "110105001001003"


def test_a_revoked_device_loses_its_open_session_and_comes_in_no_more(platform):
    admin = platform.as_role("admin", None, "")
    device = f"revoked-{uuid.uuid4().hex[:8]}"
    secret = admin.order("/v1/devices", device=device, kind="meter", place=GRID)["secret"]
    connected, ended, taken = threading.Event(), threading.Event(), threading.Event()
    answers = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=device)
    client.username_pw_set(device, secret)

    def on_connect(_client, _data, _flags, reason, _properties):
        answers.append(reason.is_failure)
        connected.set()

    client.on_connect = on_connect
    client.on_publish = lambda *_: taken.set()
    client.on_disconnect = lambda *_: ended.set()
    client.connect(platform.env["MQTT_HOST"], int(platform.env["MQTT_PORT"]))
    client.loop_start()
    try:
        platform.until(connected.is_set, "the device is connected")
        client.publish(f"yikou/v1/{device}/readings", "[]", qos=1)
        platform.until(taken.is_set, "the broker has asked about the topic once, and remembers it")
        admin.order(f"/v1/devices/{device}/revoke")
        platform.until(ended.is_set, "the broker has hung up")
        # It comes back by itself; the broker may let it in once more from its cache, and hangs up again.
        platform.until(lambda: answers[-1] is True, "the device is refused")
    finally:
        client.disconnect()
        client.loop_stop()
    stranger = httpx.Client(base_url=platform.url, auth=(device, secret), timeout=40)
    problem_of(stranger.post("/v1/readings", json={"readings": []}), 401, "device-credential-invalid")


def test_the_streams_of_a_closed_account_end(platform):
    admin = platform.as_role("admin", None, "")
    name, password = f"leaves-{uuid.uuid4().hex[:8]}", f"Good-Enough-{uuid.uuid4().hex}"
    roles = [{"role": "clerk", "scope": GRID[:12]}]
    admin.order("/v1/accounts", account=name, name="离职", password=password, roles=roles)
    leaver = platform.anybody()
    given = {"grant": "password", "account": name, "password": password}
    leaver.headers["Authorization"] = f"Bearer {leaver.post('/v1/tokens', json=given).json()['access_token']}"
    with leaver.stream("GET", "/v1/live", timeout=90) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        admin.order(f"/v1/accounts/{name}/revoke", why="离职")
        for _ in lines:  # comes to its end long before the token would
            pass
    problem_of(leaver.get("/v1/cases"), 401, "token-revoked")
