"""docs/openapi.json is what the route table says: clients are generated from it."""

from pathlib import Path

from gateway.openapi import document_bytes

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"


def test_the_committed_document_is_the_route_tables():
    told = "run `python -m gateway.openapi > docs/openapi.json` and commit it"
    assert COMMITTED.read_bytes() == document_bytes() + b"\n", told
