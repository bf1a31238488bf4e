"""Do polygons tile an area? Overlaps and gaps, measured in square metres.

Grids are drawn by hand from the same streets, so borders differ by centimetres; a fault is told
from one square metre on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import shapely
from shapely import affinity
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from services.chassis.errors import Invalid

LEAST_FAULT = 1.0
METRES_PER_DEGREE = 111_320.0
MOST_POINTS = 20_000

Geometry = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    kind: str
    """overlap, gap, or apart: a piece that touches no other."""
    grids: tuple[str, ...]
    area: int
    geometry: dict[str, Any]

    def sentence(self) -> tuple[str, str]:
        names = "、".join(self.grids), ", ".join(self.grids)
        return {
            "overlap": (f"{names[0]} 重叠 {self.area} 平方米", f"{names[1]} overlap by {self.area} m²"),
            "gap": (
                f"{names[0]} 之间有 {self.area} 平方米空隙",
                f"a gap of {self.area} m² beside {names[1]}",
            ),
            "apart": (f"{names[0]} 与其他网格不相连", f"{names[1]} does not touch the others"),
        }[self.kind]


def read(geometry: Geometry, path: str) -> BaseGeometry:
    """A GeoJSON polygon as shapely's; every fault of the shape itself is told with its path."""
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise _refuse(path, "应为 Polygon 或 MultiPolygon", "must be a Polygon or MultiPolygon")
    try:
        drawn = shape(geometry)
        if shapely.get_num_coordinates(drawn) > MOST_POINTS:
            raise _refuse(path, f"顶点超过 {MOST_POINTS} 个", f"has more than {MOST_POINTS} points")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        raise _refuse(path, "坐标无法读取", "has coordinates that cannot be read") from None
    west, south, east, north = drawn.bounds if not drawn.is_empty else (math.nan,) * 4
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _refuse(path, "坐标须为经度、纬度", "must be longitude and latitude")
    if not drawn.is_valid:
        reason = shapely.is_valid_reason(drawn)
        raise _refuse(path, f"图形无效：{reason}", f"is not a valid shape: {reason}")
    return drawn


def _refuse(path: str, zh: str, en: str) -> Invalid:
    return Invalid.fields({path: (zh + "。", f"The shape {en}.")})


def faults(grids: Mapping[str, BaseGeometry], boundary: BaseGeometry | None = None) -> list[Fault]:
    """Every overlap of two grids and every gap between them (or between them and the boundary)."""
    codes, drawn = list(grids), list(grids.values())
    scale = square_metres_per_square_degree(drawn)
    tree = shapely.STRtree(drawn)
    found = []
    for i, j in zip(*tree.query(drawn, predicate="intersects"), strict=True):
        if i < j:
            common = drawn[i].intersection(drawn[j])
            if (area := common.area * scale) >= LEAST_FAULT:
                found.append(Fault("overlap", (codes[i], codes[j]), round(area), mapping(common)))
    covered = shapely.union_all(drawn)
    missing = boundary.difference(covered) if boundary is not None else _holes(covered, drawn)
    for hole in _parts(missing):
        if (area := hole.area * scale) >= LEAST_FAULT:
            beside = tuple(sorted(codes[i] for i in tree.query(hole, predicate="intersects")))
            found.append(Fault("gap", beside, round(area), mapping(hole)))
    if boundary is None:
        found += [_apart(piece, codes, tree, scale) for piece in sorted(_parts(covered), key=_area)[:-1]]
    return found


def _holes(covered: BaseGeometry, drawn: list[BaseGeometry]) -> BaseGeometry:
    """What the grids enclose without covering it. A courtyard a grid itself leaves out is a gap, too."""
    return shapely.union_all([shapely.Polygon(part.exterior) for part in _parts(covered)]).difference(covered)


def _apart(piece: BaseGeometry, codes: list[str], tree: shapely.STRtree, scale: float) -> Fault:
    inside = tuple(sorted(codes[i] for i in tree.query(piece, predicate="intersects")))
    return Fault("apart", inside, round(piece.area * scale), mapping(piece))


def _parts(drawn: BaseGeometry) -> list[BaseGeometry]:
    return [part for part in shapely.get_parts(drawn) if part.geom_type == "Polygon"]


def _area(drawn: BaseGeometry) -> float:
    return float(drawn.area)


def square_metres_per_square_degree(drawn: list[BaseGeometry]) -> float:
    """Flat within a community: a degree of longitude shrinks with the cosine of the latitude."""
    latitude = sum(one.centroid.y for one in drawn) / len(drawn)
    return METRES_PER_DEGREE**2 * math.cos(math.radians(latitude))


def metres(line: BaseGeometry) -> float:
    """The length of a line, flat around its middle."""
    across = math.cos(math.radians(line.centroid.y))
    return float(affinity.scale(line, METRES_PER_DEGREE * across, METRES_PER_DEGREE).length)


def lattice(
    west: float, south: float, width: float, height: float, columns: int, rows: int, bend: Any
) -> list[dict[str, Any]]:
    """Adjacent quadrilaterals whose shared corners are bent by `bend()`: streets are never quite straight."""
    corners = {
        (x, y): (round(west + width * x / columns + bend(), 6), round(south + height * y / rows + bend(), 6))
        for x in range(columns + 1)
        for y in range(rows + 1)
    }
    cells = []
    for y0, y1 in pairwise(range(rows + 1)):
        for x0, x1 in pairwise(range(columns + 1)):
            ring = [corners[at] for at in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))]
            cells.append({"type": "Polygon", "coordinates": [[list(point) for point in ring]]})
    return cells
