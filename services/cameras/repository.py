"""Loads and stores the register, alarms and findings.

A camera's row is the lock for everything about it: whoever changes its alarms or its silence takes the row first, several
always in the order of their ids. So two consumers of signals, the timer and an officer can never wait in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.backoffice import tray
from services.cameras import tables
from services.cameras.model import (
    GENESIS,
    Alarm,
    Camera,
    Finding,
    UnknownAlarm,
    UnknownCamera,
    UnknownViewing,
    Viewing,
    link,
)
from services.cameras.tables import alarms, cameras, findings, grants, lookups, viewings
from services.chassis.database import inbox

HEARD = text("""
    UPDATE cameras SET
        last_seen = greatest(cameras.last_seen, heard.at),
        silent_at = greatest(cameras.silent_at, heard.at + heard.patience),
        status = CASE WHEN cameras.status = 'new' OR heard.at + heard.patience >= :now THEN 'online' ELSE cameras.status END,
        offline_at = CASE WHEN heard.at + heard.patience >= :now THEN NULL ELSE cameras.offline_at END,
        finding_id = CASE WHEN heard.at + heard.patience >= :now THEN NULL ELSE cameras.finding_id END
    FROM unnest(CAST(:cameras AS text[]), CAST(:times AS timestamptz[]), CAST(:patience AS interval[]))
        AS heard (camera, at, patience)
    WHERE cameras.camera = heard.camera
