"""The approvals that come with the catalogue. Each upgrade adds those that are missing and touches no other: what a
place has revoked stays revoked."""

from __future__ import annotations

from pathlib import Path

import yaml
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from services.frontdesk import matters
from services.frontdesk.approvals.model import Approval
from services.frontdesk.tables import approvals

DATA = Path(__file__).parent / "data" / "approvals" / "shipped.yaml"


def shipped() -> list[Approval]:
    data = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    catalogue = matters.catalogue()
    return [
        Approval(
            approval_id=f"shipped:{slug}",
            subject=slug,
            kind="task",
            place=data["place"],
            department=data["decided_by"],
            basis="；".join(text.zh for text in catalogue.get(slug).basis),
            decided_by=data["decided_by"],
            valid_from=data["valid_from"],
        )
        for slug in data["matters"]
    ]


def bring(connection: Connection) -> None:
    rows = [vars(approval) for approval in shipped()]
    connection.execute(insert(approvals).values(rows).on_conflict_do_nothing())
