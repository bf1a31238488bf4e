"""Meters: their readings, accounts and findings. What devices send comes in by routes/readings.py."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import meters

TAG = "meters"
KEEPERS = ("officer", "manager", "coordinator", "clerk")

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG, who=KEEPERS)

ROWS = (
    _ask("/v1/meters", meters.ListMeters, "辖区内的表计", "Meters within your areas"),
    _ask("/v1/meters/{meter}/readings", meters.ListReadings, "一块表的读数", "A meter's readings"),
    _ask("/v1/meters/{meter}", meters.GetMeter, "一块表", "One meter with its newest reading"),
    _ask("/v1/meters/accounts/{household}", meters.GetAccount, "一户的水电气账户", "A household's accounts"),
    _ask("/v1/findings", meters.ListFindings, "用水异常", "Concerns and suspected leaks"),
    creation("/v1/meters", meters.RegisterMeter, "登记表计", "Enter a meter", TAG, who=KEEPERS),
    _do("/v1/findings/{finding_id}/acknowledge", meters.AcknowledgeFinding, "确认", "Somebody acts on it"),
    _do(
        "/v1/welfare/{household}/rule",
        meters.SetWelfareRule,
        "独居关爱规则",
        "Watch somebody who lives alone",
    ),
    _do("/v1/welfare/{household}/away", meters.SetAway, "外出登记", "Nobody is at home until then"),
    _ask(
        "/v1/meters/{meter}/consumption",
        meters.GetConsumption,
        "一块表的用量",
        "What a meter's register used",
    ),
    _ask(
        "/v1/meters/{meter}/findings",
        meters.ListVeeFindings,
        "一块表的校验发现",
        "What validation says of a meter",
    ),
    _ask("/v1/meters/{meter}/edits", meters.ListEdits, "估算与人工改动", "Estimates and people's edits"),
    _ask("/v1/meters/{meter}/registers", meters.ListRegisters, "一块表的寄存器", "A meter's registers"),
    creation("/v1/meters/{meter}/edits", meters.EditReading, "改读数", "Edit a reading", TAG, who=KEEPERS),
    _do("/v1/edits/{edit_id}/revert", meters.RevertEdit, "撤销改动", "Take an edit back"),
    _do("/v1/meters/{meter}/registers", meters.SetRegister, "设置寄存器", "Say what a register is"),
    _do("/v1/meters/{meter}/exchange", meters.ExchangeMeter, "换表", "Exchange a meter"),
    _ask("/v1/quarantine", meters.ListQuarantine, "隔离的读数", "Readings kept out", who=KEEPERS),
    _do("/v1/quarantine/{reading_id}/release", meters.ReleaseReading, "放行读数", "Let a reading in"),
    _do("/v1/quarantine/{reading_id}/dismiss", meters.DismissReading, "不予采用", "Leave a reading out"),
)
