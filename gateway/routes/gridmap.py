"""The grid map: checked, stored in versions, looked up at a point; and who walks which grid."""

from functools import partial

from gateway.table import order, question
from services.contracts import gridmap

TAG = "registry"
COMMUNITY = "/v1/registry/communities/{community}/map"
GRID = "/v1/grids/{grid}"

_ask = partial(question, tag=TAG)
_keep = partial(order, tag=TAG)

ROWS = (
    _keep(COMMUNITY, gridmap.DrawGridMap, "检查或保存社区网格图", "Check a community's map, or store it"),
    _ask(f"{COMMUNITY}/versions", gridmap.ListMapVersions, "网格图历次版本", "Versions of the map"),
    _ask(
        f"{COMMUNITY}/versions/{{version}}", gridmap.GetMapVersion, "某一版网格图", "One version of the map"
    ),
    _ask("/v1/grids/at", gridmap.FindGridAt, "某点所在网格", "The grid at a point"),
    _ask("/v1/grids/workers", gridmap.ListGridWorkers, "网格员", "Grid workers"),
    _ask(f"{GRID}/neighbours", gridmap.ListNeighbours, "相邻网格", "The grids beside one"),
    _keep(f"{GRID}/workers", gridmap.AssignGridWorker, "指派网格员", "Somebody walks this grid from now on"),
    _keep(f"{GRID}/workers/release", gridmap.ReleaseGridWorker, "解除网格员", "Somebody no longer walks it"),
)
