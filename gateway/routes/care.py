"""What follows taking in: calls that are owed, and how long everybody held a case."""

from gateway.table import order, question
from services.contracts import care

TAG = "care"
CASE = "/v1/cases/{case_no}"
TROUBLE = "/v1/troubles/{trouble_id}"

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
    question(
        "/v1/troubles", care.ListTroubles, "异常件，早的在前", "Cases that are stuck, oldest first", TAG
    ),
    order("/v1/troubles/retry", care.RetryTroubles, "批量重试异常件", "Do again what failed, in batch", TAG),
    order(f"{TROUBLE}/fix", care.FixTrouble, "修正异常件", "Put right what a case is stuck in", TAG),
    order(f"{TROUBLE}/retry", care.RetryTrouble, "重试异常件", "Do again what failed", TAG),
)
