"""The register, alarms and viewings as screens see them. What is outside the caller's areas does not exist for him."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import false, or_, select

from services.backoffice import tray
from services.cameras.model import NotYourCameras, UnknownCamera, UnknownViewing, first_broken, is_ours
from services.cameras.tables import alarms, cameras, grants, items, lookups, viewings
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import cameras as words
from services.contracts.messages import Query
from services.contracts.roles import Contract, may

LATEST = 20
PORTION = 1000
_CAMERA = (
    "camera", "name", "place", "address", "site", "zone", "status", "last_seen", "offline_at", "interval_s", "misses",
    "report_after_min",
)  # fmt: skip


def list_cameras(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(*(cameras.c[name] for name in _CAMERA)).where(
        _within(read, cameras.c.place, words.ListCameras)
    )
    if query.place:
        wanted = wanted.where(cameras.c.place.startswith(query.place, autoescape=True))
    if query.status:
        wanted = wanted.where(cameras.c.status == query.status)
    return page(read.connection, wanted, [cameras.c.camera], query)


def get_camera(read: Read, query: Any) -> dict[str, Any]:
    row = read.connection.execute(
        select(*(cameras.c[name] for name in _CAMERA)).where(
            cameras.c.camera == query.camera, _within(read, cameras.c.place, words.GetCamera)
        )
    ).first()
    if row is None:
        raise UnknownCamera(camera=query.camera)
    latest = read.connection.execute(
        select(alarms).where(alarms.c.camera == query.camera).order_by(alarms.c.last_at.desc()).limit(LATEST)
    )
    return {**row._mapping, "alarms": [dict(alarm._mapping) for alarm in latest]}


def list_alarms(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(alarms).where(_within(read, alarms.c.place, words.ListAlarms))
    if query.camera:
        wanted = wanted.where(alarms.c.camera == query.camera)
    if query.active is not None:
        wanted = wanted.where(alarms.c.active == query.active)
    if query.acknowledged is not None:
        seen = alarms.c.acknowledged_at
        wanted = wanted.where(seen.is_not(None) if query.acknowledged else seen.is_(None))
    return page(read.connection, wanted, [alarms.c.first_at, alarms.c.alarm_no], query, descending=True)


def list_viewings(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(viewings).where(_ours(read, viewings.c.place, words.ListViewings))
    if query.status:
        wanted = wanted.where(viewings.c.status == query.status)
    return page(read.connection, wanted, [viewings.c.asked_at, viewings.c.viewing_no], query, descending=True)


def get_viewing(read: Read, query: Any) -> dict[str, Any]:
    mine = _ours(read, viewings.c.place, words.GetViewing)
    row = read.connection.execute(
        select(viewings).where(viewings.c.viewing_no == query.viewing_no, mine)
    ).first()
    if row is None:
        raise UnknownViewing(viewing_no=query.viewing_no)
    under_it = read.connection.execute(
        select(lookups).where(lookups.c.viewing_no == query.viewing_no).order_by(lookups.c.no)
    )
    return {**row._mapping, "lookups": [dict(line._mapping) for line in under_it]}


def check_lookups(read: Read, query: Any) -> dict[str, Any]:
    """The last hash is worth writing down elsewhere: it shows a log that was cut short or wholly rewritten."""
    _ours(read, viewings.c.place, words.CheckLookups)
    count, last = 0, None

    def lines() -> Iterator[Any]:
        nonlocal count, last
        after = 0
        # Portion by portion: the log only grows, and may be longer than the memory.
        while True:
            portion = read.connection.execute(
                select(lookups).where(lookups.c.no > after).order_by(lookups.c.no).limit(PORTION)
            ).all()
            for row in portion:
                count, last = count + 1, row.hash
                yield row._mapping
            if len(portion) < PORTION:
                return
            after = portion[-1].no

    broken = first_broken(lines())
    return {"intact": broken is None, "first_broken": broken, "lines": count, "last_hash": last}


def list_grants(read: Read, query: Any) -> dict[str, Any]:
    mine = _ours(read, grants.c.place, words.ListGrants)
    rows = read.connection.execute(
        select(grants).where(grants.c.case_no == query.case_no, mine).order_by(grants.c.grant_no)
    )
    return {"items": [dict(row._mapping) for row in rows]}


def _within(read: Read, place: Any, contract: Contract) -> Any:
    scopes = read.caller.scopes(*may(contract))
    return or_(false(), *(place.startswith(scope, autoescape=True) for scope in scopes))


def _ours(read: Read, place: Any, contract: Contract) -> Any:
    """Who looked at whom, and whose door and car are known, is itself sensitive: another department is refused."""
    if not (is_ours(read.caller) and read.caller.scopes(*may(contract))):
        raise NotYourCameras(place="、".join(read.caller.scopes()))
    return _within(read, place, contract)


QUERIES: dict[type[Query], Callable[..., Any]] = {
    **tray.queries(items),
    words.ListCameras: list_cameras,
    words.GetCamera: get_camera,
    words.ListAlarms: list_alarms,
    words.ListViewings: list_viewings,
    words.GetViewing: get_viewing,
    words.CheckLookups: check_lookups,
    words.ListGrants: list_grants,
}
