"""Drills of telemetry: the ingest's processes as they run, on a broker and database of the meters' tests."""

from tests.integration.meters.conftest import (  # noqa: F401 — fixtures
    broker,
    database,
    parts,
)
