"""Histories of cases, told as the front desk tells them."""

from datetime import datetime, timedelta
from types import SimpleNamespace

from sqlalchemy import text

from services.contracts.frontdesk import CaseNoted
from services.insight import handlers
from services.insight.tables import cases, lanes, rebuilds, tallies

PLACE = "110105001001001"


def lane(case_no, unit, now, status="assigned", due=timedelta(days=3), signed=None, finished=None):
    return {
        "task_id": f"{case_no}.{unit}",
        "unit": unit,
        "step": unit,
        "title_zh": "一步",
        "title_en": "A step",
        "status": status,
        "assigned_at": now,
        "sign_by": now + timedelta(hours=2),
        "due_at": now + due,
        "signed_at": None if signed is None else now + signed,
        "finished_at": None if finished is None else now + finished,
        "outcome": "done" if finished is not None else None,
    }


def face(
    now, lanes=(), status="handling", due=timedelta(days=3), closed=None, matter="moving-in", place=PLACE
):
    return {
        "status": status,
        "matter": matter,
        "title_zh": "入住一件事",
        "title_en": "Moving in",
        "place": place,
        "channel": "kiosk",
        "filed_at": now,
        "due_at": now + due,
        "closed_at": None if closed is None else now + closed,
        "lanes": list(lanes),
    }


def line(case_no, seq, at, face, kind="noted", **detail):
    data = {
        "case_no": case_no,
        "lines": [{"seq": seq, "at": at, "kind": kind, "detail": detail}],
        "case": face,
    }
    return CaseNoted.read(CaseNoted.write(data))


def tell(ledger, *lines):
    for one in lines:
        with ledger.work() as work:
            handlers.note_lines(work, one)


def tables(ledger):
    """Every row that is made from the log, the sums complete."""
    fold(ledger)
    with ledger.engine.connect() as connection:
        connection.execute(text("DELETE FROM tallies WHERE numbers = '{}'"))  # as good as no row
        return {
            table.name: [
                dict(row._mapping) for row in connection.execute(table.select().order_by(*table.primary_key))
            ]
            for table in (cases, lanes, tallies)
        }


def fold(ledger):
    """Adds to the sums what waits to be added, as the timer does."""
    with ledger.work() as work:
        handlers.fold_changes(work)


def rebuild(ledger):
    """A rebuild from its order to its end; its row."""
    with ledger.work() as work:
        handlers.rebuild_read_models(work, None)
    while True:
        with ledger.work() as work:
            handlers.rebuild_some(work)
            if work.store.running_rebuild() is None:
                return work.connection.execute(rebuilds.select().order_by(rebuilds.c.id.desc())).first()


def look(ledger, view, now: datetime, caller=None, **query):
    asked = dict.fromkeys(
        ("place", "unit", "matter", "channel", "staff", "company", "period", "on", "by", "cursor")
    )
    asked |= {"limit": 50} | query
    with ledger.read() as read:
        read.now = now
        read.caller = caller or read.caller
        return view(read, SimpleNamespace(**asked))
