"""What follows taking in: calls that are owed, and how long everybody held a case."""

from gateway.table import order, question
from services.contracts import care

TAG = "care"
CASE = "/v1/cases/{case_no}"

ROWS = (
    question(
        "/v1/callbacks",
        care.ListCallbacks,
        "应回访名单，紧急的在前",
        "Calls that are owed, the most urgent first",
        TAG,
    ),
    order(
        f"{CASE}/contact",
        care.RecordContact,
        "登记差评联系",
        "Note that whoever rated badly was contacted",
        TAG,
    ),
    order(
        f"{CASE}/follow-up",
        care.HandInLater,
        "提交承诺后补的材料",
        "Hand in what was pledged to follow",
        TAG,
        holder=True,
        hidden=frozenset({"token"}),
    ),
    order(
        f"{CASE}/review",
        care.AskReview,
        "申请复查、复核",
        "Ask for a review of the answer to a petition",
        TAG,
        holder=True,
        hidden=frozenset({"token"}),
    ),
    question(
        f"{CASE}/holders", care.ListHolders, "各单位持件工作时长", "How long everybody held a case", TAG
    ),
)
