"""Meters: their readings, accounts and findings. What devices send comes in by routes/readings.py."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import meters

TAG = "meters"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)

ROWS = (
    _ask("/v1/meters", meters.ListMeters, "辖区内的表计", "Meters within your areas"),
    _ask("/v1/meters/{meter}/readings", meters.ListReadings, "一块表的读数", "A meter's readings"),
    _ask("/v1/meters/{meter}", meters.GetMeter, "一块表", "One meter with its newest reading"),
    _ask("/v1/meters/accounts/{household}", meters.GetAccount, "一户的水电气账户", "A household's accounts"),
    _ask("/v1/findings", meters.ListFindings, "用水异常", "Concerns and suspected leaks"),
    creation("/v1/meters", meters.RegisterMeter, "登记表计", "Enter a meter", TAG),
    _do("/v1/findings/{finding_id}/acknowledge", meters.AcknowledgeFinding, "确认", "Somebody acts on it"),
    _do(
        "/v1/welfare/{household}/rule",
        meters.SetWelfareRule,
        "独居关爱规则",
        "Watch somebody who lives alone",
    ),
    _do("/v1/welfare/{household}/away", meters.SetAway, "外出登记", "Nobody is at home until then"),
)
