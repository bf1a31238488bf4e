"""Security cameras: the register, alarms, and looking at recordings."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import cameras

TAG = "cameras"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    _ask("/v1/cameras", cameras.ListCameras, "摄像机", "Cameras"),
    _ask("/v1/cameras/{camera}", cameras.GetCamera, "一台摄像机", "One camera with its latest alarms"),
    _make("/v1/cameras", cameras.RegisterCamera, "登记摄像机", "Register a camera"),
    _do("/v1/cameras/{camera}/retire", cameras.RetireCamera, "停用摄像机", "Take a camera out of service"),
    _ask("/v1/alarms", cameras.ListAlarms, "告警，新的在前", "Alarms, latest first"),
    _do("/v1/alarms/{alarm_no}/acknowledge", cameras.AcknowledgeAlarm, "确认告警", "Somebody has seen it"),
    _do("/v1/alarms/{alarm_no}/clear", cameras.ClearAlarm, "解除告警", "The reason is gone"),
    _ask("/v1/viewings", cameras.ListViewings, "调阅申请", "Requests to look at recordings"),
    _ask("/v1/viewings/{viewing_no}", cameras.GetViewing, "一份调阅申请", "One request with every look-up"),
    _make("/v1/viewings", cameras.RequestViewing, "申请调阅录像", "Ask to look at recordings"),
    _do("/v1/viewings/{viewing_no}/decision", cameras.ApproveViewing, "审批调阅", "The manager decides"),
    _make("/v1/viewings/{viewing_no}/lookups", cameras.NoteLookup, "登记一次查看", "Note one look"),
    _ask("/v1/lookups/check", cameras.CheckLookups, "核对查看日志", "Check the look-up log"),
    _ask(
        "/v1/cases/{case_no}/grants",
        cameras.ListGrants,
        "门禁与车辆授权",
        "Door and vehicle access of a case",
    ),
)
