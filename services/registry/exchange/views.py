"""How an import is, its report, the feed of changes, and which register is the source of what."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select

from services.chassis.database import Read
from services.contracts import citizens, exchange
from services.registry.exchange import model as rules
from services.registry.reading import Page, page, within
from services.registry.tables import changes, import_rows, imports, proposals

FACE = (
    "import_id", "kind", "place", "name", "source", "state", "encoding", "faults", "rows", "faulty", "done", "whole",
    "account", "at", "ended_at",
)  # fmt: skip


def get_import(read: Read, query: Any) -> dict[str, Any]:
    found = _import(read, query.import_id, exchange.GetImport)
    counted = (
        select(import_rows.c.outcome, func.count().label("rows"))
        .where(import_rows.c.import_id == found.import_id)
        .group_by(import_rows.c.outcome)
    )
    outcomes = {row.outcome: row.rows for row in read.connection.execute(counted)}
    return {name: getattr(found, name) for name in FACE} | {"outcomes": outcomes}


def list_imports(read: Read, query: Any) -> Page:
    statement = (
        select(*(imports.c[name] for name in FACE))
        .where(within(imports.c.place, read.caller, exchange.ListImports))
        .order_by(imports.c.import_id.desc())
        .limit(query.limit + 1)
    )
    if query.cursor:
        statement = statement.where(imports.c.import_id < query.cursor)
    return page(read, statement, query.limit, "import_id")


def list_import_rows(read: Read, query: Any) -> Page:
    """Lines and faults; what the cells held is not repeated."""
    found = _import(read, query.import_id, exchange.ListImportRows)
    statement = (
        select(import_rows.c.line, import_rows.c.outcome, import_rows.c.faults)
        .where(import_rows.c.import_id == found.import_id)
        .order_by(import_rows.c.line)
        .limit(query.limit + 1)
    )
    if query.faulty:
        statement = statement.where(import_rows.c.outcome == "faulty")
    if (query.cursor or "").isdecimal():
        statement = statement.where(import_rows.c.line > int(query.cursor))
    return page(read, statement, query.limit, "line")


def _import(read: Read, import_id: str, contract: Any) -> Any:
    statement = select(imports).where(
        imports.c.import_id == import_id, within(imports.c.place, read.caller, contract)
    )
    row = read.connection.execute(statement).first()
    if row is None:
        raise rules.UnknownImport()
    return row


FED = (
    "no", "change_id", "at", "effective_on", "kind", "place", "building", "household", "resident_id", "lives_in",
    "fields", "case_no", "corrects",
)  # fmt: skip


def list_changes(read: Read, query: Any) -> dict[str, Any]:
    """`next` is always a number to go on from, also when there was nothing; `newest` says how far behind that is."""
    statement = (
        select(*(changes.c[name] for name in FED))
        .where(
            changes.c.no > query.after,
            within(changes.c.place, read.caller, exchange.ListChanges, query.place),
        )
        .order_by(changes.c.no)
        .limit(query.limit + 1)
    )
    # Asked first: what is committed between the two questions is not left out, only not yet counted.
    newest = read.connection.execute(select(func.coalesce(func.max(changes.c.no), 0))).scalar_one()
    items = [dict(row) for row in read.connection.execute(statement).mappings()]
    shown = items[: query.limit]
    return {
        "items": shown,
        "next": shown[-1]["no"] if shown else query.after,
        "more": len(items) > query.limit,
        "newest": newest,
    }


def list_sources(read: Read, query: Any) -> dict[str, Any]:
    return {"items": [asdict(source) for source in rules.sources().values()]}


MASKS = {"name": citizens.mask_name, "phone": citizens.mask_phone, "id_number": citizens.mask_id}


def list_proposals(read: Read, query: Any) -> Page:
    statement = (
        select(proposals)
        .where(within(proposals.c.place, read.caller, exchange.ListProposals))
        .order_by(proposals.c.proposal_id.desc())
        .limit(query.limit + 1)
    )
    if query.open is not None:
        statement = statement.where((proposals.c.state == "open") == query.open)
    if query.cursor:
        statement = statement.where(proposals.c.proposal_id < query.cursor)
    found = page(read, statement, query.limit, "proposal_id")
    for item in found["items"]:
        hide = MASKS.get(item["field"])
        item["value"] = hide(item["value"]) if hide and item["value"] else item["value"]
    return found


QUERIES = {
    exchange.GetImport: get_import,
    exchange.ListImports: list_imports,
    exchange.ListImportRows: list_import_rows,
    exchange.ListChanges: list_changes,
    exchange.ListSources: list_sources,
    exchange.ListProposals: list_proposals,
}
