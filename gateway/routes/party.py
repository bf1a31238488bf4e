"""Party building: the tree, members, and what units owe by their numbers."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import party

TAG = "party"
MEMBER = "/v1/party/members/{member_id}"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    _ask("/v1/party/tree", party.GetTree, "四级组织", "The tree of organisations"),
    _ask("/v1/party/members", party.ListMembers, "党员名册（脱敏）", "The roll, masked"),
    _ask("/v1/party/duties", party.ListDuties, "应建未建", "What units owe by their numbers"),
    _make("/v1/party/units", party.RegisterUnit, "登记单位", "Register a unit"),
    _make("/v1/party/members", party.EnrolMember, "登记党员", "Enter a member of a unit"),
    _do(f"{MEMBER}/advance", party.AdvanceMember, "发展阶段", "The next stage of development"),
    _make("/v1/party/receptions", party.ReceiveMember, "接收组织关系", "Receive a transferred relation"),
    _do(f"{MEMBER}/transfer", party.TransferMember, "转出组织关系", "Send a relation elsewhere"),
    _make("/v1/party/reports", party.ReportMember, "在职党员报到", "An in-service member reports"),
    _do("/v1/party/duties/{duty_id}/take", party.TakeDuty, "认领", "Somebody sees to it"),
    _do("/v1/party/duties/{duty_id}/meet", party.MeetDuty, "完成", "It is done"),
)
