"""Parts and events of the grids, step by step."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import events

TAG = "grid-events"
EVENT = "/v1/grid-events/{event_no}"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    _ask("/v1/grid-events/kinds", events.ListEventKinds, "部件与事件类别", "Kinds of parts and events"),
    _ask("/v1/grid-events/figures", events.GetGridFigures, "各网格统计", "Figures of the grids"),
    _ask("/v1/grid-events", events.ListGridEvents, "网格事件列表", "Grid events"),
    _make("/v1/grid-events", events.ReportGridEvent, "上报网格事件", "Report what was found"),
    _ask(EVENT, events.GetGridEvent, "网格事件详情", "One event with its history"),
    _do(f"{EVENT}/file", events.FileGridEvent, "立案", "It is ours and is to be done"),
    _do(f"{EVENT}/dismiss", events.DismissGridEvent, "不予立案", "It is nothing, or not ours"),
    _do(f"{EVENT}/merge", events.MergeGridEvent, "并入另一事件", "It is the same as another one"),
    _do(f"{EVENT}/dispatch", events.DispatchGridEvent, "派遣", "Somebody is to handle it"),
    _do(f"{EVENT}/give-back", events.GiveBackGridEvent, "退回", "Whoever was sent cannot do it"),
    _do(f"{EVENT}/handle", events.HandleGridEvent, "处置", "It is done, with the evidence"),
    _do(f"{EVENT}/check", events.CheckGridEvent, "核查", "Somebody else looked"),
    _do(f"{EVENT}/close", events.CloseGridEvent, "结案", "What was checked is over"),
    _do(
        f"{EVENT}/hand-over", events.HandOverGridEvent, "移交职能部门", "It becomes a case of the departments"
    ),
    _do(f"{EVENT}/take-back", events.TakeBackGridEvent, "撤回移交", "The grid settles it after all"),
    _ask("/v1/parts", events.ListParts, "部件", "Parts"),
    _make("/v1/parts", events.RegisterPart, "登记部件", "Register a part"),
    _do("/v1/parts/{code}/retire", events.RetirePart, "注销部件", "A part stands there no longer"),
)
