"""Volunteers and party as they run: told by the broker, asked over the broker, telling each other."""

import os
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta

import pytest
from kombu import Connection

from services.chassis import clock, identifiers
from services.chassis.calls import Calls
from services.contracts import party, tasks, volunteers
from services.contracts.envelope import CONTENT_TYPE, TYPE_PREFIX, Envelope
from tests.offices import ROOT, case_number, community, id_number, migrate, officer
from tests.waiting import until


@pytest.fixture(scope="module")
def running(stack):
    """Both services; what they are asked over the broker."""
    migrate(stack, "party")
    env = {**os.environ, **stack, "YIKOU_HTTP_PORT_PARTY": "0", "YIKOU_HTTP_PORT_VOLUNTEERS": "0"}
    declare = [sys.executable, "-m", "services.chassis.topology", "declare"]
    subprocess.run(declare, cwd=ROOT, env=env, check=True)
    with ExitStack() as stopping:
        for service in ("party", "volunteers"):
            stopping.enter_context(launched(service, env))
        yield stopping.enter_context(Calls(stack["AMQP_URI"], "test"))


def launched(service, env):
    command = [sys.executable, "-m", "services.chassis.launch", service]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert any('"started"' in line for line in process.stdout), f"{service} did not start"
    stopping = ExitStack()
    stopping.callback(lambda: process.wait(30))
    stopping.callback(process.terminate)
    return stopping


def assign(stack, case_no, unit, matter, step, place, form, applicant):
    now = clock.now()
    data = tasks.TaskAssigned.write(
        {
            "task_id": f"{case_no}.{unit}",
            "case_no": case_no,
            "unit": unit,
            "matter": matter,
            "matter_version": 1,
            "step": step,
            "title_zh": "任务",
            "title_en": "Task",
            "place": place,
            "applicant": applicant,
            "form": form,
            "assigned_at": now,
            "due_at": now + timedelta(days=3),
        }
    )
    envelope = Envelope(
        identifiers.new_id(), "/yikou/frontdesk", f"{TYPE_PREFIX}TaskAssigned", case_no, now,
        identifiers.new_traceparent(), data,
    )  # fmt: skip
    with Connection(stack["AMQP_URI"]) as connection:
        producer = connection.Producer()
        for _ in range(2):  # delivered twice, as a broker may
            producer.publish(
                envelope.encode(), exchange="frontdesk.events", routing_key=f"TaskAssigned.{unit}",
                content_type=CONTENT_TYPE, content_encoding="binary",
            )  # fmt: skip


def test_from_moving_in_to_confirmed_hours_on_the_members_record(running, stack):
    place = community()
    grid = f"{place}001"
    running.call(party.LoadDemonstration, place=place, seed=int(place[2:]))  # other communities, other people
    applicant = {"name": "王建国", "id_number": id_number(), "phone": "13500000000"}
    form = {
        "members": [{**applicant, "relation": "self", "is_party_member": True, "wants_to_volunteer": True}]
    }
    case_no = case_number()
    for unit in ("party", "volunteers"):
        assign(stack, case_no, unit, "moving-in", "do", grid, form, applicant)

    def result(unit):
        return until(
            lambda: (
                running.call(tasks.ListTasks, office=unit, case_no=case_no, status="done")["items"]
                and running.call(tasks.GetTask, office=unit, task_id=f"{case_no}.{unit}")["result"]
            ),
            what=f"{unit} has done its part",
        )

    (number,) = result("volunteers")["volunteers"]
    (member,) = result("party")["members"]

    # He learns to visit, is the only one near, and goes.
    visitor = running.call(
        volunteers.RegisterVolunteer,
        name="李",
        id_number=id_number(),
        phone="13500000001",
        place=grid,
        skills=["visit"],
    )["number"]
    assert visitor != number
    visit_no = case_number()
    assign(stack, visit_no, "volunteers", "welfare-check", "visit", grid, {}, {})
    (dispatch,) = until(lambda: running.call(volunteers.ListDispatches, case_no=visit_no)["items"])
    assert dispatch["volunteer"] == visitor
    held = {"dispatch_id": dispatch["dispatch_id"]}
    running.call(volunteers.AcceptDispatch, **held)
    running.call(volunteers.ReportVisit, outcome="well", minutes=30, **held)
    assert running.call(volunteers.ConfirmHours, **held)["hours"] == "0.50"
    assert running.call(volunteers.GetVolunteerRecord, number=visitor)["hours"] == "0.50"

    # The same over the broker for the member himself: his number and his hours meet on the party's roll.
    reported = running.call(
        party.ReportMember, name="李", id_number=id_number(), place=grid, employer="市一中", volunteer=visitor
    )
    hours = until(
        lambda: [
            row["service_hours"]
            for row in roll(running, place)
            if row["member_id"] == reported["member_id"] and row["service_hours"] != "0"
        ],
        what="the hours are on the member's record",
    )
    assert hours == ["0.50"]
    assert member["member_id"] in {row["member_id"] for row in roll(running, place)}


def roll(running, place):
    return running.call(party.ListMembers, caller=officer("party", place), limit=200)["items"]
