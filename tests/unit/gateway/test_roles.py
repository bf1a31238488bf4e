"""The table of roles is the only one: rows take their roles from it, and it names only roles that somebody can hold."""

from collections import Counter

from gateway.routes import TABLE
from services.contracts.identity import ROLES
from services.contracts.roles import ADMIN, MAY, SHUT, WHOLE, may


def test_every_row_lets_in_whom_the_table_says():
    assert [row.path for row in TABLE if row.asks and row.who != MAY[row.asks]] == []


def test_only_roles_that_identity_gives_and_devices_are_named():
    named = {role for roles in (*MAY.values(), *WHOLE.values()) for role in roles or ()}
    named |= {role for row in TABLE for role in row.who or ()}
    assert named <= {*ROLES, "device"}


def test_the_administrator_is_named_only_where_nobody_else_may():
    assert [
        contract for contract, roles in MAY.items() if roles and "admin" in roles and roles != ADMIN
    ] == []
    assert all(("admin" in may(contract)) != (contract.office() in SHUT) for contract in MAY)


def test_whole_values_are_shown_to_nobody_who_may_not_ask():
    assert [contract for contract, roles in WHOLE.items() if not set(roles) <= {*may(contract)}] == []
    asked = {row.asks for row in TABLE if row.method == "GET"}
    assert WHOLE.keys() <= asked


def test_no_two_rows_serve_the_same_door():
    """The second would hide the first: rooms of different services must not take each other's paths."""
    doors = Counter((row.method, row.path) for row in TABLE)
    assert not [door for door, rows in doors.items() if rows > 1]
