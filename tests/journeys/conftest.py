"""The whole platform, and its users: they have HTTP, server-sent events and MQTT, and nothing else."""

import contextlib
import json
import random
import threading
import time
import uuid
from pathlib import Path

import httpx
import jwt
import paho.mqtt.client as mqtt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy import demonstration
from deploy.local import platform as local
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = ROOT / ".run" / "test-platform"
PLACE = "110105001001"
PATIENCE = 90.0
"""Seconds a journey waits for anything; a busy machine is slow, not wrong."""
LOOK_AGAIN = 0.25
ENDED = ("closed", "refused", "withdrawn", "merged")


class Account(httpx.Client):
    """One account at the door; every order carries a key of its own."""

    def ask(self, path, **query):
        answer = self.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, path, key=None, **body):
        answer = self.send_order(path, key, **body)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer.json()

    def send_order(self, path, key=None, **body):
        return self.post(path, json=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})


class Platform:
    def __init__(self, env):
        self.env = env
        self.url = env["YIKOU_URL"]
        self._accounts = {}

    # -- who ---------------------------------------------------------------------------------------

    def anybody(self, **headers):
        return Account(base_url=self.url, headers=headers, timeout=40)

    def as_account(self, name):
        """Signed in once; tokens outlive a suite."""
        if name not in self._accounts:
            client = self.anybody()
            password = self.env[f"YIKOU_PASSWORD_{name.upper()}"]
            given = {"grant": "password", "account": name, "password": password}
            answer = client.post("/v1/tokens", json=given)
            assert answer.status_code == 200, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            self._accounts[name] = client
        return self._accounts[name]

    def as_role(self, role, department=None, scope=PLACE):
        """Somebody with this role and no other, by a token as identity would sign it."""
        name = f"{role}-{department or 'nobody'}-{scope or 'everywhere'}"
        if name not in self._accounts:
            template = self.as_account("clerk").headers["Authorization"].removeprefix("Bearer ")
            claims = jwt.decode(template, options={"verify_signature": False})
            claims |= {
                "sub": name, "sid": uuid.uuid4().hex, "jti": uuid.uuid4().hex, "department": department,
                "kind": role if role in ("terminal", "company") else "staff",
                "roles": [{"role": role, "scope": scope}], "exp": int(time.time()) + 3600,
            }  # fmt: skip
            kid = jwt.get_unverified_header(template)["kid"]
            key = load_pem_private_key(Path(self.env["YIKOU_SIGNING_KEY"]).read_bytes(), None)
            token = jwt.encode(claims, key, "EdDSA", {"kid": kid})
            self._accounts[name] = self.anybody(Authorization=f"Bearer {token}")
        return self._accounts[name]

    def as_device(self, name=demonstration.CONCENTRATOR):
        return Account(base_url=self.url, auth=(name, self.env[demonstration.DEVICE_SECRET]), timeout=40)

    def close(self):
        for client in self._accounts.values():
            client.close()

    # -- cases -------------------------------------------------------------------------------------

    def file(self, application):
        return self.as_account("terminal").order("/v1/cases", **application)

    def case(self, case_no, account="clerk"):
        return self.as_account(account).ask(f"/v1/cases/{case_no}")

    def history(self, case_no):
        return self.as_account("clerk").ask(f"/v1/cases/{case_no}/history")["items"]

    def until_status(self, case_no, *statuses):
        def reached():
            face = self.case(case_no)
            return face if face["status"] in statuses else None

        return self.until(reached, f"{case_no} is {' or '.join(statuses)}")

    def until_noted(self, case_no, kind):
        def noted():
            return next((line for line in reversed(self.history(case_no)) if line["kind"] == kind), None)

        return self.until(noted, f"the history of {case_no} says {kind}")

    def task(self, account, case_no, unit, status="open"):
        """The task of a unit, once it lies in the tray."""

        def there():
            found = self.as_account(account).ask("/v1/tasks", unit=unit, case_no=case_no, status=status)[
                "items"
            ]
            return found[0] if found else None

        return self.until(there, f"{unit} has the task of {case_no}")

    def repair(self, urgency="ordinary", dice=random):
        person = {"name": "郑某", "id_number": demonstration.id_number(random.Random(dice.random()), 40)}
        person["phone"] = f"139{dice.randint(0, 99_999_999):08}"
        form = {
            "address": f"{PLACE}003-2-1-302",
            "category": "water",
            "urgency": urgency,
            "description": "厨房水管漏水",
            "consent": True,
        }
        return {"matter": "repair", "channel": "kiosk", "applicant": person, "form": form, "materials": []}

    def family(self):
        return demonstration.family(random.randrange(2**32), PLACE)

    # -- meters and devices ------------------------------------------------------------------------

    def home(self, **who):
        homes = self.as_account("clerk").ask("/v1/registry/households", limit=100, place=PLACE, **who)[
            "items"
        ]
        return random.choice(homes)

    def new_meter(self, home, prefix="W-JOURNEY"):
        meter = f"{prefix}-{uuid.uuid4().hex[:10].upper()}"
        self.as_account("meters").order(
            "/v1/meters", meter=meter, kind="water", place=home["place"], household=home["household"]
        )
        return meter

    def readings(self, meter):
        return self.as_account("meters").ask(f"/v1/meters/{meter}/readings", limit=200)["items"]

    def case_of_finding(self, meter, matter):
        def opened():
            for finding in self.as_account("meters").ask("/v1/findings", limit=100)["items"]:
                if finding["meter"] == meter:
                    cases = self.as_account("clerk").ask("/v1/cases", matter=matter, limit=100)["items"]
                    return next(
                        (one["case_no"] for one in cases if one.get("finding_id") == finding["finding_id"]),
                        None,
                    )
            return None

        return self.until(opened, f"a {matter} case opens for {meter}")

    def publish(self, device, topic, payload, client_id=None):
        """One message over MQTT with QoS 1; whether the broker took it."""

        def send(client, done):
            client.on_publish = lambda *_: done(True)
            client.publish(topic, json.dumps(payload), qos=1)

        return self._over_mqtt(device, send, client_id)

    def may_subscribe(self, device, topic):
        """Whether the broker lets the device hear the topic."""

        def ask(client, done):
            client.on_subscribe = lambda *event: done(not event[3][0].is_failure)
            client.subscribe(topic, qos=1)

        return self._over_mqtt(device, ask)

    def _over_mqtt(self, device, act, client_id=None):
        """What `act` reports, or False when the broker refuses the session or hangs up."""
        answers, ended = [], threading.Event()
        name = client_id or f"{device}:{uuid.uuid4().hex[:8]}"  # a session of the device's own
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name)
        client.username_pw_set(device, self.env[demonstration.DEVICE_SECRET])

        def on_connect(_client, _data, _flags, reason, _properties):
            if reason.is_failure:
                ended.set()
            else:
                act(client, answers.append)

        client.on_connect = on_connect
        client.on_disconnect = lambda *_: ended.set()
        client.connect(self.env["MQTT_HOST"], int(self.env["MQTT_PORT"]))
        client.loop_start()
        try:
            self.until(lambda: answers or ended.is_set(), "the broker answers or hangs up")
            return bool(answers and answers[0])
        finally:
            client.disconnect()
            client.loop_stop()

    # -- events ------------------------------------------------------------------------------------

    def events(self, case_no, after=None, account="clerk"):
        """(number, line) of a case's stream, as they come."""
        headers = {"Last-Event-ID": str(after)} if after is not None else {}
        return self.stream(f"/v1/cases/{case_no}/events", account, **headers)

    @contextlib.contextmanager
    def stream(self, path, account, **headers):
        """(id, data) of an event stream, as they come."""
        client = self.as_account(account)
        with client.stream("GET", path, headers=headers, timeout=PATIENCE) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield self._frames(answer)

    @staticmethod
    def _frames(answer):
        number, data = None, []
        for line in answer.iter_lines():
            if line.startswith("id:"):
                number = line[3:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif not line and data:
                yield int(number) if number.isdigit() else number, json.loads("\n".join(data))
                data = []

    @staticmethod
    def until(condition, what):
        return until(condition, PATIENCE, what, LOOK_AGAIN)


@pytest.fixture(scope="session")
def platform():
    with pytest.MonkeyPatch.context() as patch:
        # A journey's company server is on this machine; nobody else's may be.
        patch.setenv("YIKOU_WEBHOOK_NETWORKS", "127.0.0.0/8")
        patch.setenv("YIKOU_RATE_SCALE", "20")  # one account walks through every row of the door
        with local.running(DIRECTORY) as env:
            platform = Platform(env)
            yield platform
            platform.close()
