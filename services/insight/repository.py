"""The read models are a function of the log: the same statements make one case's rows and, in a rebuild, all rows.

A case's rows are made from its lines as they are now, whichever line just came, so order and repetition do not matter.
What its rows counted before and what they count now differ by a few ones: those go to `changes`, and the sums follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert

from services.chassis.rows import insert_rows
from services.insight import model, views
from services.insight.areas import inside
from services.insight.numbers import DAYS, rolled_up, shares
from services.insight.scores.repository import ScoresRepository
from services.insight.tables import cases, changes, event_log, facts, lanes, rebuilds, said

_NEWEST = """
    SELECT DISTINCT ON (case_no) case_no, seq, at, face
    FROM event_log WHERE face IS NOT NULL AND case_no = ANY(:case_nos)
    ORDER BY case_no, seq DESC
"""
_SATISFIED = """
    CASE WHEN kind = 'rated' THEN (detail ->> 'stars')::integer >= :satisfied_from
         ELSE (detail ->> 'satisfied')::boolean END
"""


def _upsert(table: Any, key: str, selection: str) -> str:
    """A row made from an older line never replaces one made from a newer, however transactions interleave."""
    names = [column.name for column in table.columns]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    return (
        f"{_insert(table, selection)} "
        f"ON CONFLICT ({key}) DO UPDATE SET {updates} WHERE {table.name}.seq <= excluded.seq"
    )


def _insert(table: Any, selection: str) -> str:
    return f"INSERT INTO {table.name} ({', '.join(column.name for column in table.columns)}) {selection}"


_CASES = f"""
    SELECT line.case_no, line.seq, face.status, face.matter, face.title_zh, face.title_en,
           coalesce(face.place, ''), face.channel, coalesce(face.filed_at, line.at),
           coalesce(face.due_at, face.filed_at, line.at),
           least(CASE WHEN face.status <> 'suspended' THEN coalesce(face.due_at, face.filed_at, line.at) END,
                 (SELECT min(lane.due_at)
                  FROM jsonb_to_recordset(face.lanes) AS lane (status text, due_at timestamptz)
                  WHERE lane.status = ANY(:ticking))),
           CASE WHEN face.status = ANY(:ended) THEN coalesce(face.closed_at, line.at) END,
           coalesce(face.level, 0), coalesce(face.returns, 0),
           (SELECT coalesce(array_agg(DISTINCT unit ORDER BY unit), '{{}}')
            FROM jsonb_to_recordset(face.lanes) AS lane (unit text) WHERE unit IS NOT NULL),
           (SELECT coalesce(array_agg(DISTINCT actor ORDER BY actor), '{{}}') FROM event_log AS deed
            WHERE deed.case_no = line.case_no AND deed.kind = ANY(:deeds) AND actor IS NOT NULL),
           call.at, call.resolved, word.at, word.satisfied
    FROM ({_NEWEST}) AS line
    CROSS JOIN jsonb_to_record(line.face) AS face (status text, matter text, title_zh text, title_en text,
         place text, channel text, filed_at timestamptz, due_at timestamptz, closed_at timestamptz, level integer,
         returns integer, lanes jsonb)
    LEFT JOIN LATERAL (
        SELECT at, (detail ->> 'resolved')::boolean AS resolved FROM event_log AS said
        WHERE said.case_no = line.case_no AND kind = 'called-back' AND (detail ->> 'reached')::boolean
        ORDER BY seq DESC LIMIT 1) AS call ON true
    LEFT JOIN LATERAL (
        SELECT at, {_SATISFIED} AS satisfied FROM event_log AS said
        WHERE said.case_no = line.case_no AND kind IN ('called-back', 'rated')
              AND (kind = 'rated' OR (detail ->> 'reached')::boolean)
        ORDER BY seq DESC LIMIT 1) AS word ON true
    ORDER BY line.case_no
"""  # noqa: S608

_LANES = f"""
    SELECT lane.task_id, line.case_no, line.seq, lane.unit, lane.status, lane.step, lane.title_zh,
           lane.title_en, line.face ->> 'matter', coalesce(line.face ->> 'place', ''), line.face ->> 'channel',
           lane.assigned_at, lane.sign_by, lane.signed_at, lane.due_at, lane.finished_at, lane.outcome,
           deeds.officer, coalesce(deeds.returns, 0), coalesce(deeds.extensions, 0)
    FROM ({_NEWEST}) AS line
    CROSS JOIN LATERAL jsonb_to_recordset(line.face -> 'lanes') AS lane (task_id text, unit text,
        status text, step text, title_zh text, title_en text, assigned_at timestamptz, sign_by timestamptz,
        signed_at timestamptz, due_at timestamptz, finished_at timestamptz, outcome text)
    LEFT JOIN LATERAL (
        SELECT (array_agg(actor ORDER BY seq DESC) FILTER (WHERE kind = ANY(:deeds) AND actor IS NOT NULL))[1] AS officer,
               count(*) FILTER (WHERE kind = 'return-asked') AS returns,
               count(*) FILTER (WHERE kind = 'extension-asked') AS extensions
        FROM event_log AS deed WHERE deed.case_no = line.case_no AND deed.task_id = lane.task_id) AS deeds ON true
    WHERE lane.task_id IS NOT NULL
    ORDER BY lane.task_id
