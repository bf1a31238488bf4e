"""A department's handlers and views on the real database, each call one transaction as its door would make it."""

import importlib
import os
import random
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from services.chassis import clock
from services.chassis.database import Ledger, open_engine, outbox
from services.chassis.identifiers import SYSTEM, Caller
from services.contracts import citizens, tasks
from services.contracts.envelope import Envelope
from services.contracts.messages import Query

ROOT = Path(__file__).resolve().parents[1]
PARTS = Path(os.environ.get("YIKOU_TEST_PARTS") or ROOT / ".run" / "test")


def migrate(env, service):
    """Several test processes may arrive at once; only one migrates at a time."""
    command = [sys.executable, "-m", "services.chassis.migrate", "upgrade", service]
    command = ["flock", str(PARTS / "migrate.lock"), *command]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True)


class Office:
    def __init__(self, service, env, pool=12):
        self.service = service
        self.handlers = importlib.import_module(f"services.{service}.handlers")
        self.views = importlib.import_module(f"services.{service}.views")
        repository = importlib.import_module(f"services.{service}.repository").Repository
        self.ledger = Ledger(service, repository)
        self.ledger._engine = open_engine(env[f"DATABASE_URL_{service.upper()}"], f"{service}-test", pool)

    def __call__(self, contract, caller=SYSTEM, later=timedelta(0), **fields):
        """What the caller is answered; `later` moves the office's clock."""
        message = contract.read(fields)
        door = self.ledger.read if issubclass(contract, Query) else self.ledger.work
        with door(caller) as work:
            work.now += later
            return {**self.handlers.COMMANDS, **self.views.QUERIES}[contract](work, message)

    def hear(self, contract, **fields):
        with self.ledger.work() as work:
            self.handlers.EVENTS[contract](work, contract.read(contract.write(fields)))

    def tick(self, timer, later=timedelta(0)):
        with self.ledger.work() as work:
            work.now += later
            timer(work)

    def assign(self, matter, place, form=None, step="do", unit=None, applicant=None, **more):
        """A task as the front desk assigns it; returns its id."""
        now = clock.now()
        unit = unit or self.service
        case_no = case_number()
        task = {
            "task_id": f"{case_no}.{unit}", "case_no": case_no, "unit": unit, "matter": matter,
            "matter_version": 1, "step": step, "title_zh": "任务", "title_en": "Task", "place": place,
            "applicant": applicant or {}, "form": form or {}, "assigned_at": now,
            "due_at": now + timedelta(days=3), **more,
        }  # fmt: skip
        self.hear(tasks.TaskAssigned, **task)
        return task["task_id"]

    def withdraw(self, task_id):
        self.hear(tasks.TaskWithdrawn, task_id=task_id, reason="撤回")

    def said(self, contract, **like):
        """The data of every such event in the outbox, oldest first."""
        with self.ledger.read() as read:
            bodies = read.connection.execute(select(outbox.c.body).order_by(outbox.c.position)).scalars()
            letters = [Envelope.decode(body) for body in bodies]
        return [
            letter.data
            for letter in letters
            if letter.name == contract.__name__ and like.items() <= letter.data.items()
        ]


def case_number():
    return f"20260101-{random.randint(0, 9_999_999):07}"


def community():
    """A community no other test uses."""
    return f"99{random.randint(0, 9_999_999_999):010}"


def id_number(born="19800101"):
    """Somebody's number, valid and nobody's: no area has this code."""
    first = f"{random.randint(990000, 999999)}{born}{random.randint(0, 999):03}"
    return first + citizens.id_check_digit(first)


def credit_code():
    first = f"91990105{random.randint(0, 999_999_999):09}"
    return first + citizens.credit_check_character(first)


def volunteer_number():
    return f"V{random.randint(0, 999_999_999_999_999):015}"


def officer(department, scope, role="officer"):
    roles = ({"role": role, "scope": scope},)
    return Caller(
        account=f"{department}-{uuid.uuid4().hex[:6]}", kind="staff", department=department, roles=roles
    )
