"""Before and beside a case: likeness, routing, incidents, joint handling, drafts, the diary and ledgers."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import ASGIApp

from gateway.schemas import answers
from gateway.table import Row, Visit, check, creation, order, query_of, question
from services.contracts import intake
from services.contracts.roles import MAY

TAG = "intake"
CASE = "/v1/cases/{case_no}"


async def _csv(visit: Visit) -> ASGIApp:
    """One page of a ledger as a file; `X-Next-Cursor` says where the next one begins."""
    request = visit.request
    given = query_of(request, intake.ExportLedger.schema()) | dict(request.path_params)
    check(intake.ExportLedger.schema(), given)
    page = await visit.ask(intake.ExportLedger, given)
    headers = {"content-disposition": f'attachment; filename="{given["ledger"]}.csv"'}
    if page["next"]:
        headers["x-next-cursor"] = page["next"]
    return Response(page["csv"], media_type="text/csv; charset=utf-8", headers=headers)


ROWS = (
    question(
        f"{CASE}/similar", intake.ListSimilar, "可能重复的件", "Cases that may tell of the same thing", TAG
    ),
    order(
        "/v1/cases/similar",
        intake.FindSimilar,
        "提交前查重",
        "Before filing: reported already?",
        TAG,
        key="none",
    ),
    order(
        "/v1/cases/routing",
        intake.SuggestRouting,
        "派单建议及理由",
        "Whose is it, with reasons",
        TAG,
        key="none",
    ),
    question("/v1/incidents", intake.ListIncidents, "事件与专题", "Incidents and topic cases", TAG),
    question(
        "/v1/incidents/{case_no}/reports", intake.ListReports, "归并的报告", "The reports it holds", TAG
    ),
    question("/v1/broadcasts", intake.ListBroadcasts, "区域公告", "What an area is told", TAG),
    order(f"{CASE}/whistle", intake.BlowWhistle, "吹哨报到", "Summon units to a case", TAG),
    creation(
        f"{CASE}/consultations",
        intake.OpenConsultation,
        "发起会商",
        "Sit together: whose is it",
        TAG,
    ),
    question("/v1/consultations", intake.ListConsultations, "会商记录", "Consultations", TAG),
    order(
        "/v1/consultations/{consultation_id}/ruling",
        intake.RuleConsultation,
        "会商裁定",
        "Minutes and ruling",
        TAG,
    ),
    order(
        f"{CASE}/confirmation",
        intake.RecordConfirmation,
        "登记司法确认",
        "Note the court's confirmation",
        TAG,
    ),
    creation(
        "/v1/drafts",
        intake.SaveDraft,
        "暂存",
        "Keep a half-filled form for seven days",
        TAG,
        key="none",
    ),
    order("/v1/drafts/resume", intake.ResumeDraft, "继续填写", "Go on with a draft", TAG, key="none"),
    creation("/v1/diary", intake.WriteDiary, "写社区日志", "Write in the diary", TAG),
    question("/v1/diary", intake.ListDiary, "社区日志", "The diary", TAG),
    creation(
        "/v1/diary/{entry_id}/case",
        intake.OpenCaseFromDiary,
        "日志转件",
        "Make an entry a case",
        TAG,
        status=202,
        location=CASE,
    ),
    question("/v1/ledgers", intake.ListLedgers, "电子台账目录", "The e-ledgers", TAG, answers=answers.Page),
    question("/v1/ledgers/{ledger}", intake.ReadLedger, "台账", "A ledger", TAG),
    Row(
        method="GET",
        path="/v1/ledgers/{ledger}/csv",
        zh="台账导出",
        en="A ledger as CSV",
        tag=TAG,
        serve=_csv,
        who=MAY[intake.ExportLedger],
        media_type="text/csv",
    ),
)
