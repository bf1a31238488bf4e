"""Before anybody is asked: the plan, the list of buildings, the blocks and who enumerates them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from typing import Any

from services.census import figures, model
from services.census.forms import CHINA
from services.chassis.database import Work
from services.chassis.errors import Invalid
from services.chassis.identifiers import new_id

COLUMNS = ("building", "address", "longitude", "latitude", "persons")
MOST_BUILDINGS = 50_000
FAULTS_TOLD = 200

Sentences = dict[str, tuple[str, str]]


def plan_census(work: Work, command: Any) -> dict[str, Any]:
    if not model.leads(work.caller, command.place):
        raise model.OutsideYourArea(place=command.place)
    _read_area(command.area)
    _at_the_reference_time(command)
    census = model.Census(
        new_id(), command.name, command.place, command.reference_at, command.area,
        command.seed or model.new_seed(), "planned", work.now, work.caller.account,
    )  # fmt: skip
    work.store.add_census(census)
    return census.face()


def _at_the_reference_time(command: Any) -> None:
    at = command.reference_at.astimezone(CHINA)
    month, day, hour = figures.figures_for(at.date(), command.place).reference
    if (at.month, at.day, at.time()) != (month, day, time(hour)):
        zh, en = (
            f"普查时点应为 {month} 月 {day} 日 {hour} 时。",
            f"The reference time is {hour}:00 on {day}/{month}.",
        )
        raise Invalid.fields({"reference_at": (zh, en)})


def _read_area(area: Mapping[str, Any]) -> Any:
    # Drawing alone needs shapely; a service that enumerates for weeks does without its 18 MiB.
    from services.census import mosaic

    try:
        return mosaic.read_area(area)
    except mosaic.BadArea as fault:
        raise Invalid.fields({"area": fault.sentences}) from None


def led(work: Work, census_id: str) -> model.Census:
    """Locked; of another's area nobody is told that it exists."""
    census: model.Census | None = work.store.census(census_id)
    if census is None or not model.leads(work.caller, census.place):
        raise model.UnknownCensus()
    return census


# -- buildings -------------------------------------------------------------------------------------------


def import_buildings(work: Work, command: Any) -> dict[str, Any]:
    """All or nothing: every bad row is told, and then none is kept."""
    census = led(work, command.census_id)
    census.move("import")
    _nobody_listed(work, census)
    told = list(_told(command))
    rows, faults = _read(told)
    faults |= _outside(census, rows)
    if not told:
        faults["rows"] = ("没有一行楼栋。", "There is no row.")
    if faults:
        raise Invalid.fields(dict(list(faults.items())[:FAULTS_TOLD]), rows=len(told), faults=len(faults))
    if not command.dry_run:
        work.store.forget_blocks(census.id)
        work.store.put_buildings(census.id, rows)
        work.store.save_census(census)
    return {
        "buildings": len(rows),
        "persons": sum(row["persons"] for row in rows),
        "kept": not command.dry_run,
    }


def _nobody_listed(work: Work, census: model.Census) -> None:
    if listed := work.store.listed(census.id):
        raise model.NotReady(open="已列入户名册的户 households on the list", count=listed)


def _told(command: Any) -> Iterator[Mapping[str, Any]]:
    if (command.csv is None) == (command.geojson is None):
        raise Invalid.fields({"csv": ("csv 与 geojson 请提交其一。", "Give either csv or geojson.")})
    if command.csv is not None:
        reader = csv.DictReader(io.StringIO(command.csv.removeprefix("\ufeff")))
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            names = ", ".join(sorted(missing))
            raise Invalid.fields({"csv": (f"缺少列：{names}。", f"Columns are missing: {names}.")})
        yield from reader
        return
    features = command.geojson.get("features")
    if not isinstance(features, list):
        raise Invalid.fields({"geojson": ("应为 FeatureCollection。", "A FeatureCollection is expected.")})
    for feature in features:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        point: Any = geometry.get("coordinates") if isinstance(geometry, dict) else None
        there = isinstance(point, list) and len(point) >= 2
        yield {
            **(properties if isinstance(properties, dict) else {}),
            "longitude": point[0] if there else None,
            "latitude": point[1] if there else None,
        }


