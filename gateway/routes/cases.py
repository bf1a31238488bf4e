"""Cases: filed once at the desk, then followed, added to, urged, withdrawn, rated, reopened.

The contracts' `token` comes from the X-Tracking-Token header, never from a body or an address that is logged.
"""

from functools import partial

from gateway.schemas import answers
from gateway.table import creation, order, question
from services.contracts import frontdesk

TAG = "cases"
CASE = "/v1/cases/{case_no}"
TOKEN = frozenset({"token"})

_held = partial(order, tag=TAG, holder=True, hidden=TOKEN)
_kept = partial(order, tag=TAG, hidden=TOKEN)
_seen = partial(question, tag=TAG, holder=True, hidden=TOKEN)

ROWS = (
    creation(
        "/v1/cases",
        frontdesk.FileCase,
        "受理一件：一张表单，各部门同时办理",
        "File an application: one form, every department at once",
        TAG,
        status=202,
        location=CASE,
        answers=answers.Receipt,
    ),
    question(
        "/v1/cases",
        frontdesk.ListCases,
        "辖区内的办件，新的在前",
        "Cases within your areas, newest first",
        TAG,
    ),
    _seen(CASE, frontdesk.GetCase, "一件及其各部门任务", "A case with its lanes"),
    _seen(f"{CASE}/history", frontdesk.ListHistory, "只增不改的办理记录", "The append-only history"),
    _held(f"{CASE}/supplement", frontdesk.SupplementCase, "补正", "Add what was asked for"),
    _held(f"{CASE}/urge", frontdesk.UrgeCase, "催办", "Remind whoever holds it"),
    _held(f"{CASE}/withdraw", frontdesk.WithdrawCase, "撤回", "Take the application back"),
    _held(f"{CASE}/rating", frontdesk.RateCase, "好差评", "Rate the result, 1 to 5"),
    _kept(f"{CASE}/reopen", frontdesk.ReopenCase, "重新办理", "Open a closed case again"),
    _kept(f"{CASE}/supervise", frontdesk.SuperviseCase, "督办", "Raise the supervision level"),
    _kept(f"{CASE}/callback", frontdesk.RecordCallback, "登记回访", "Note a call-back"),
    _kept(f"{CASE}/answer", frontdesk.AnswerCase, "当场答复", "Answer at the desk"),
    _kept(f"{CASE}/decline", frontdesk.DeclineCase, "不予受理并告知", "Do not accept, with the reason"),
    _kept(
        f"{CASE}/emergency",
        frontdesk.HandToEmergency,
        "转 110、119、120、122",
        "Hand over to the emergency services",
    ),
    _kept(f"{CASE}/merge", frontdesk.MergeCase, "并入另一件", "Merge into another case"),
)
