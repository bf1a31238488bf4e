"""Certificates and seal uses as the handlers see them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.frontdesk.certificates.model import Certificate, SealUse
from services.frontdesk.tables import certificates, documents, seal_uses


class CertificateRepository:
    connection: Connection

    def certificates_of(self, case_no: str) -> int:
        """How many the case has given, revoked ones too. The case's lock keeps two from counting at once."""
        mine = select(func.count()).where(certificates.c.case_no == case_no)
        return int(self.connection.execute(mine).scalar_one())

    def add_document(self, content: bytes, at: datetime) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        row = {"sha256": sha256, "content": content, "at": at}
        self.connection.execute(upsert(documents).values(row).on_conflict_do_nothing())
        return sha256

    def add_certificate(self, certificate: Certificate) -> None:
        self.connection.execute(insert(certificates).values(vars(certificate)))

    def certificate(self, number: str) -> Any:
        """The row, locked; None when there is none."""
        mine = select(certificates).where(certificates.c.number == number)
        return self.connection.execute(mine.with_for_update()).first()

    def revoke_certificate(self, number: str, at: datetime, by: str, why: str) -> bool:
        mine = (certificates.c.number == number) & certificates.c.revoked_at.is_(None)
        done = update(certificates).where(mine).values(revoked_at=at, revoked_by=by, revoked_why=why)
        return self.connection.execute(done).rowcount == 1

    def add_seal_use(self, use: SealUse) -> int:
        row = insert(seal_uses).values(vars(use)).returning(seal_uses.c.seq)
        return int(self.connection.execute(row).scalar_one())
