"""A service of the test's own: its handlers do what the message tells them to, well or badly.

Run as `python tests/integration/chassis/probe.py`; every effect is a row in the table `effects`.
"""

import os

import eventlet

eventlet.monkey_patch()

import sys
import time
from datetime import timedelta

from marshmallow import fields
from sqlalchemy import BigInteger, Column, DateTime, Identity, String, Table, func, insert, text

from services.chassis import errors
from services.chassis.database import new_metadata
from services.chassis.entrances import Service
from services.chassis.identifiers import new_id
from services.contracts.messages import Command, Event, Query

metadata = new_metadata()
effects = Table(
    "effects",
    metadata,
    Column("n", BigInteger, Identity(), primary_key=True),
    Column("key", String, nullable=False),
    Column("at", DateTime(timezone=True), server_default=func.clock_timestamp()),
)
tries: dict[str, int] = {}


class Poked(Event):
    """Somebody poked the probe."""

    said_by = ("street",)
    heard_by = ("probe",)
    key = fields.String(required=True)
    mood = fields.String(load_default="calm")


class Echoed(Event):
    """The probe answers what it heard, so that its outbox is used."""

    said_by = ("probe",)
    heard_by = ("probe",)
    key = fields.String(required=True)


class Shouted(Event):
    """Meant for a hearer whose queue does not exist."""

    said_by = ("probe",)
    heard_by = ("nobody",)
    key = fields.String(required=True)


class Note(Command):
    key = fields.String(required=True)
    seconds = fields.Float(load_default=0)

    office = classmethod(lambda cls: "probe")


class Nap(Query):
    seconds = fields.Float(required=True)
    office = classmethod(lambda cls: "probe")


class Block(Query):
    """Stops the event loop, as CPU work would."""

    seconds = fields.Float(required=True)
    office = classmethod(lambda cls: "probe")


class Shout(Command):
    key = fields.String(required=True)
    office = classmethod(lambda cls: "probe")


def add(work, key):
    work.connection.execute(insert(effects).values(key=key))


def on_poked(work, event):
    tries[event.key] = tries.get(event.key, 0) + 1
    add(work, event.key)
    match event.mood.split(":"):
        case ["calm"]:
            pass
        case ["slow", seconds]:
            eventlet.sleep(float(seconds))
        case ["echo"]:
            work.say(Echoed, subject=event.key, key="echo-" + event.key)
        case ["slow-echo", seconds]:
            eventlet.sleep(float(seconds))
            work.say(Echoed, subject=event.key, key="echo-" + event.key)
        case ["block", seconds]:
            eventlet.patcher.original("time").sleep(float(seconds))
        case ["fail", times]:
            if tries[event.key] <= int(times):
                raise RuntimeError(f"try {tries[event.key]} of {event.key}")
        case ["permanent"]:
            raise errors.Permanent("it can never work")
        case ["timeout"]:
            if tries[event.key] == 1:
                raise eventlet.Timeout(0)
        case ["sleepy", seconds]:
            work.connection.execute(text(f"SELECT pg_sleep({float(seconds)})"))
        case ["nul"]:  # psycopg refuses it before the server sees it
            add(work, "a\0b")
        case ["programming"]:
            add(work, object())
        case ["cuts"]:
            work.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def on_echoed(work, event):
    add(work, event.key)


def note(work, command):
    add(work, command.key)
    if command.seconds:
        work.connection.execute(text(f"SELECT pg_sleep({command.seconds})"))
    return {"key": command.key}


def shout(work, command):
    work.say(Shouted, subject=command.key, key=command.key)
    return {}


def nap(read, query):
    read.connection.execute(text(f"SELECT pg_sleep({query.seconds})"))
    return {"slept": query.seconds}


def block(read, query):
    eventlet.patcher.original("time").sleep(query.seconds)
    return {}


MISHAPS = os.environ.get("PROBE_TICKS", "").split()


def count_ticks(work):
    match MISHAPS.pop(0) if MISHAPS else "calm":
        case "timeout":
            raise eventlet.Timeout(0)
        case "sleepy":
            work.connection.execute(text("SELECT pg_sleep(30)"))
    add(work, f"tick-{os.getpid()}")
    if os.environ.get("PROBE_SAYS"):  # of its own accord, so that it goes on when no event can arrive
        id = new_id()
        add(work, f"said-{id}")
        work.say(Echoed, subject=id, key=f"heard-{id}")


def note_mishap(work, envelope, reason):
    if envelope.data["key"] == "unlucky":
        raise RuntimeError("even this fails")
    add(work, f"mishap-{envelope.data['key']}-{reason}")


class Probe(Service):
    name = "probe"
    mishap = note_mishap
    events = {Poked: on_poked, Echoed: on_echoed}
    commands = {Note: note, Shout: shout}
    queries = {Nap: nap, Block: block}
    timers = {count_ticks: timedelta(seconds=float(os.environ.get("PROBE_TICK_SECONDS", "0.5")))}


if __name__ == "__main__":
    from services.chassis import launch
    from services.contracts import catalogue

    catalogue.SERVICES = (*catalogue.SERVICES, "probe")
    launch.find = lambda name: Probe
    begun = time.monotonic()
    sys.exit(launch.main("probe"))
