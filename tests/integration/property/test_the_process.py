"""The service as it runs: called by nameko's own stock proxy, told by the broker."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from kombu import Connection
from nameko.exceptions import RemoteError
from nameko.standalone.rpc import ClusterRpcProxy

from services.chassis import topology
from services.chassis.identifiers import new_id, new_traceparent
from services.chassis.post import Letter, Post
from services.contracts import tasks
from services.contracts.catalogue import SERVICES
from services.contracts.envelope import CONTENT_TYPE, TYPE_PREFIX, Envelope
from tests.offices import ROOT, case_number, id_number, officer
from tests.waiting import until


@pytest.fixture
def running(stack, monkeypatch, tmp_path):
    from services.chassis.settings import settings

    for name, value in stack.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    with Connection(stack["AMQP_URI"]) as connection:
        topology.declare(connection, SERVICES)
    log = (tmp_path / "property.log").open("w")
    command = [sys.executable, "-m", "services.chassis.launch", "property"]
    env = {**os.environ, **stack, "YIKOU_HTTP_PORT_PROPERTY": "0"}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    until(lambda: '"started"' in (tmp_path / "property.log").read_text(), 60, "the office is open")
    yield process
    process.terminate()
    assert process.wait(30) == 0, (tmp_path / "property.log").read_text()
    settings.cache_clear()


def offices(stack, caller):
    config = {"AMQP_URI": stack["AMQP_URI"]}
    return ClusterRpcProxy(config, timeout=20, context_data={"caller": caller.as_dict()})


def test_grabbers_over_the_broker_get_one_winner_and_plain_words(running, stack, grid):
    with offices(stack, officer("property", grid, "manager")) as boss:
        order = boss.property.report_repair(
            place=grid, address="3-1-101", category="door", description="坏了"
        )

    def grab(worker):
        with offices(stack, worker) as called:
            try:
                return called.property.grab_repair(order_no=order["order_no"])["worker"]
            except RemoteError as error:
                return error

    crew = [officer("property", grid) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(grab, crew))
    (winner,) = [answer for answer in answers if isinstance(answer, str)]
    refused = [str(answer) for answer in answers if isinstance(answer, RemoteError)]
    assert len(refused) == 3 and all(winner in sentence for sentence in refused)


def test_a_task_told_twice_opens_one_file(running, stack, office, grid):
    now, case_no = datetime.now(UTC), case_number()
    task = {
        "task_id": f"{case_no}.property", "case_no": case_no, "unit": "property", "matter": "moving-in",
        "matter_version": 1, "step": "open-household", "title_zh": "建档", "title_en": "File", "place": grid,
        "applicant": {"name": "袁明", "id_number": id_number()},
        "form": {"address": "3-1-101", "move_in_date": "2026-03-05"},
        "assigned_at": now, "due_at": now + timedelta(days=3),
    }  # fmt: skip
    envelope = Envelope(
        id=new_id(), source="/yikou/frontdesk", type=TYPE_PREFIX + "TaskAssigned", subject=case_no, time=now,
        traceparent=new_traceparent(), data=tasks.TaskAssigned.write(task),
    )  # fmt: skip
    letter = Letter("frontdesk.events", "TaskAssigned.property", envelope.encode(), CONTENT_TYPE)
    post = Post(stack["AMQP_URI"], "test-frontdesk")
    assert post.deliver([letter, letter]) == ["confirmed", "confirmed"]
    post.close()

    def done():
        with office.ledger.read() as read:
            found = office.views.QUERIES[tasks.ListTasks](read, tasks.ListTasks.read({"case_no": case_no}))
        return found["items"] and found["items"][0]["status"] == "done"

    until(done, what="the file is open")
    with offices(stack, officer("property", grid)) as called:
        household = called.property.get_task(task_id=f"{case_no}.property")["result"]["household"]
        assert called.property.get_fee_account(household=household)["balance"] == "0.00"
