"""Estates, homes door by door, owners, handings over, and classes of community."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import classes, estates

TAG = "estates"
ESTATE = "/v1/estates/{estate}"
HANDOVER = "/v1/handovers/{handover_id}"
COMMUNITY = "/v1/registry/communities/{community}"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    _ask("/v1/estates", estates.ListEstates, "小区", "Estates"),
    _make("/v1/estates", estates.RecordEstate, "建立小区档案", "Record an estate"),
    _ask(ESTATE, estates.GetEstate, "小区档案", "An estate's record"),
    _do(ESTATE, estates.ChangeEstate, "修改小区档案", "Change what is told of an estate"),
    _do(f"{ESTATE}/dismiss-company", estates.DismissCompany, "物业退出", "Nobody manages it any more"),
    _ask(f"{ESTATE}/owners-roll", estates.GetOwnersRoll, "业主人数与面积", "Heads and area of the owners"),
    _ask(
        "/v1/registry/buildings/{building}/cross-section", estates.GetCrossSection, "楼盘表", "Door by door"
    ),
    _ask("/v1/owners", estates.ListOwners, "业主（脱敏）", "Owners, masked"),
    _do("/v1/registry/households/{household}/owners", estates.RecordOwners, "登记业主", "Who owns a home"),
    _ask("/v1/handovers", estates.ListHandovers, "资产移交", "Handings over"),
    _make("/v1/handovers", estates.BeginHandover, "发起资产移交", "Begin a handing over"),
    _ask(HANDOVER, estates.GetHandover, "移交清单", "A handing over with its list"),
    _do(f"{HANDOVER}/items", estates.SetHandoverItems, "编制清单", "Draw up the list"),
    _do(f"{HANDOVER}/list", estates.ListHandover, "清单定稿", "The list is complete"),
    _do(f"{HANDOVER}/sign", estates.SignHandover, "签字", "One side signs"),
    _do(f"{HANDOVER}/dispute", estates.DisputeHandover, "提出异议", "One side does not agree"),
    _do(f"{HANDOVER}/reopen", estates.ReopenHandover, "重新编制", "Draw it up once more"),
    _do(f"{HANDOVER}/abandon", estates.AbandonHandover, "终止移交", "There will be none"),
    _ask(
        "/v1/registry/communities/classes", classes.ListCommunityClasses, "社区分类", "Classes of communities"
    ),
    _ask(f"{COMMUNITY}/class", classes.GetCommunityClass, "社区类别与措施", "A community's class"),
    _ask(f"{COMMUNITY}/class/history", classes.ListClassHistory, "历次分类", "How it was judged before"),
    _do(f"{COMMUNITY}/unemployment", classes.EnterUnemployment, "填报失业", "Enter the unemployed"),
)
