"""OGC SensorThings 1.1, to read: `/sta/v1.1/Things('W-1')/Datastreams?$expand=Observations($top=1)`."""

from __future__ import annotations

from starlette.responses import Response

from gateway.problems import BadRequest
from gateway.table import Row, Visit
from services.contracts import meters
from services.contracts.roles import MAY

ROOT = "/sta/v1.1"
OPTIONS = ("filter", "orderby", "top", "skip", "count", "select", "expand")


class UnknownOption(BadRequest):
    """{option} is not an option here; known are $filter, $orderby, $top, $skip, $count, $select, $expand."""

    zh = "不支持选项 {option}；可用：$filter、$orderby、$top、$skip、$count、$select、$expand。"


async def sensor_things(visit: Visit) -> Response:
    request = visit.request
    given = {"root": f"{request.base_url}".rstrip("/") + ROOT, "path": request.path_params.get("path", "")}
    for name, value in request.query_params.items():
        if name.removeprefix("$") not in OPTIONS or not name.startswith("$"):
            raise UnknownOption(option=name)
        given[name[1:]] = value
    return Response(await visit.call(meters.ReadSensorThings, given), media_type="application/json")


ROWS = tuple(
    Row(
        method="GET",
        path=path,
        serve=sensor_things,
        who=MAY[meters.ReadSensorThings],
        tag="meters",
        name=name,
        zh="OGC SensorThings 1.1（只读）",
        en="OGC SensorThings 1.1, to read",
    )
    for path, name in ((ROOT, "sensor_things_root"), (ROOT + "/{path:path}", "sensor_things"))
)