""")


class Repository(tray.Repository):
    items = tables.items

    # -- the register --------------------------------------------------------------------------------

    def add_camera(self, camera: Camera) -> bool:
        """False when the id is in the register."""
        statement = insert(cameras).values(vars(camera)).on_conflict_do_nothing()
        return self.connection.execute(statement.returning(cameras.c.camera)).first() is not None

    def lock_cameras(self, ids: Iterable[str]) -> dict[str, Camera]:
        wanted = cameras.c.camera == func.any(sorted(set(ids)))
        rows = self.connection.execute(
            select(cameras).where(wanted).order_by(cameras.c.camera).with_for_update(key_share=True)
        )
        return {row.camera: Camera(**row._mapping) for row in rows}

    def camera(self, id: str) -> Camera:
        """Raises UnknownCamera."""
        try:
            return self.lock_cameras([id])[id]
        except KeyError:
            raise UnknownCamera(camera=id) from None

    def save_camera(self, camera: Camera) -> None:
        self.connection.execute(update(cameras).where(cameras.c.camera == camera.camera).values(vars(camera)))

    # -- signals -------------------------------------------------------------------------------------

    def claim_signals(self, ids: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Of these (camera, id) those that have not had their effect: a redelivered alarm is not a second one."""
        keys = sorted(set(ids))
        if not keys:
            return set()
        rows = self.connection.execute(
            insert(inbox).on_conflict_do_nothing().returning(inbox.c.source, inbox.c.id),
            [{"source": f"device:{camera}", "id": id} for camera, id in keys],
        )
        return {(row.source.removeprefix("device:"), row.id) for row in rows}

    # -- silence -------------------------------------------------------------------------------------

    def note_heartbeats(self, heard: Mapping[str, tuple[datetime, timedelta]], now: datetime) -> None:
        """All of a batch in one statement: camera -> (when, how long it may be silent)."""
        if heard:
            self.connection.execute(
                HEARD,
                {
                    "cameras": list(heard),
                    "times": [at for at, _ in heard.values()],
                    "patience": [patience for _, patience in heard.values()],
                    "now": now,
                },
            )

    def find_silent(self, now: datetime) -> list[str]:
        """Marks as offline whoever was silent too long; reads only those, from the index."""
        silent = (
            select(cameras.c.camera)
            .where(text("status = 'online'"), cameras.c.silent_at < now)
            .order_by(cameras.c.camera)
            .with_for_update(key_share=True)
            .cte("silent")
        )
        marked = self.connection.execute(
            update(cameras)
            .where(cameras.c.camera == silent.c.camera)
            .values(status="offline", offline_at=now)
            .returning(cameras.c.camera)
        )
        return list(marked.scalars())

    def unreported(self) -> list[Camera]:
        """Offline, and the front desk does not know."""
        rows = self.connection.execute(
            select(cameras)
            .where(text("status = 'offline' AND finding_id IS NULL"))
            .order_by(cameras.c.camera)
            .with_for_update(key_share=True)
        )
        return [Camera(**row._mapping) for row in rows]

    def give_finding(self, ids: Sequence[str], finding_id: str | None) -> None:
        self.connection.execute(
            update(cameras).where(cameras.c.camera == func.any(list(ids))).values(finding_id=finding_id)
        )

    # -- findings ------------------------------------------------------------------------------------

    def add_finding(self, finding: Finding) -> None:
        self.connection.execute(insert(findings).values(vars(finding)))

    def cameras_of_finding(self, finding_id: str) -> list[str]:
        """Not locked: only to know which cameras to lock first."""
        found = self.connection.scalar(select(findings.c.cameras).where(findings.c.finding_id == finding_id))
        return list(found or [])

    def finding(self, finding_id: str) -> Finding | None:
        return self._finding(findings.c.finding_id == finding_id)

    def open_mass_finding(self, community: str) -> Finding | None:
        return self._finding(
            and_(
                text("state = 'open'"),
                findings.c.kind == "mass",
                findings.c.place.startswith(community, autoescape=True),
            )
        )

    def save_finding(self, finding: Finding) -> None:
        self.connection.execute(
            update(findings).where(findings.c.finding_id == finding.finding_id).values(vars(finding))
        )

    def _finding(self, which: Any) -> Finding | None:
        row = self.connection.execute(
            select(findings)
            .where(which)
            .order_by(findings.c.raised_at)
            .limit(1)
            .with_for_update(key_share=True)
        ).first()
        return Finding(**row._mapping) if row else None

    # -- alarms --------------------------------------------------------------------------------------

    def latest_alarm(self, camera: str, type: str) -> Alarm | None:
        """The caller holds the camera's lock."""
        row = self.connection.execute(
            select(alarms)
            .where(alarms.c.camera == camera, alarms.c.type == type)
            .order_by(alarms.c.last_at.desc())
            .limit(1)
        ).first()
        return Alarm(**row._mapping) if row else None

    def camera_of_alarm(self, alarm_no: str) -> str:
        """Raises UnknownAlarm."""
        found = self.connection.scalar(select(alarms.c.camera).where(alarms.c.alarm_no == alarm_no))
        if found is None:
            raise UnknownAlarm(alarm_no=alarm_no)
        return str(found)

    def alarm(self, alarm_no: str) -> Alarm:
        row = self.connection.execute(select(alarms).where(alarms.c.alarm_no == alarm_no)).one()
        return Alarm(**row._mapping)

    def alarms_of_finding(self, finding_id: str) -> list[Alarm]:
        rows = self.connection.execute(select(alarms).where(alarms.c.finding_id == finding_id))
        return [Alarm(**row._mapping) for row in rows]

    def add_alarm(self, alarm: Alarm) -> None:
        self.connection.execute(insert(alarms).values(vars(alarm)))

    def save_alarm(self, alarm: Alarm) -> None:
        self.connection.execute(update(alarms).where(alarms.c.alarm_no == alarm.alarm_no).values(vars(alarm)))

    # -- access --------------------------------------------------------------------------------------

    def add_grants(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.connection.execute(insert(grants), [dict(row) for row in rows])

    def revoke_grants(self, task_id: str, at: datetime) -> Sequence[Row[Any]]:
        mine = and_(grants.c.task_id == task_id, grants.c.revoked_at.is_(None))
        return self.connection.execute(
            update(grants).where(mine).values(revoked_at=at).returning(grants.c.kind, grants.c.subject)
        ).all()

    # -- looking at recordings -----------------------------------------------------------------------

    def add_viewing(self, viewing: Viewing) -> None:
        self.connection.execute(insert(viewings).values(vars(viewing)))

    def viewing(self, viewing_no: str) -> Viewing:
        """Raises UnknownViewing."""
        row = self.connection.execute(
            select(viewings).where(viewings.c.viewing_no == viewing_no).with_for_update(key_share=True)
        ).first()
        if row is None:
            raise UnknownViewing(viewing_no=viewing_no)
        return Viewing(**row._mapping)

    def save_viewing(self, viewing: Viewing) -> None:
        self.connection.execute(
            update(viewings).where(viewings.c.viewing_no == viewing.viewing_no).values(vars(viewing))
        )

    def append_lookup(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """One writer at a time, whatever their number: a chain has one end."""
        self.connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('lookups'))"))
        last = self.connection.execute(
            select(lookups.c.no, lookups.c.hash).order_by(lookups.c.no.desc()).limit(1)
        ).first()
        no, previous = (last.no + 1, last.hash) if last else (1, GENESIS)
        chained = {**line, "no": no, "previous": previous, "hash": link(previous, line)}
        self.connection.execute(insert(lookups).values(chained))
        return chained
