"""What a property manager runs an estate with: fees, companies and contracts, rounds, meetings, the notice board."""

from functools import partial

from starlette.responses import Response

from gateway.hygiene import read_object
from gateway.table import Visit, check, creation, order, question
from services.contracts import companies, fees, meetings, rounds

TAG = "property"
CONTRACT, REFUND, FINDING = (
    "/v1/contracts/{contract_id}",
    "/v1/refunds/{refund}",
    "/v1/patrol-findings/{finding}",
)
HOUSEHOLD = "/v1/property/households/{household}"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)


async def ask_talk(visit: Visit) -> Response:
    """Another department is told of somebody's debt: the line in the access log comes first, or nothing is told."""
    await visit.gate.looks.note(visit, "property.ask_arrears_talk")
    given = await read_object(visit.request, may_be_empty=False)
    given |= visit.request.path_params
    check(fees.AskArrearsTalk.schema(), given)
    return Response(await visit.call(fees.AskArrearsTalk, given), 201, media_type="application/json")


ROWS = (
    # fees
    _make("/v1/fee-runs", fees.RunFees, "批量计费", "Charge a month, in the background"),
    _ask("/v1/fee-runs", fees.ListFeeRuns, "计费批次", "Bill runs"),
    _ask("/v1/fee-runs/{run}", fees.GetFeeRun, "计费进度", "How far a bill run is"),
    _do(f"{HOUSEHOLD}/quantities", fees.RecordQuantity, "登记用量", "What a formula counts"),
    _make(f"{HOUSEHOLD}/discounts", fees.GrantDiscount, "减免优惠", "A discount on a fee"),
    _make(f"{HOUSEHOLD}/refunds", fees.AskRefund, "申请退费", "Ask for a refund"),
    _ask("/v1/refunds", fees.ListRefunds, "退费申请", "Refunds"),
    _do(f"{REFUND}/decision", fees.DecideRefund, "审核退费", "Approve or refuse"),
    _do(f"{REFUND}/payment", fees.PayRefund, "退费付款", "The money was paid out"),
    _ask("/v1/receipts/{receipt}", fees.GetReceipt, "收据", "A receipt"),
    _make(
        "/v1/property/late-fees",
        fees.ChargeLateFees,
        "计收违约金（按合同）",
        "Late fees, as the contract says",
    ),
    _ask("/v1/property/reminders", fees.ListReminders, "催缴记录", "Who was reminded"),
    _make(
        f"{HOUSEHOLD}/arrears-talk",
        fees.AskArrearsTalk,
        "请求支部谈话提醒",
        "Ask the branch for a talk",
        serve=ask_talk,
    ),
    # companies
    _make("/v1/companies", companies.RegisterCompany, "登记物业企业", "Register a company"),
    _ask("/v1/companies", companies.ListCompanies, "物业企业名录", "Companies"),
    _make("/v1/contracts", companies.SignContract, "登记物业服务合同", "A service contract"),
    _ask("/v1/contracts", companies.ListContracts, "物业服务合同", "Service contracts"),
    _ask(CONTRACT, companies.GetContract, "合同及时限", "A contract with its clocks"),
    _do(f"{CONTRACT}/filing", companies.FileContract, "合同备案", "The contract was filed"),
    _do(f"{CONTRACT}/dismissal", companies.DismissProvider, "解聘通知", "Notice to the provider"),
    _do(f"{CONTRACT}/non-renewal", companies.DeclineRenewal, "不续签通知", "The provider will not renew"),
    _ask("/v1/company-faults", companies.ListFaults, "企业失责记录", "What companies missed"),
    _ask("/v1/return-visits", companies.ListReturnVisits, "待回访", "Repairs nobody asked about yet"),
    _do("/v1/repairs/{order_no}/return-visit", companies.RecordReturnVisit, "回访", "A return visit"),
    # rounds
    _make("/v1/patrol-routes", rounds.PlanRoute, "巡查路线", "A patrol route"),
    _ask("/v1/patrol-routes/{route}", rounds.GetRoute, "路线及点码", "A route with its codes"),
    _make("/v1/patrol-scans", rounds.ScanPoint, "扫码到点", "At a point"),
    _ask("/v1/patrols", rounds.ListPatrols, "巡查", "Rounds"),
    _make("/v1/patrol-findings", rounds.ReportFinding, "巡查发现", "Something found"),
    _ask("/v1/patrol-findings", rounds.ListFindings, "巡查发现列表", "Findings"),
    _do(f"{FINDING}/joint-patrol", rounds.CallJointPatrol, "联合巡查", "Who looks at it together"),
    _do(f"{FINDING}/disposal", rounds.DisposeFinding, "联合处置", "What was done"),
    # meetings and the board
    _make("/v1/meetings", meetings.CallMeeting, "召集联席会", "Call a joint meeting"),
    _ask("/v1/meetings", meetings.ListMeetings, "联席会", "Joint meetings"),
    _ask("/v1/meetings/{meeting}", meetings.GetMeeting, "会议纪要", "A meeting with its decisions"),
    _do("/v1/meetings/{meeting}/minutes", meetings.MinuteMeeting, "登记纪要", "Minutes and decisions"),
    _ask("/v1/decisions", meetings.ListDecisions, "议定事项", "Decisions, the earliest due first"),
    _do("/v1/decisions/{decision}/result", meetings.FinishDecision, "议定事项办结", "A decision is done"),
    _make("/v1/notices", meetings.PostNotice, "发布公示", "Post a notice"),
    _ask("/v1/notices", meetings.ListNotices, "公示栏", "The notice board"),
    _ask(
        "/v1/notices/missing",
        meetings.CheckPublicity,
        "应公示事项检查",
        "What has to be shown, and what is missing",
    ),
)