def _read(told: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], Sentences]:
    rows: list[dict[str, Any]] = []
    faults: Sentences = {}
    seen: set[str] = set()
    for number, row in enumerate(told, 1):
        if number > MOST_BUILDINGS:
            faults["rows"] = (f"最多 {MOST_BUILDINGS} 行。", f"{MOST_BUILDINGS} rows at most.")
            break
        wrong: Sentences = {}
        building = str(row.get("building") or "").strip()
        if not 0 < len(building) <= 64:
            wrong["building"] = ("应有楼栋编号。", "A building code is expected.")
        elif building in seen:
            wrong["building"] = ("编号重复。", "This code came before.")
        seen.add(building)
        longitude, latitude = _number(row.get("longitude")), _number(row.get("latitude"))
        if longitude is None or not -180 <= longitude <= 180:
            wrong["longitude"] = ("应为经度。", "A longitude is expected.")
        if latitude is None or not -90 <= latitude <= 90:
            wrong["latitude"] = ("应为纬度。", "A latitude is expected.")
        persons = _number(row.get("persons"))
        if persons is None or persons != int(persons) or not 0 <= persons <= 20_000:
            wrong["persons"] = ("应为估计人数（整数）。", "An estimated number of persons is expected.")
        faults |= {f"rows.{number}.{name}": sentence for name, sentence in wrong.items()}
        if not wrong:
            assert persons is not None
            rows.append(
                {"building": building, "address": str(row.get("address") or building)[:200],
                 "longitude": longitude, "latitude": latitude, "persons": int(persons)}
            )  # fmt: skip
    return rows, faults


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _outside(census: model.Census, rows: list[dict[str, Any]]) -> Sentences:
    from services.census import mosaic

    outside = mosaic.outside(_read_area(census.area), [_spot(row) for row in rows])
    return {
        f"buildings.{building}": ("楼栋不在普查区范围内。", "The building does not stand in the area.")
        for building in outside
    }


def _spot(row: Mapping[str, Any]) -> Any:
    from services.census import mosaic

    return mosaic.Spot(row["building"], row["longitude"], row["latitude"], row["persons"])


# -- blocks ----------------------------------------------------------------------------------------------


def draw_blocks(work: Work, command: Any) -> dict[str, Any]:
    census = led(work, command.census_id)
    _nobody_listed(work, census)
    census.move("draw")
    drawn = draw(work, census)
    work.store.save_census(census)
    strange = [block for block in drawn if not block["in_bounds"] or block["pieces"] > 1]
    return {
        "census_id": census.id,
        "state": census.state,
        "blocks": len(drawn),
        "persons": sum(block["persons"] for block in drawn),
        "out_of_bounds": [
            {name: block[name] for name in ("number", "persons", "in_bounds", "pieces")} for block in strange
        ],
    }


def draw(work: Work, census: model.Census) -> list[dict[str, Any]]:
    from services.census import mosaic

    rows = [row._mapping for row in work.store.buildings(census.id)]
    if not rows:
        raise model.NotReady(open="未导入楼栋 no building is imported", count=0)
    low, high = census.figures.bounds
    blocks = mosaic.draw(_read_area(census.area), [_spot(row) for row in rows], census.figures.target, high)
    drawn = [
        {"number": block.number, "persons": block.persons, "in_bounds": low <= block.persons <= high,
         "pieces": block.pieces, "geometry": block.geometry}
        for block in blocks
    ]  # fmt: skip
    work.store.forget_blocks(census.id)
    work.store.put_blocks(census.id, zip(drawn, (block.buildings for block in blocks), strict=True))
    return drawn


def assign_block(work: Work, command: Any) -> dict[str, Any]:
    census = led(work, command.census_id)
    census.must_be(*model.LISTING)
    if work.store.block(census.id, command.block) is None:
        raise model.UnknownBlock(block=command.block)
    work.store.assign_block(census.id, command.block, command.enumerator)
    return {"census_id": census.id, "block": command.block, "enumerator": command.enumerator}
