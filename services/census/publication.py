"""What is published: counts, and of those only such as tell nothing of a person.

A count from 1 to below the threshold is suppressed. A single suppressed number in a row or column could be had by
subtraction, so another one of the line goes with it (complementary suppression). Margins are decided first and once for
each dimension, because several tables show the same margin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

AGES = ((0, 14), (15, 59), (60, 64), (65, 200))
TOTAL = "total"

Line = Mapping[str, int]
Person = Mapping[str, Any]


def age_group(age: int) -> str:
    low, high = next(bounds for bounds in AGES if bounds[0] <= age <= bounds[1])
    return f"{low}+" if high == AGES[-1][1] else f"{low}-{high}"


GROUPS = tuple(age_group(low) for low, _ in AGES)


def hidden_of(line: Line, smallest: int) -> set[str]:
    """What of a line of counts that is shown with its total must not be shown."""
    if 0 < sum(line.values()) < smallest:
        return {*line, TOTAL}
    hidden = {name for name, count in line.items() if 0 < count < smallest}
    if len(hidden) == 1 and (others := [name for name in line if name not in hidden]):
        hidden.add(_companion(others, line))
    return hidden


def _companion(names: Iterable[str], line: Line, already: Iterable[str] = ()) -> str:
    """The one whose loss costs least: where another line loses nothing more, then the smallest, a zero last."""
    already = set(already)
    return min(names, key=lambda name: (name not in already, line[name] == 0, line[name], name))


def hidden_in(
    counts: Mapping[tuple[str, str], int],
    rows: Sequence[str],
    columns: Sequence[str],
    smallest: int,
    hidden_rows: set[str],
    hidden_columns: set[str],
) -> set[tuple[str, str]]:
    """Cells of a table with margins that must not be shown: no line is left with a single unknown."""
    hidden = {cell for cell, count in counts.items() if 0 < count < smallest}
    changed = True
    while changed:
        changed = False
        lines = [([(row, column) for column in columns], row in hidden_rows) for row in rows]
        lines += [([(row, column) for row in rows], column in hidden_columns) for column in columns]
        for cells, without_total in lines:
            unknown = [cell for cell in cells if cell in hidden]
            shown = [cell for cell in cells if cell not in hidden]
            if len(unknown) + without_total == 1 and shown:
                rows_hit, columns_hit = {row for row, _ in hidden}, {column for _, column in hidden}
                hidden.add(
                    min(
                        shown,
                        key=lambda cell: (
                            not (cell[0] in rows_hit and cell[1] in columns_hit),
                            counts[cell] == 0,
                            counts[cell],
                            cell,
                        ),
                    )
                )
                changed = True
    return hidden


DIMENSIONS: dict[str, tuple[str, ...]] = {
    "sex": ("male", "female"),
    "age": GROUPS,
    "registration": ("here", "community", "street", "away", "undetermined"),
    "education": (
        "none",
        "preschool",
        "primary",
        "junior",
        "senior",
        "college",
        "bachelor",
        "master",
        "under-3",
    ),
    "marriage": ("single", "married", "divorced", "widowed", "under-15"),
}
TABLES = (("sex", "age"), ("sex", "registration"), ("sex", "education"))
SAMPLE_TABLES = (("sex", "marriage"),)


def publish(
    persons: Sequence[Person], sampled: Sequence[Person], households: Line, smallest: int
) -> dict[str, Any]:
    """`persons` who live here, each with a value in every dimension; `sampled`: those of the long form."""
    hidden = hidden_of(households, smallest)
    return {
        "smallest": smallest,
        "persons": _shown(len(persons), 0 < len(persons) < smallest),
        "households": {name: _shown(count, name in hidden) for name, count in households.items()},
        "tables": [_table(persons, pair, smallest) for pair in TABLES],
        "sample": {
            "persons": _shown(len(sampled), 0 < len(sampled) < smallest),
            "note": {
                "zh": "长表样本计数，未推算总体",
                "en": "counts of the long-form sample, not extrapolated",
            },
            "tables": [_table(sampled, pair, smallest) for pair in SAMPLE_TABLES],
        },
    }


def _table(persons: Sequence[Person], pair: tuple[str, str], smallest: int) -> dict[str, Any]:
    down, across = pair
    rows, columns = DIMENSIONS[down], DIMENSIONS[across]
    tally = Counter((one[down], one[across]) for one in persons)
    counts = {(row, column): tally[row, column] for row in rows for column in columns}
    by_row = {row: sum(counts[row, column] for column in columns) for row in rows}
    by_column = {column: sum(counts[row, column] for row in rows) for column in columns}
    hidden_rows, hidden_columns = hidden_of(by_row, smallest), hidden_of(by_column, smallest)
    hidden = hidden_in(counts, rows, columns, smallest, hidden_rows, hidden_columns)
    return {
        "rows": down,
        "columns": across,
        "counts": {
            row: {column: _shown(counts[row, column], (row, column) in hidden) for column in columns}
            | {TOTAL: _shown(by_row[row], row in hidden_rows)}
            for row in rows
        }
        | {
            TOTAL: {column: _shown(by_column[column], column in hidden_columns) for column in columns}
            | {TOTAL: _shown(len(persons), 0 < len(persons) < smallest)}
        },
    }


def _shown(count: int, hidden: bool) -> int | None:
    """`null` is suppressed, and never zero."""
    return None if hidden else count
