"""Grids, buildings, households, residents. Lists are masked; every look at whole values is an order, and recorded."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import registry

TAG = "registry"
HOUSEHOLD = "/v1/registry/households/{household}"
RESIDENT = "/v1/registry/residents/{resident_id}"

_ask = partial(question, tag=TAG)
_keep = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    _ask("/v1/registry/grids", registry.ListGrids, "网格", "Grids with their counts"),
    _ask("/v1/registry/grids.geojson", registry.GridMap, "网格地图", "Grids for a map", tagged=True),
    _ask("/v1/registry/buildings", registry.ListBuildings, "楼栋", "Buildings"),
    _ask("/v1/registry/households", registry.ListHouseholds, "户", "Households"),
    _ask(HOUSEHOLD, registry.GetHousehold, "一户及其成员（脱敏）", "A household with its residents, masked"),
    _ask("/v1/registry/residents", registry.FindResidents, "查找居民（脱敏）", "Find residents, masked"),
    _ask("/v1/registry/looks", registry.ListLooks, "查阅登记", "Who saw whose data and why"),
    # An order although it reads: it hands out whole values, is recorded, and keeps ID numbers out of addresses.
    _keep(
        "/v1/registry/prefill",
        registry.Prefill,
        "预填表单",
        "What the registry already knows for a form",
    ),
    _make("/v1/registry/grids", registry.ImportGrids, "导入网格", "Import a community's grids"),
    _make("/v1/registry/buildings", registry.AddBuilding, "登记楼栋", "Register a building"),
    _make("/v1/registry/households", registry.AddHousehold, "登记户", "Register a home"),
    _make("/v1/registry/residents", registry.RegisterResident, "登记居民", "Register a resident"),
    _keep(f"{HOUSEHOLD}/move-in", registry.MoveIn, "迁入", "These persons live here from a day on"),
    _keep(f"{HOUSEHOLD}/contact", registry.SetContact, "紧急联系人", "Whom to ring about a household"),
    _keep(f"{RESIDENT}/move-out", registry.MoveOut, "迁出", "A resident no longer lives here"),
    _keep(f"{RESIDENT}/consent", registry.RecordConsent, "登记同意", "Consent given or taken back"),
    _keep(f"{RESIDENT}/look", registry.LookAtResident, "查阅完整信息（留痕）", "See whole values, recorded"),
)
