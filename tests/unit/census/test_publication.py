"""Counts below three are suppressed, and none of them can be had by subtraction."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from services.census import publication
from services.census.publication import DIMENSIONS, TOTAL, hidden_in, hidden_of

SMALLEST = 3


def people(**counts):
    made = []
    for (sex, age), count in counts.get("of", {}).items():
        made += [
            {"sex": sex, "age": age, "registration": "here", "education": "junior", "marriage": "single"}
        ] * count
    return made


def test_one_and_two_are_suppressed_zero_and_three_are_not():
    line = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 9}
    assert hidden_of(line, SMALLEST) == {"b", "c"}


def test_a_single_small_count_takes_the_smallest_other_with_it():
    assert hidden_of({"a": 2, "b": 30, "c": 7, "d": 0}, SMALLEST) == {"a", "c"}


def test_a_line_of_fewer_than_three_shows_not_even_its_total():
    assert hidden_of({"a": 2, "b": 0}, SMALLEST) == {"a", "b", TOTAL}


def test_a_small_cell_is_out_of_reach_of_its_row_and_its_column():
    told = publication.publish(
        people(of={("male", "0-14"): 1, ("male", "15-59"): 20, ("female", "0-14"): 12, ("female", "15-59"): 30}),
        [], {"confirmed": 40}, SMALLEST,
    )  # fmt: skip
    counts = told["tables"][0]["counts"]
    assert counts["male"]["0-14"] is None and counts["male"]["15-59"] is None
    assert counts["female"]["0-14"] is None and counts["female"]["15-59"] is None
    assert counts["male"][TOTAL] == 21 and counts[TOTAL]["0-14"] == 13


grids = st.integers(2, 5).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 12), min_size=columns, max_size=columns), min_size=2, max_size=5
    )
)


@settings(max_examples=300)
@given(grids)
def test_no_line_is_left_with_a_single_unknown(table):
    rows, columns = [f"r{n}" for n in range(len(table))], [f"c{n}" for n in range(len(table[0]))]
    counts = {(r, c): table[i][j] for (i, r), (j, c) in product(enumerate(rows), enumerate(columns))}
    by_row = {r: sum(counts[r, c] for c in columns) for r in rows}
    by_column = {c: sum(counts[r, c] for r in rows) for c in columns}
    hidden_rows, hidden_columns = hidden_of(by_row, SMALLEST), hidden_of(by_column, SMALLEST)
    hidden = hidden_in(counts, rows, columns, SMALLEST, hidden_rows, hidden_columns)
    assert {cell for cell, count in counts.items() if 0 < count < SMALLEST} <= hidden
    for row in rows:
        unknown = sum((row, c) in hidden for c in columns) + (row in hidden_rows)
        assert unknown != 1, (row, hidden)
    for column in columns:
        unknown = sum((r, column) in hidden for r in rows) + (column in hidden_columns)
        assert unknown != 1, (column, hidden)
    for margin, without in ((by_row, hidden_rows), (by_column, hidden_columns)):
        assert len(without & margin.keys()) + (TOTAL in without) != 1


@settings(max_examples=60)
@given(st.lists(st.tuples(*(st.sampled_from(names) for names in DIMENSIONS.values())), max_size=60))
def test_a_margin_is_shown_in_all_tables_or_in_none(told):
    persons = [dict(zip(DIMENSIONS, one, strict=True)) for one in told]
    tables = publication.publish(persons, [], {}, SMALLEST)["tables"]
    for sex in DIMENSIONS["sex"]:
        assert len({table["counts"][sex][TOTAL] for table in tables}) == 1
    for table in tables:
        for line in table["counts"].values():
            assert not any(count in (1, 2) for count in line.values())


def test_age_groups_meet_without_a_gap():
    assert [publication.age_group(age) for age in (0, 14, 15, 59, 60, 64, 65, 120)] == [
        "0-14", "0-14", "15-59", "15-59", "60-64", "60-64", "65+", "65+",
    ]  # fmt: skip
