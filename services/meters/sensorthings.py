"""OGC SensorThings 1.1, to read: meters as Things, registers as Datastreams, readings as Observations.

Tools that know the standard (dashboards, notebooks, GIS) read us without a line of code of ours. The resource path and
the `$` options are read here, `$filter` and `$orderby` become SQL by odata-query, and the tables at the end say what
an entity is made of. Source: OGC 18-088, Part 1: Sensing 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import quote

from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser
from odata_query.rewrite import AliasRewriter
from odata_query.sqlalchemy.core import AstToSqlAlchemyCoreVisitor
from sqlalchemy import ColumnElement, Select, Subquery, column, func, select, union
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.exc import DBAPIError

from services.chassis import clock
from services.chassis.database import Read, sqlstate
from services.chassis.errors import Invalid, NotFound
from services.contracts import meters as contract
from services.contracts.messages import Query
from services.meters.model import CANONICAL, plain
from services.meters.tables import meters, readings, registers
from services.meters.within import within

MOST, USUAL = 1000, 100
DEEPEST = 3
"""Levels of `$expand`: a Thing, its Datastreams, their Observations."""
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
UNITS = {
    "m3": {"name": "cubic metre", "symbol": "m³", "definition": "http://www.opengis.net/def/uom/UCUM/m3"},
    "kWh": {
        "name": "kilowatt hour",
        "symbol": "kWh",
        "definition": "http://www.opengis.net/def/uom/UCUM/kW.h",
    },
}
KINDS = {
    "water": ("Water meter 水表", "Cumulative volume of cold water 累计用水量"),
    "gas": ("Gas meter 燃气表", "Cumulative volume of gas 累计用气量"),
    "electricity": ("Electricity meter 电表", "Cumulative active energy 累计有功电量"),
}


class NoSuchResource(NotFound):
    """There is nothing at {path}; the collections are Things, Datastreams, Observations, Sensors, ObservedProperties."""

    zh = "没有资源“{path}”；可用的集合为 Things、Datastreams、Observations、Sensors、ObservedProperties。"


@dataclass(frozen=True)
class Options:
    """What the query, or an `$expand` in its parentheses, asks of one collection."""

    filter: str | None = None
    orderby: str | None = None
    top: int = USUAL
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] = ()
    expand: Mapping[str, Options] = field(default_factory=dict)


@dataclass(frozen=True)
class Entity:
    collection: str
    rows: Callable[[Read], Subquery]
    """Everything of the kind the caller may see."""
    key: tuple[str, ...]
    """Columns that together are its id, in the order of an index: pages neither overlap nor leave gaps."""
    names: Mapping[str, str]
    """Property in the standard's words -> column."""
    face: Callable[[Any], dict[str, Any]]
    many: Mapping[str, str] = field(default_factory=dict)
    """Navigation -> collection of those that have our key among their columns."""
    one: Mapping[str, str] = field(default_factory=dict)
    """Navigation -> collection whose key is among our columns."""
    small: bool = True
    """False where an order of one's own over the whole collection would read everything that is stored."""

    def id_of(self, row: Any) -> str:
        values = (getattr(row, column) for column in self.key)
        return ":".join(
            str((v - EPOCH) // MICROSECOND) if isinstance(v, datetime) else str(v) for v in values
        )

    def key_of(self, id: str) -> dict[str, Any] | None:
        """None for what cannot be an id of ours."""
        parts: list[Any] = id.rsplit(":", len(self.key) - 1)
        if len(parts) != len(self.key):
            return None
        key = dict(zip(self.key, parts, strict=True))
        try:
            if "at" in key:
                key["at"], key["seq"] = EPOCH + int(key["at"]) * MICROSECOND, int(key["seq"])
        except (ValueError, OverflowError):
            return None
        return key


def read_sensor_things(read: Read, query: Any) -> dict[str, Any]:
    options = _options(
        query.filter, query.orderby, query.top, query.skip, query.count, query.select, query.expand
    )
    root = query.root.rstrip("/")
    if not query.path.strip("/"):
        return {"value": [{"name": name, "url": f"{root}/{name}"} for name in ENTITIES]}
    try:
        return _walk(read, root, query.path.strip("/"), options)
    except DBAPIError as error:
        if sqlstate(error)[:2] in ("22", "42"):  # the comparison makes no sense for the types
            raise _mistake("$filter", "比较的类型不符。", "The compared types do not fit.") from error
        raise


# -- the resource path ---------------------------------------------------------------------------------

STEP = re.compile(r"(?P<name>[A-Za-z]+)(\('(?P<id>(?:[^']|'')*)'\))?")


def _walk(read: Read, root: str, path: str, options: Options) -> dict[str, Any]:
    """`Things('W-1')/Datastreams` and the like: one entity after another; the last step may be a collection."""
    steps = [STEP.fullmatch(step) for step in re.split(r"/(?=(?:[^']*'[^']*')*[^']*$)", path)]
    entity: Entity | None = None
    row: Any = None
    for number, step in enumerate(steps, 1):
        if step is None:
            raise NoSuchResource(path=path)
        name, id = step["name"], step["id"]
        narrowed: dict[str, Any] = {}
        if entity is None:
            target = ENTITIES.get(name)
        elif name in entity.many:
            target = ENTITIES[entity.many[name]]
            narrowed = {column: getattr(row, column) for column in entity.key}
        elif name in entity.one and id is None:
            target = ENTITIES[entity.one[name]]
            id = target.id_of(row)
        else:
            target = None
        if target is None or (id is None and number < len(steps)):
            raise NoSuchResource(path=path)
        if id is None:
            return _collection(read, root, target, narrowed, options, path)
        key = target.key_of(id.replace("''", "'"))
        row = _one(read, target, narrowed | key) if key else None
        if row is None:
            raise NoSuchResource(path=path)
        entity = target
    assert entity is not None
    return _face(read, root, entity, row, options, 0)


def _one(read: Read, entity: Entity, narrowed: Mapping[str, Any]) -> Any:
    rows = entity.rows(read)
    return read.connection.execute(_narrow(select(rows), rows, narrowed)).first()


def _collection(
    read: Read,
    root: str,
    entity: Entity,
    narrowed: Mapping[str, Any],
    options: Options,
    path: str,
    depth: int = 0,
) -> dict[str, Any]:
    rows = entity.rows(read)
    wanted = _narrow(select(rows), rows, narrowed)
    if options.filter:
        wanted = wanted.where(_condition(options.filter, entity, rows))
    answer: dict[str, Any] = {}
    if options.count:
        answer["@iot.count"] = read.connection.execute(
            select(func.count()).select_from(wanted.subquery())
        ).scalar_one()
    if options.orderby and not entity.small and not narrowed:
        raise _mistake(
            "$orderby", f"请先选定一个 Datastream，再对 {entity.collection} 排序。",
            f"Order {entity.collection} of one Datastream, not of all.",
        )  # fmt: skip
    wanted = (
        wanted.order_by(*_order(options.orderby, entity, rows)).offset(options.skip).limit(options.top + 1)
    )
    found = read.connection.execute(wanted).all()
    answer["value"] = [_face(read, root, entity, row, options, depth) for row in found[: options.top]]
    if len(found) > options.top and depth == 0:
        answer["@iot.nextLink"] = f"{root}/{quote(path, safe='/()')}?{_next(options)}"
    return answer


def _narrow(wanted: Select[Any], rows: Subquery, narrowed: Mapping[str, Any]) -> Select[Any]:
    return wanted.where(*(rows.c[column] == value for column, value in narrowed.items()))


def _next(options: Options) -> str:
    given = {"$top": options.top, "$skip": options.skip + options.top, "$filter": options.filter,
             "$orderby": options.orderby, "$select": ",".join(options.select), "$expand": _expand_text(options.expand),
             "$count": "true" if options.count else ""}  # fmt: skip
    return "&".join(f"{name}={quote(str(value))}" for name, value in given.items() if value)


def _expand_text(expand: Mapping[str, Options]) -> str:
    def one(name: str, inner: Options) -> str:
        parts = {"$filter": inner.filter, "$orderby": inner.orderby, "$select": ",".join(inner.select),
                 "$expand": _expand_text(inner.expand), "$top": inner.top if inner.top != USUAL else None}  # fmt: skip
        said = ";".join(f"{key}={value}" for key, value in parts.items() if value)
        return f"{name}({said})" if said else name

    return ",".join(one(name, inner) for name, inner in expand.items())


def _face(read: Read, root: str, entity: Entity, row: Any, options: Options, depth: int) -> dict[str, Any]:
    id = entity.id_of(row)
    own = f"{root}/{entity.collection}({_quoted(id)})"
    face: dict[str, Any] = {"@iot.id": id, "@iot.selfLink": own, **entity.face(row)}
    for name in (*entity.many, *entity.one):
        if name not in options.expand:
            face[f"{name}@iot.navigationLink"] = f"{own}/{name}"
    for name, inner in options.expand.items():
        if name in entity.many:
            mine = {column: getattr(row, column) for column in entity.key}
            found = _collection(read, root, ENTITIES[entity.many[name]], mine, inner, "", depth + 1)
            face[name] = found["value"]
        elif name in entity.one:
            target = ENTITIES[entity.one[name]]
            other = _one(read, target, {column: getattr(row, column) for column in target.key})
            face[name] = _face(read, root, target, other, inner, depth + 1)
        else:
            raise _mistake(
                "$expand", f"{entity.collection} 没有“{name}”。", f"{entity.collection} has no {name}."
            )
    if options.select:
        names = {"@iot.id" if name == "id" else name for name in options.select} | options.expand.keys()
        face = {name: value for name, value in face.items() if name in names}
    return face


def _quoted(id: str) -> str:
    doubled = id.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


# -- the `$` options -----------------------------------------------------------------------------------


def _options(
    filter: str | None, orderby: str | None, top: str | None, skip: str | None, count: str | None,
    chosen: str | None, expand: str | None, depth: int = 1,
) -> Options:  # fmt: skip
    return Options(
        filter=filter or None,
        orderby=orderby or None,
        top=min(_number("$top", top, USUAL), MOST),
        skip=_number("$skip", skip, 0),
        count=count == "true",
        select=tuple(name.strip() for name in (chosen or "").split(",") if name.strip()),
        expand=_expand(expand or "", depth),
    )


def _number(name: str, text: str | None, usual: int) -> int:
    if text is None or text == "":
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _mistake(name, "应为非负整数。", "A whole number is expected.")
    return int(text)


def _expand(text: str, depth: int) -> dict[str, Options]:
    """`Datastreams($top=5;$expand=Observations($top=1)),Sensor`, or the short form `Datastreams/Observations`."""
    found: dict[str, Options] = {}
    for part in _split(text, ","):
        if depth > DEEPEST:
            raise _mistake(
                "$expand", f"最多展开 {DEEPEST} 层。", f"At most {DEEPEST} levels can be expanded."
            )
        name, _, rest = part.partition("(")
        if rest and not rest.endswith(")"):
            raise _mistake("$expand", "括号不配对。", "A bracket is missing.")
        inner = dict(option.partition("=")[::2] for option in _split(rest[:-1], ";"))
        name, _, further = name.strip().partition("/")
        if further:
            inner["$expand"] = further
        found[name] = _options(
            inner.get("$filter"), inner.get("$orderby"), inner.get("$top"), inner.get("$skip"), None,
            inner.get("$select"), inner.get("$expand"), depth + 1,
        )  # fmt: skip
    return found


def _split(text: str, separator: str) -> list[str]:
    """At separators that stand neither in brackets nor in quotes."""
    parts, level, quoted, part = [], 0, False, ""
    for letter in text:
        quoted ^= letter == "'"
        if not quoted:
            level += (letter == "(") - (letter == ")")
        if letter == separator and level == 0 and not quoted:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [one.strip() for one in [*parts, part] if one.strip()]


def _condition(text: str, entity: Entity, rows: Subquery) -> ColumnElement[bool]:
    try:
        tree = ODataParser().parse(ODataLexer().tokenize(text.replace("@iot.id", "id")))
        tree = AliasRewriter(dict(entity.names)).visit(tree)
        return AstToSqlAlchemyCoreVisitor(cast(Any, rows)).visit(tree)
    except (ODataException, KeyError, TypeError, ValueError, NotImplementedError, AttributeError) as error:
        raise _mistake("$filter", f"无法理解：{error}", f"Cannot be understood: {error}") from error


def _order(text: str | None, entity: Entity, rows: Subquery) -> list[Any]:
    order = []
    for part in (text or "").split(","):
        name, _, direction = part.strip().partition(" ")
        if not name:
            continue
        column = entity.names.get(name.replace("@iot.id", "id"))
        if column is None or direction.strip() not in ("", "asc", "desc"):
            raise _mistake("$orderby", f"不能按“{part.strip()}”排序。", f"Cannot order by {part.strip()}.")
        order.append(rows.c[column].desc() if direction.strip() == "desc" else rows.c[column])
    return [*order, *(rows.c[column] for column in entity.key)]


def _mistake(name: str, zh: str, en: str) -> Invalid:
    return Invalid.fields({name: (zh, en)})


# -- what there is -------------------------------------------------------------------------------------


def _things(read: Read) -> Subquery:
    return select(meters).where(within(read, meters.c.place, contract.ReadSensorThings)).subquery("things")


def _streams(read: Read) -> Subquery:
    """A meter's own register, and those that somebody entered beside it (an electricity meter's tariffs)."""
    facts = (meters.c.meter, meters.c.kind, meters.c.digits, meters.c.place)
    mine = within(read, meters.c.place, contract.ReadSensorThings)
    others = meters.join(registers, registers.c.meter == meters.c.meter)
    return union(
        select(*facts, meters.c.register).where(mine),
        select(*facts, registers.c.register).select_from(others).where(mine),
    ).subquery("datastreams")


def _observations(read: Read) -> Subquery:
    known = readings.join(meters, meters.c.meter == readings.c.meter)
    return (
        select(readings)
        .select_from(known)
        .where(within(read, meters.c.place, contract.ReadSensorThings))
        .subquery("observations")
    )


def _kinds(read: Read) -> Subquery:
    return select(column("kind")).select_from(func.unnest(array(list(KINDS))).alias("kind")).subquery("kinds")


def _thing(row: Any) -> dict[str, Any]:
    return {
        "name": row.meter,
        "description": KINDS[row.kind][0],
        "properties": {
            "kind": row.kind,
            "place": row.place,
            "household": row.household,
            "status": "offline" if row.offline else "online" if row.heard_at else "new",
            "registered_at": clock.iso(row.registered_at),
        },
    }


def _stream(row: Any) -> dict[str, Any]:
    return {
        "name": f"{row.meter} {row.register}",
        "description": KINDS[row.kind][1],
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        "unitOfMeasurement": UNITS[CANONICAL[row.kind]],
        "properties": {"register": row.register, "kind": row.kind, "digits": row.digits},
    }


def _observation(row: Any) -> dict[str, Any]:
    """`result` is a JSON number, as tools want it; `parameters.exact` is the register to its last digit."""
    at = clock.iso_exact(row.at)
    return {
        "phenomenonTime": at,
        "resultTime": at,
        "result": float(row.value),
        "resultQuality": row.quality,
        "parameters": {"exact": plain(row.value), "seq": row.seq},
    }


def _sensor(row: Any) -> dict[str, Any]:
    zh_en = KINDS[row.kind][0]
    return {"name": zh_en, "description": zh_en, "encodingType": "text/plain", "metadata": row.kind}


def _observed(row: Any) -> dict[str, Any]:
    return {
        "name": row.kind,
        "description": KINDS[row.kind][1],
        "definition": f"urn:yikou:register:{row.kind}",
    }


_ABOUT = {"properties/kind": "kind", "properties/place": "place"}

ENTITIES = {
    entity.collection: entity
    for entity in (
        Entity(
            "Things", _things, ("meter",),
            {"id": "meter", "name": "meter", "properties/household": "household", **_ABOUT},
            _thing, many={"Datastreams": "Datastreams"},
        ),
        Entity(
            "Datastreams", _streams, ("meter", "register"),
            {"Thing/id": "meter", "name": "meter", "properties/register": "register", **_ABOUT},
            _stream, many={"Observations": "Observations"},
            one={"Thing": "Things", "Sensor": "Sensors", "ObservedProperty": "ObservedProperties"},
        ),
        Entity(
            "Observations", _observations, ("meter", "at", "register", "seq"),
            {"phenomenonTime": "at", "resultTime": "at", "result": "value", "Datastream/Thing/id": "meter"},
            _observation, one={"Datastream": "Datastreams"}, small=False,
        ),
        Entity("Sensors", _kinds, ("kind",), {"id": "kind"}, _sensor, many={"Datastreams": "Datastreams"}),
        Entity(
            "ObservedProperties", _kinds, ("kind",), {"id": "kind"}, _observed, many={"Datastreams": "Datastreams"}
        ),
    )
}  # fmt: skip

QUERIES: dict[type[Query], Callable[..., Any]] = {contract.ReadSensorThings: read_sensor_things}