"""  # noqa: S608

_RULES = {
    "ticking": list(model.TICKING),
    "ended": list(model.ENDED),
    "deeds": list(model.DEEDS),
    "satisfied_from": model.SATISFIED_FROM,
}
_make_new_cases = text(_insert(cases, _CASES) + " ON CONFLICT DO NOTHING RETURNING case_no")
_make_cases, _make_lanes = text(_upsert(cases, "case_no", _CASES)), text(_upsert(lanes, "task_id", _LANES))
_lock = text("SELECT case_no FROM cases WHERE case_no = ANY(:case_nos) ORDER BY case_no FOR UPDATE")
_shares = [text(shares(table, "case_no = ANY(:case_nos)")) for table in (cases, lanes)]
_next_cases = text(
    "SELECT DISTINCT case_no FROM event_log WHERE case_no > :done_to ORDER BY case_no LIMIT :chunk"
)
_forget = [
    text(f"""
        DELETE FROM {name} WHERE case_no > :done_to AND (CAST(:upto AS text) IS NULL OR case_no <= :upto)
        AND NOT EXISTS (SELECT FROM event_log WHERE event_log.case_no = {name}.case_no)
    """)  # noqa: S608
    for name in ("cases", "lanes")
]
"""Of what the log knows nothing about, there are no rows."""
_forget_lanes = text("DELETE FROM lanes WHERE case_no = ANY(:case_nos)")

# -- sums ----------------------------------------------------------------------------------------------

_one_at_a_time = text("SELECT pg_advisory_xact_lock(hashtext('insight.tallies'))")
"""Only one adds to the sums or makes them anew; whoever reads or notes changes does not wait."""
_KEY = "place, period, unit"
_fold = text(f"""
    WITH part AS (
        DELETE FROM changes WHERE ctid = ANY(ARRAY(SELECT ctid FROM changes LIMIT :most))
        RETURNING place, day, unit, figure, n)
    INSERT INTO tallies ({_KEY}, numbers)
    SELECT * FROM ({rolled_up("SELECT * FROM part")}) AS sums ORDER BY {_KEY}
    ON CONFLICT ({_KEY}) DO UPDATE SET numbers = (
        SELECT coalesce(jsonb_object_agg(key, n), '{{}}') FROM (
            SELECT key, sum(value::integer) AS n FROM (
                SELECT * FROM jsonb_each_text(tallies.numbers) UNION ALL SELECT * FROM jsonb_each_text(excluded.numbers)
            ) AS either GROUP BY key HAVING sum(value::integer) <> 0) AS added)
""")  # noqa: S608


def _touched(table: Any) -> str:
    """Rows any moment of which lies in these days: found by the index of each moment."""
    span = "{0} >= :since AND {0} < :until"
    return (
        "(" + " OR ".join(f"({span.format(one)})" for one in sorted({str(one) for one in DAYS[table]})) + ")"
    )


_BOTH = " UNION ALL ".join(
    shares(table, _touched(table), "day >= :first AND day < :last") for table in (cases, lanes)
)
_forget_sums = text("DELETE FROM tallies WHERE left(period, 7) = :month")
_recount = text(f"""
    WITH pending AS (DELETE FROM changes WHERE day >= :first AND day < :last)
    INSERT INTO tallies ({_KEY}, numbers) {rolled_up(_BOTH)}
""")  # noqa: S608
"""One look at what there is to count and at what waits to be added: neither misses what the other has."""
_days_there_are = text(f"""
    SELECT min(day), max(day) FROM (
        SELECT CAST(min(left(period, 7)) || '-01' AS date) AS day FROM tallies
        UNION ALL SELECT CAST(max(left(period, 7)) || '-01' AS date) FROM tallies UNION ALL SELECT min(day) FROM changes UNION ALL SELECT max(day) FROM changes
        {
    " ".join(
        f"UNION ALL SELECT CAST(timezone('Asia/Shanghai', {end}({one})) AS date) FROM {table.name}"
        for table, moments in DAYS.items()
        for one in sorted({str(one) for one in moments})
        for end in ("min", "max")
    )
}
    ) AS known
