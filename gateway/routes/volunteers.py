"""Volunteers: the register, who is sent where, the hours they gave.

A volunteer answers a dispatch by the dispatch's own link; its token comes in X-Tracking-Token.
"""

from functools import partial

from gateway.routes.cases import TOKEN
from gateway.table import creation, order, question
from services.contracts import volunteers

TAG = "volunteers"
DISPATCH = "/v1/dispatches/{dispatch_id}"

_ask = partial(question, tag=TAG)
_answer = partial(order, tag=TAG, holder=True, hidden=TOKEN)
_do = partial(order, tag=TAG)

ROWS = (
    _ask("/v1/volunteers", volunteers.ListVolunteers, "志愿者名册（脱敏）", "The register, masked"),
    _ask(
        "/v1/volunteers/{number}/record",
        volunteers.GetVolunteerRecord,
        "志愿服务记录核验",
        "What anyone with the number may verify",
    ),
    creation("/v1/volunteers", volunteers.RegisterVolunteer, "登记志愿者", "Enter a volunteer", TAG),
    _ask("/v1/dispatches", volunteers.ListDispatches, "派单", "Who was asked for what"),
    _answer(f"{DISPATCH}/accept", volunteers.AcceptDispatch, "接受", "The volunteer goes"),
    _answer(f"{DISPATCH}/decline", volunteers.DeclineDispatch, "婉拒", "The volunteer cannot go"),
    _answer(f"{DISPATCH}/report", volunteers.ReportVisit, "回报", "What was found"),
    _do(f"{DISPATCH}/confirm", volunteers.ConfirmHours, "确认时长", "Confirm the hours"),
    _do(f"{DISPATCH}/dispute", volunteers.DisputeHours, "时长存疑", "Question the hours"),
)
