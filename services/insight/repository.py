"""The read models are a function of the log: the same two statements make one case's rows and, in a rebuild, all rows.

A case's rows are made from its newest line, whichever line just came, so order and repetition do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from services.chassis.rows import insert_rows
from services.insight import views
from services.insight.model import ENDED, TICKING
from services.insight.tables import cases, event_log, facts, lanes, said

_NEWEST = """
    SELECT DISTINCT ON (case_no) case_no, seq, at, face
    FROM event_log WHERE face IS NOT NULL AND {which}
    ORDER BY case_no, seq DESC
"""
_THESE, _ALL = _NEWEST.format(which="case_no = ANY(:case_nos)"), _NEWEST.format(which="true")


def _upsert(table: Any, key: str, selection: str) -> str:
    """A row made from an older line never replaces one made from a newer, however transactions interleave."""
    names = [column.name for column in table.columns]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) {selection} "
        f"ON CONFLICT ({key}) DO UPDATE SET {updates} WHERE {table.name}.seq <= excluded.seq"
    )


def _make_cases(newest: str) -> Any:
    return text(
        _upsert(
            cases,
            "case_no",
            f"""
            SELECT line.case_no, line.seq, face.status, face.matter, face.title_zh, face.title_en,
                   coalesce(face.place, ''), face.channel, coalesce(face.filed_at, line.at),
                   coalesce(face.due_at, face.filed_at, line.at),
                   least(CASE WHEN face.status <> 'suspended' THEN coalesce(face.due_at, face.filed_at, line.at) END,
                         (SELECT min(lane.due_at)
                          FROM jsonb_to_recordset(face.lanes) AS lane (status text, due_at timestamptz)
                          WHERE lane.status = ANY(:ticking))),
                   CASE WHEN face.status = ANY(:ended) THEN coalesce(face.closed_at, line.at) END
            FROM ({newest}) AS line,
                 jsonb_to_record(line.face) AS face (status text, matter text, title_zh text, title_en text,
                     place text, channel text, filed_at timestamptz, due_at timestamptz, closed_at timestamptz,
                     lanes jsonb)
            """,  # noqa: S608
        )
    )


def _make_lanes(newest: str) -> Any:
    return text(
        _upsert(
            lanes,
            "task_id",
            f"""
            SELECT lane.task_id, line.case_no, line.seq, lane.unit, lane.status, lane.step, lane.title_zh,
                   lane.title_en, line.face ->> 'matter', coalesce(line.face ->> 'place', ''), lane.assigned_at,
                   lane.sign_by, lane.signed_at, lane.due_at, lane.finished_at, lane.outcome
            FROM ({newest}) AS line
            CROSS JOIN LATERAL jsonb_to_recordset(line.face -> 'lanes') AS lane (task_id text, unit text,
                status text, step text, title_zh text, title_en text, assigned_at timestamptz, sign_by timestamptz,
                signed_at timestamptz, due_at timestamptz, finished_at timestamptz, outcome text)
            WHERE lane.task_id IS NOT NULL
            """,  # noqa: S608
        )
    )


_RULES = {"ticking": list(TICKING), "ended": list(ENDED)}
_make_these_cases, _make_these_lanes = _make_cases(_THESE), _make_lanes(_THESE)
_make_all_cases, _make_all_lanes = _make_cases(_ALL), _make_lanes(_ALL)


class Repository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lines: list[Mapping[str, Any]] = []
        self._facts: list[Mapping[str, Any]] = []

    def add_line(self, line: Mapping[str, Any]) -> None:
        """Written with the others of this unit of work: six lines of one case make its rows once."""
        self._lines.append(line)

    def add_fact(self, fact: Mapping[str, Any]) -> None:
        self._facts.append(fact)

    def flush(self) -> None:
        insert_rows(self._connection, facts, self._facts, known_too=True)
        self._facts.clear()
        if not self._lines:
            return
        these = {"case_nos": sorted({line["case_no"] for line in self._lines})}
        insert_rows(self._connection, event_log, self._lines, known_too=True)
        self._connection.execute(_make_these_cases, these | _RULES)
        self._connection.execute(_make_these_lanes, these)
        self._lines.clear()

    def make_all(self) -> tuple[int, int]:
        """Everything anew in this transaction; returns how many cases and lanes there are now.

        The lock holds back new lines until the commit. Rows are deleted, not truncated: whoever reads meanwhile
        still sees the old ones.
        """
        self._connection.execute(text("SET LOCAL statement_timeout = 0"))
        self._connection.execute(text("LOCK TABLE event_log IN SHARE ROW EXCLUSIVE MODE"))
        self._connection.execute(lanes.delete())
        self._connection.execute(cases.delete())
        made = self._connection.execute(_make_all_cases, _RULES)
        return made.rowcount, self._connection.execute(_make_all_lanes).rowcount

    def first_rows(self, now: datetime) -> list[tuple[str, dict[str, int]]]:
        """The wall's four numbers by community, counted as the wall counts them."""
        return views.first_rows(self._connection, now)

    def said(self) -> dict[str, tuple[dict[str, int], int]]:
        """Area -> the numbers told last, and how often it was told."""
        return {row.place: (row.numbers, row.n) for row in self._connection.execute(select(said))}

    def note_said(self, place: str, numbers: Mapping[str, int], n: int) -> None:
        told = insert(said).values(place=place, numbers=dict(numbers), n=n)
        update = {"numbers": told.excluded.numbers, "n": told.excluded.n}
        self._connection.execute(told.on_conflict_do_update(index_elements=["place"], set_=update))
