"""The whole outside of Yikou: one file a resource, one table of all rows."""

from gateway.routes import (
    accounts,
    cameras,
    cases,
    doors,
    live,
    materials,
    matters,
    meters,
    overview,
    party,
    progress,
    rabbitmq,
    readings,
    registry,
    repairs,
    tasks,
    tokens,
    volunteers,
)
from gateway.table import Row

TABLE: tuple[Row, ...] = (
    *tokens.ROWS,
    *matters.ROWS,
    *cases.ROWS,
    *tasks.ROWS,
    *materials.ROWS,
    *readings.ROWS,
    *meters.ROWS,
    *registry.ROWS,
    *repairs.ROWS,
    *cameras.ROWS,
    *party.ROWS,
    *volunteers.ROWS,
    *overview.ROWS,
    *live.ROWS,
    *progress.ROWS,
    *accounts.ROWS,
    *rabbitmq.ROWS,
    *doors.ROWS,
)