""")  # noqa: S608


class Repository(ScoresRepository):
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
        insert_rows(self._connection, event_log, self._lines, known_too=True)
        self._make(sorted({line["case_no"] for line in self._lines}))
        self._lines.clear()

    def _make(self, case_nos: list[str]) -> None:
        """The rows of these cases from their lines, and the difference for the sums.

        A case is made and counted by one transaction at a time: a new one is claimed by its row, which another waits
        for, a known one by locking it. All go by the order of the numbers, so that nobody waits in a circle.
        """
        these, run = {"case_nos": case_nos}, self._connection.execute
        new = {row.case_no for row in run(_make_new_cases, these | _RULES)}
        known = {"case_nos": [no for no in case_nos if no not in new]}
        before: Counter[tuple[Any, ...]] = Counter()
        if known["case_nos"]:
            run(_lock, known)
            before = self._shares(known)
            run(_make_cases, known | _RULES)
        run(_make_lanes, these | _RULES)
        self._note_change(before, self._shares(these))

    def _shares(self, these: Mapping[str, Any]) -> Counter[tuple[Any, ...]]:
        found: Counter[tuple[Any, ...]] = Counter()
        for statement in _shares:
            for place, day, unit, figure, n in self._connection.execute(statement, these):
                found[place, day, unit, figure] += n
        return found

    def _note_change(self, before: Counter[tuple[Any, ...]], after: Counter[tuple[Any, ...]]) -> None:
        after.subtract(before)
        names = ("place", "day", "unit", "figure", "n")
        rows = [dict(zip(names, (*key, n), strict=True)) for key, n in sorted(after.items()) if n]
        insert_rows(self._connection, changes, rows)

    # -- sums ------------------------------------------------------------------------------------------

    def fold_changes(self, most: int = 20_000) -> int:
        """Adds what has changed to the sums."""
        self._connection.execute(_one_at_a_time)
        return self._connection.execute(_fold, {"most": most}).rowcount

    # -- a rebuild, a piece at a time --------------------------------------------------------------------

    def begin_rebuild(self, now: datetime) -> int:
        """The number of the rebuild that runs: a new one, or the one that is running already."""
        running = self.running_rebuild()
        if running is not None:
            return int(running.id)
        made = insert(rebuilds).values(asked_at=now, stage="rows").returning(rebuilds.c.id)
        return int(self._connection.execute(made).scalar_one())

    def running_rebuild(self, lock: bool = False) -> Any:
        wanted = select(rebuilds).where(rebuilds.c.finished_at.is_(None)).order_by(rebuilds.c.id).limit(1)
        return self._connection.execute(wanted.with_for_update(skip_locked=True) if lock else wanted).first()

    def rebuild_some_cases(self, done_to: str, chunk: int) -> tuple[str | None, int, int]:
        """The next cases of the log; (the last of them or None when there are no more, cases, lanes)."""
        found = self._connection.execute(_next_cases, {"done_to": done_to, "chunk": chunk})
        case_nos = [row.case_no for row in found]
        upto = case_nos[-1] if len(case_nos) == chunk else None
        for forget in _forget:
            self._connection.execute(forget, {"done_to": done_to, "upto": upto})
        these = {"case_nos": case_nos}
        for statement in (
            _lock,
            _make_cases,
            _forget_lanes,
        ):  # what they add to the sums is counted anew later
            self._connection.execute(statement, these | _RULES)
        made = self._connection.execute(_make_lanes, these | _RULES)
        return upto, len(case_nos), made.rowcount

    def play_again(self, scopes: list[str], chunk: int = 20_000) -> None:
        """The rows of every case of these areas, from the log, into whatever `cases` and `lanes` are just now."""
        done_to: str | None = ""
        while done_to is not None:
            found = self._connection.execute(_next_cases, {"done_to": done_to, "chunk": chunk})
            case_nos = [row.case_no for row in found]
            these = {"case_nos": case_nos} | _RULES
            self._connection.execute(_make_new_cases, these)
            self._connection.execute(cases.delete().where(~inside(cases.c.place, scopes)))
            kept = select(cases.c.case_no).where(cases.c.case_no == func.any(these["case_nos"]))
            here = {"case_nos": list(self._connection.execute(kept).scalars())} | _RULES
            self._connection.execute(_make_lanes, here)
            done_to = case_nos[-1] if len(case_nos) == chunk else None

    def days_there_are(self) -> tuple[date | None, date | None]:
        first, last = self._connection.execute(_days_there_are).one()
        return first, last

    def rebuild_sums(self, month: date) -> None:
        """The sums of a month anew; what waited to be added to them is in them."""
        first, last = model.days_of("month", month)
        self._connection.execute(text("SET LOCAL statement_timeout = '90s'"))
        self._connection.execute(text("SET LOCAL work_mem = '128MB'"))
        self._connection.execute(_one_at_a_time)
        self._connection.execute(_forget_sums, {"month": f"{first:%Y-%m}"})
        bounds = {"since": model.begin_of(first), "until": model.begin_of(last)}
        self._connection.execute(_recount, {"first": first, "last": last, **bounds})

    def note_rebuild(self, number: int, **values: Any) -> None:
        self._connection.execute(rebuilds.update().where(rebuilds.c.id == number).values(**values))

    # -- screens ---------------------------------------------------------------------------------------

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
