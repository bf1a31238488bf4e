"""The front desk on a real database; what it says is read from its outbox, as the relay would."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from deploy.local.stack import borrowed_parts
from services.chassis import clock
from services.chassis.database import Ledger, Read, open_engine
from services.chassis.identifiers import Caller
from services.chassis.settings import settings
from services.contracts import citizens, frontdesk, tasks
from services.frontdesk import handlers
from services.frontdesk.repository import Repository
from services.frontdesk.service import FrontDesk

ROOT = Path(__file__).resolve().parents[3]
PLACE = "110105001001001"


def id_number(serial, birth="19800101"):
    first = f"110105{birth}{serial:03}"
    return first + citizens.id_check_digit(first)


def staff(role, scope="110105001001", department=None, account=None):
    return Caller(account or role, "staff", department, ({"role": role, "scope": scope},))


CLERK = staff("clerk")
TERMINAL = Caller("terminal", "terminal", None, ({"role": "terminal", "scope": "110105001001"},))
SUPERVISOR = staff("supervisor", "110105001")
STRANGER = staff("clerk", "110105002")


def complaint(topic="other", form=None, **more):
    asked = {"address": f"{PLACE}-3-502", "topic": topic, "description": "楼道灯不亮", "consent": True}
    applicant = {"name": "张某", "id_number": id_number(1), "phone": "13500000000"}
    given = {"matter": "complaint", "channel": "window", "applicant": applicant, "form": asked | (form or {})}
    return given | more


@pytest.fixture(scope="session")
def stack():
    with borrowed_parts(ROOT / ".run" / "test") as env:
        command = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "frontdesk"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True)
        os.environ["YIKOU_TRACKING_SECRET"] = env["YIKOU_TRACKING_SECRET"]
        settings.cache_clear()
        yield env


@pytest.fixture(scope="session")
def engine(stack):
    engine = open_engine(stack["DATABASE_URL_FRONTDESK"], "frontdesk-test", 6)
    yield engine
    engine.dispose()


class Desk:
    """Gives the front desk commands and events one at a time, each in its own transaction, at a chosen time."""

    def __init__(self, engine):
        self.ledger = Ledger("frontdesk", Repository)
        self.ledger._engine = engine
        self.ledger.before_commit = handlers.publish_changes
        self.engine = engine
        self.now = clock.parse("2026-11-23T02:00:00Z")  # a Monday, ten in the morning in Beijing

    def order(self, contract, caller=CLERK, **fields):
        with self.ledger.work(caller) as work:
            work.now = self.now
            answer = handlers.COMMANDS[contract](work, contract.read(fields))
        complete = handlers.COMPLETES.get(contract)
        return complete(answer) if complete else answer

    def ask(self, contract, caller=CLERK, **fields):
        with self.engine.connect() as connection:
            return FrontDesk.queries[contract](Read(connection, caller, self.now), contract.read(fields))

    def hear(self, event, speaker="property", **data):
        plain = event.write(data)
        message = event.read(json.loads(json.dumps(plain, default=str)))
        message.envelope = SimpleNamespace(name=event.__name__, speaker=speaker)
        with self.ledger.work() as work:
            work.now = self.now
            handlers.EVENTS[event](work, message)

    def tick(self, **passed):
        self.now += timedelta(**passed)
        with self.ledger.work() as work:
            work.now = self.now
            handlers.watch_deadlines(work)

    def look(self, timer, **passed):
        """One look of a timer, after so much time."""
        self.now += timedelta(**passed)
        with self.ledger.work() as work:
            work.now = self.now
            timer(work)

    # -- shorthands --

    def move_in(self, caller=TERMINAL, **changes):
        me = id_number(1)
        form = {
            "address": f"{PLACE}-3-502",
            "property_right_no": "X-1",
            "move_in_date": "2026-11-23",
            "members": [
                {
                    "name": "张某",
                    "id_number": me,
                    "relation": "self",
                    "is_party_member": True,
                    "wants_to_volunteer": True,
                }
            ],
            "vehicles": [{"plate": "京A12345"}],
            "door_access": "card",
            "water_reading": "1.5",
            "electricity_reading": "20",
            "party_branch_previous": "某支部",
            "consent": True,
        } | changes
        applicant = {"name": "张某", "id_number": me, "phone": "13500000000"}
        return self.order(frontdesk.FileCase, caller, matter="moving-in", applicant=applicant, form=form)

    def complain(self, caller=CLERK, topic="other", **more):
        """A complaint: the community leads, and whoever the topic concerns works beside it."""
        return self.order(frontdesk.FileCase, caller, **complaint(topic, **more))

    def upload(self, digest, media_type="image/png"):
        self.order(frontdesk.RegisterMaterial, sha256=digest, name="f", media_type=media_type, size=9)
        return digest

    def ask_supplement(self, task_id, items=("照片",), **named):
        self.hear(
            tasks.TaskSupplementAsked, task_id=task_id, officer="o", at=self.now, items=list(items), **named
        )

    def give_back(self, task_id):
        self.hear(tasks.TaskReturned, task_id=task_id, officer="o", at=self.now, reason="不属于我单位")

    def sign(self, task_id):
        self.hear(tasks.TaskSigned, task_id=task_id, officer="o", at=self.now)

    def finish(self, task_id, outcome="done", **result):
        self.hear(
            tasks.TaskFinished, task_id=task_id, officer="o", at=self.now, outcome=outcome, result=result
        )

    def case(self, no, caller=CLERK):
        return self.ask(frontdesk.GetCase, caller, case_no=no)

    def lane(self, no, unit):
        return [lane for lane in self.case(no)["lanes"] if lane["unit"] == unit][-1]

    def kinds(self, no):
        return [line["kind"] for line in self.ask(frontdesk.ListHistory, case_no=no)["items"]]

    def said(self, name=None):
        """(event name, addressee or None, data) of everything in the outbox, in order."""
        with self.engine.connect() as connection:
            rows = connection.execute(text("SELECT routing_key, body FROM outbox ORDER BY position")).all()
        found = []
        for key, body in rows:
            event, _, to = key.partition(".")
            if name in (None, event):
                found.append((event, to or None, json.loads(bytes(body))["data"]))
        return found


@pytest.fixture
def desk(engine):
    with engine.begin() as connection:
        connection.execute(
            text(
                "TRUNCATE cases, history, findings, materials, inbox, outbox, requests, leases,"
                " troubles, reports, incidents, broadcasts, consultations, drafts, diary, ledger_lines"  # intake
            )
        )
    return Desk(engine)
