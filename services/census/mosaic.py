"""Enumeration blocks: buildings in groups of about so many persons, and for each group its part of the area.

Grouping is recursive bisection: a group that is to become k blocks is cut across its longer side, where the persons
before the cut are nearest to ⌊k/2⌋/k of all; across the other side, or through a row, where buildings in rows and columns
leave no good cut. A building of more persons than a block may have is a block by itself. The
area of a block is the union of its buildings' Voronoi cells within the census area, so a border runs half way between
buildings, blocks cannot overlap and nothing is left over. No chance in it: the same list gives the same blocks.

shapely costs 18 MiB; the service imports this room only when blocks are drawn (see handlers/planning.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

METRES_PER_DEGREE = 111_320.0
MOST_POINTS = 20_000
SLACK = 0.07
"""Share of a block by which a straight cut may miss before a row of buildings is parted instead."""

Point = tuple[float, float]


class BadArea(ValueError):
    """Why a shape is no area, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.sentences = (zh, en)


@dataclass(frozen=True)
class Spot:
    """A building as the drawing sees it."""

    building: str
    longitude: float
    latitude: float
    persons: int


@dataclass(frozen=True)
class Block:
    number: int
    buildings: tuple[str, ...]
    persons: int
    geometry: dict[str, Any]
    pieces: int
    """1 when the block hangs together."""


def read_area(geometry: Mapping[str, Any]) -> BaseGeometry:
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise BadArea("应为 Polygon 或 MultiPolygon。", "Must be a Polygon or MultiPolygon.")
    try:
        drawn = shape(geometry)
        points = shapely.get_num_coordinates(drawn)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        raise BadArea("坐标无法读取。", "The coordinates cannot be read.") from None
    west, south, east, north = drawn.bounds if not drawn.is_empty else (math.nan,) * 4
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90) or points > MOST_POINTS:
        raise BadArea(
            f"坐标须为经度、纬度，顶点不超过 {MOST_POINTS} 个。",
            f"Longitude and latitude are expected, {MOST_POINTS} points at most.",
        )
    if not drawn.is_valid:
        raise BadArea("图形自相交或无效。", f"Not a valid shape: {shapely.is_valid_reason(drawn)}.")
    return drawn


def united(areas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One shape of polygons that tile it."""
    whole: dict[str, Any] = mapping(shapely.union_all([shape(area) for area in areas]))
    return whole


def outside(area: BaseGeometry, spots: Sequence[Spot]) -> list[str]:
    """Buildings that do not stand in the area."""
    shapely.prepare(area)
    points = shapely.points([[spot.longitude, spot.latitude] for spot in spots]) if spots else []
    return [
        spot.building for spot, inside in zip(spots, shapely.covers(area, points), strict=True) if not inside
    ]


def draw(area: BaseGeometry, spots: Sequence[Spot], target: int, most: int) -> list[Block]:
    """Blocks numbered in the order of the cuts, from west to east and south to north."""
    if not spots:
        return []
    flat = math.cos(math.radians(area.centroid.y))
    spots = sorted(spots, key=lambda spot: spot.building)
    at = [(spot.longitude * METRES_PER_DEGREE * flat, spot.latitude * METRES_PER_DEGREE) for spot in spots]
    members = _groups(at, [spot.persons for spot in spots], target, most)
    cells = _cells(area, at, flat)
    blocks = []
    for number, group in enumerate(members, 1):
        drawn = shapely.union_all([cells[at[index]] for index in group if at[index] in cells])
        blocks.append(
            Block(
                number,
                tuple(spots[index].building for index in group),
                sum(spots[index].persons for index in group),
                mapping(drawn),
                sum(part.geom_type == "Polygon" for part in shapely.get_parts(drawn)),
            )
        )
    return blocks


def _groups(at: list[Point], persons: list[int], target: int, most: int) -> list[list[int]]:
    together: dict[Point, list[int]] = {}  # what stands on one point cannot be parted by a line
    for index, point in enumerate(at):
        together.setdefault(point, []).append(index)
    heaps = list(together.items())
    weight = {point: sum(persons[index] for index in members) for point, members in heaps}
    large = [point for point, _ in heaps if weight[point] > most]
    rest = [point for point, _ in heaps if weight[point] <= most]
    total = sum(weight[point] for point in rest)
    found = [[point] for point in large]
    if rest:
        found += _cut(rest, weight, max(1, round(total / target)), target * SLACK)
    found.sort(key=lambda group: (min(x for x, _ in group), min(y for _, y in group)))
    return [sorted(index for point in group for index in together[point]) for group in found]


def _cut(points: list[Point], weight: Mapping[Point, int], parts: int, slack: float) -> list[list[Point]]:
    if parts <= 1 or len(points) == 1:
        return [points]
    first = parts // 2
    wanted = _persons(points, weight) * first / parts
    wide = max(x for x, _ in points) - min(x for x, _ in points)
    high = max(y for _, y in points) - min(y for _, y in points)
    ways = [_best(points, weight, wanted, axis) for axis in ((0, 1) if wide >= high else (1, 0))]
    order, place, off = ways[0] if ways[0][2] <= slack else min(ways, key=lambda way: way[2])
    if off > slack:  # Whole rows are too coarse: the row that lies across the cut is parted, too.
        before = list(accumulate(weight[point] for point in order[:-1]))
        place = min(range(len(before)), key=lambda at: abs(before[at] - wanted)) + 1
    near, far = order[:place], order[place:]
    return _cut(near, weight, first, slack) + _cut(far, weight, parts - first, slack)


def _best(
    points: list[Point], weight: Mapping[Point, int], wanted: float, axis: int
) -> tuple[list[Point], int, float]:
    """Along an axis: the order, where a straight cut between two rows comes nearest, and by how many persons it is off."""
    order = sorted(points, key=lambda point: (point[axis], point[1 - axis]))
    place, off, before = 0, math.inf, 0
    for at in range(1, len(order)):
        before += weight[order[at - 1]]
        if order[at][axis] > order[at - 1][axis] and abs(before - wanted) < off:
            place, off = at, abs(before - wanted)
    return order, place, off


def _persons(points: Sequence[Point], weight: Mapping[Point, int]) -> int:
    return sum(weight[point] for point in points)


def _cells(area: BaseGeometry, at: list[Point], flat: float) -> dict[Point, BaseGeometry]:
    """For every point the part of the area that is nearer to it than to any other."""
    points = sorted(set(at))
    if len(points) == 1:
        return {points[0]: area}
    to_metres, to_degrees = (
        lambda c: c * [METRES_PER_DEGREE * flat, METRES_PER_DEGREE],
        lambda c: c / [METRES_PER_DEGREE * flat, METRES_PER_DEGREE],
    )
    measured = shapely.transform(area, to_metres)
    drawn = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=measured, ordered=True)
    cells = shapely.transform(list(shapely.get_parts(drawn)), to_degrees)
    return dict(zip(points, shapely.intersection(cells, area), strict=True))
