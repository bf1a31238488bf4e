"""Many rows in one statement: they travel as one JSON document, and the database takes it apart by the columns' types.

One statement a batch instead of one a row is what makes a batch of events cheaper than its events: each statement
costs two system calls, a switch of greenthreads and a plan's start, however little it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect()


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], known_too: bool = False
) -> int:
    """Inserts them all and returns how many; every row has the keys of the first.

    A row whose key is there already is passed over when `known_too`, and otherwise raises IntegrityError.
    """
    return (
        connection.execute(_insert(table, tuple(rows[0]), known_too), _document(rows)).rowcount if rows else 0
    )


def update_rows(connection: Connection, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Sets the columns each row names, where `key` is the row's; every row has the keys of the first."""
    if rows:
        connection.execute(_update(table, key, tuple(rows[0])), _document(rows))


def _document(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {"rows": msgspec.json.encode(rows).decode()}


@cache
def _insert(table: Table, names: tuple[str, ...], known_too: bool) -> Any:
    columns = ", ".join(f'"{name}"' for name in names)
    unless = " ON CONFLICT DO NOTHING" if known_too else ""
    return text(
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {_recordset(table, names)}{unless}"  # noqa: S608
    )


@cache
def _update(table: Table, key: str, names: tuple[str, ...]) -> Any:
    changes = ", ".join(f'"{name}" = given."{name}"' for name in names if name != key)
    return text(
        f"UPDATE {table.name} SET {changes} FROM {_recordset(table, names)} "  # noqa: S608
        f'WHERE {table.name}."{key}" = given."{key}"'
    )


def _recordset(table: Table, names: tuple[str, ...]) -> str:
    shape = ", ".join(f'"{name}" {table.c[name].type.compile(_DIALECT)}' for name in names)
    return f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS given ({shape})"
