"""A community's map before it is stored: what is wrong with it, what is strange about it, and what it would change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry import Point, mapping, shape
from shapely.geometry.base import BaseGeometry

from services.chassis.errors import Invalid, NotFound, TooLarge
from services.chassis.identifiers import within
from services.registry import geometry

GRID_CODE = re.compile(r"\d{15}")
LONGITUDES, LATITUDES = (73.0, 136.0), (3.0, 54.0)
"""Where China is: what lies outside, but inside with its coordinates swapped, was written latitude first."""
SAME_PLACE = re.compile(r"(CRS84|EPSG:+(4326|4490))$")
"""Reference systems whose longitude and latitude are ours: WGS 84, and CGCS2000, which differs by centimetres."""
MOST_FEATURES = 200
MOST_SHOWN = 100


class GridMapHasFaults(Invalid):
    """The map was not stored: {faults}."""

    zh = "网格图未保存：{faults}。"


class UnknownMapVersion(NotFound):
    """The community {community} has no map of version {version}."""

    zh = "社区“{community}”没有第 {version} 版网格图。"


class NoGridHere(NotFound):
    """There is no grid at this point in your area."""

    zh = "您的辖区内，该位置没有网格。"


class MapTooLarge(TooLarge):
    """More than {most} grids lie in this area; ask for a community or a street."""

    zh = "该范围内的网格超过 {most} 个，请选择社区或街道。"


class UnknownGridWorker(NotFound):
    """{account} does not walk the grid {grid}."""

    zh = "“{account}”不是网格“{grid}”的在岗网格员。"


@dataclass(frozen=True)
class Remark:
    """One thing about the map. A fault keeps it from being stored, a warning does not."""

    kind: str
    zh: str
    en: str
    grids: tuple[str, ...] = ()
    area: int | None = None
    geometry: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None} | {
            "grids": list(self.grids)
        }


@dataclass(frozen=True)
class DrawnGrid:
    code: str
    name: str
    geometry: dict[str, Any]
    shape: BaseGeometry


@dataclass(frozen=True)
class Standing:
    """A building where it is on the map in force, and how many homes are in it."""

    code: str
    grid: str
    point: tuple[float, float] | None
    households: int


@dataclass
class Plan:
    """What a new map is and does."""

    grids: list[DrawnGrid] = field(default_factory=list)
    faults: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    redrawn: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    moving: list[dict[str, str]] = field(default_factory=list)
    households: dict[str, int] = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("new", "redrawn", "renamed", "retired")} | {
            "buildings": self.moving
        }

    @property
    def changes_something(self) -> bool:
        return any(self.changes.values())

    def report(self) -> dict[str, Any]:
        return {
            "grids": len(self.grids),
            "faults": [fault.as_dict() for fault in self.faults[:MOST_SHOWN]],
            "warnings": [warning.as_dict() for warning in self.warnings[:MOST_SHOWN]],
            "left_off": max(0, len(self.faults) - MOST_SHOWN) + max(0, len(self.warnings) - MOST_SHOWN),
            "changes": self.changes,
            "households": self.households,
        }


# -- reading -------------------------------------------------------------------------------------------


def read(collection: Mapping[str, Any], community: str) -> tuple[list[DrawnGrid], list[Remark]]:
    """The grids that can be read, and a fault for everything that cannot."""
    if fault := _wrong_system(collection):
        return [], [fault]
    features = collection.get("features")
    if collection.get("type") != "FeatureCollection" or not isinstance(features, list) or not features:
        return [], [
            Remark("not-a-map", "应为包含要素的 FeatureCollection", "not a FeatureCollection with features")
        ]
    if len(features) > MOST_FEATURES:
        en = f"{len(features)} grids; a community has at most {MOST_FEATURES}"
        return [], [Remark("too-many", f"共 {len(features)} 个网格，一个社区至多 {MOST_FEATURES} 个", en)]
    grids: list[DrawnGrid] = []
    faults: list[Remark] = []
    for place, feature in enumerate(features, 1):
        grid, said = _grid(feature, place, community)
        faults += said
        if grid:
            grids.append(grid)
    for code, times in Counter(grid.code for grid in grids).items():
        if times > 1:
            zh, en = f"网格 {code} 出现 {times} 次", f"the grid {code} is drawn {times} times"
            faults.append(Remark("twice", zh, en, (code,)))
    return list({grid.code: grid for grid in grids}.values()), faults


def _wrong_system(collection: Mapping[str, Any]) -> Remark | None:
    """Old GeoJSON may name its reference system; the present one knows WGS 84 only."""
    crs = collection.get("crs")
    if crs is None:
        return None
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = str(properties.get("name") if isinstance(properties, Mapping) else crs)
    if SAME_PLACE.search(name):
        return None
    zh, en = (
        f"坐标系 {name} 不受支持，请转换为 WGS 84 经纬度",
        f"coordinates are in {name}; convert them to WGS 84",
    )
    return Remark("crs", zh, en)


def _grid(feature: Any, place: int, community: str) -> tuple[DrawnGrid | None, list[Remark]]:
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    shapes = feature.get("geometry") if isinstance(feature, Mapping) else None
    if not isinstance(properties, Mapping) or not isinstance(shapes, Mapping):
        zh, en = f"第 {place} 个要素缺少属性或图形", f"feature {place} lacks properties or a shape"
        return None, [Remark("not-a-feature", zh, en)]
    code, name = str(properties.get("code") or ""), str(properties.get("name") or "").strip()
    called = code or str(place)
    faults = []
    if not GRID_CODE.fullmatch(code):
        zh = f"第 {place} 个要素的网格编码“{code}”应为 15 位数字（区 6、街道 3、社区 3、网格 3）"
        en = f"the code {code!r} of feature {place} is not 15 digits (district 6, street 3, community 3, grid 3)"
        faults.append(Remark("bad-code", zh, en, (called,)))
    elif not within(code, community):
        zh, en = f"网格 {code} 不属于社区 {community}", f"{code} is no grid of the community {community}"
        faults.append(Remark("foreign-code", zh, en, (code,)))
    if not 1 <= len(name) <= 60:
        zh, en = f"网格 {called} 缺少名称（至多 60 字）", f"{called} has no name (at most 60 characters)"
        faults.append(Remark("no-name", zh, en, (called,)))
    if misplaced := _misplaced(shapes, called):
        return None, [*faults, misplaced]
    try:
        drawn = geometry.read(shapes, called)
    except Invalid as error:
        ((zh, en),) = error.field_sentences.values()
        return None, [*faults, Remark("bad-shape", f"{called}：{zh}", f"{called}: {en}", (called,))]
    return (None if faults else DrawnGrid(code, name, dict(shapes), drawn)), faults


def _misplaced(shapes: Mapping[str, Any], code: str) -> Remark | None:
    """Latitude before longitude, or metres of a projection: the two mistakes everybody makes once."""
    try:
        west, south, east, north = shape(shapes).bounds
    except Exception:
        return None  # cannot be read at all: told by whoever reads it
    if max(abs(west), abs(east), abs(south), abs(north)) > 180:
        zh = f"{code} 的坐标不是经纬度（疑为投影坐标，单位米），请转换为 WGS 84"
        en = f"{code} is not in degrees (metres of a projection?); convert it to WGS 84"
        return Remark("crs", zh, en, (code,))
    if _inside(west, east, LATITUDES) and _inside(south, north, LONGITUDES):
        zh = f"{code} 的坐标顺序颠倒，应为经度在前、纬度在后"
        return Remark("swapped", zh, f"{code} has latitude before longitude", (code,))
    return None


def _inside(least: float, most: float, span: tuple[float, float]) -> bool:
    return span[0] <= least <= most <= span[1]


# -- planning ------------------------------------------------------------------------------------------


def plan(
    grids: Sequence[DrawnGrid],
    known: Mapping[str, Mapping[str, Any]],
    buildings: Iterable[Standing],
    homeless: Mapping[str, int],
    boundary: BaseGeometry | None,
    size: Mapping[str, int],
) -> Plan:
    """`known` is the map in force (code -> name and geometry), `homeless` the households of no building by grid."""
    made = Plan(grids=list(grids))
    shapes = {grid.code: grid.shape for grid in grids}
    made.faults += [
        Remark(fault.kind, *fault.sentence(), fault.grids, fault.area, fault.geometry)
        for fault in geometry.faults(shapes, boundary)
    ]
    for grid in grids:
        before = known.get(grid.code)
        if before is None:
            made.new.append(grid.code)
        else:
            if before["geometry"] != grid.geometry:
                made.redrawn.append(grid.code)
            if before["name"] != grid.name:
                made.renamed.append(grid.code)
        west, south, east, north = grid.shape.bounds
        if not (_inside(west, east, LONGITUDES) and _inside(south, north, LATITUDES)):
            zh, en = f"{grid.code} 不在中国范围内", f"{grid.code} lies outside China"
            made.warnings.append(Remark("far-away", zh, en, (grid.code,)))
    made.retired = sorted(known.keys() - shapes.keys())
    made.households = dict.fromkeys(shapes, 0)
    _place_buildings(made, shapes, buildings)
    for code, count in homeless.items():
        if code in made.households:
            made.households[code] += count
        else:
            zh, en = (
                f"{code} 有 {count} 户未关联楼栋，不能撤销",
                f"{code} has {count} households of no building",
            )
            made.faults.append(Remark("in-use", zh, en, (code,)))
    for code, count in made.households.items():
        if not size["least"] <= count <= size["most"]:
            span = f"{size['least']}–{size['most']}"
            zh, en = f"{code} 有 {count} 户，标准为 {span} 户", f"{code} has {count} households, not {span}"
            made.warnings.append(Remark("size", zh, en, (code,)))
    return made


def _place_buildings(made: Plan, shapes: Mapping[str, BaseGeometry], buildings: Iterable[Standing]) -> None:
    codes = sorted(shapes)
    tree = shapely.STRtree([shapes[code] for code in codes])
    for building in buildings:
        there = building.grid
        if building.point:
            point = Point(building.point)
            found = sorted(codes[i] for i in tree.query(point, predicate="intersects"))
            # On a border the building stays where it is.
            if found and there not in found:
                there = found[0]
            elif not found:
                zh, en = f"楼栋 {building.code} 在所有网格之外", f"{building.code} stands in no grid"
                where = mapping(point)
                made.warnings.append(Remark("outside", zh, en, (building.grid,), geometry=where))
        if there not in shapes:
            zh = f"网格 {there} 撤销后，楼栋 {building.code} 没有网格"
            en = f"without the grid {there} the building {building.code} is in none"
            made.faults.append(Remark("left-alone", zh, en, (there,)))
            continue
        made.households[there] += building.households
        if there != building.grid:
            made.moving.append({"building": building.code, "from": building.grid, "to": there})


def holding(plan: Plan, longitude: float, latitude: float) -> DrawnGrid | None:
    """The grid of a new map that holds a point."""
    point = Point(longitude, latitude)
    return next((grid for grid in plan.grids if grid.shape.covers(point)), None)


# -- neighbours ----------------------------------------------------------------------------------------


def shared_border(one: BaseGeometry, other: BaseGeometry) -> int:
    """Metres of border that two grids share; a common corner is none. Hand-drawn borders differ by centimetres."""
    tolerance = 0.5 / geometry.METRES_PER_DEGREE
    strip = one.buffer(tolerance).intersection(other.boundary)
    return round(geometry.metres(strip)) if strip.length > 4 * tolerance else 0
