"""What follows taking in: calls that are owed, and how long everybody held a case."""

from gateway.table import order, question
from services.contracts import care

TAG = "care"
CASE = "/v1/cases/{case_no}"

ROWS = (
    question("/v1/callbacks", care.ListCallbacks, "应回访名单，紧急的在前", "Calls that are owed, the most urgent first", TAG),
    order(f"{CASE}/contact", care.RecordContact, "登记差评联系", "Note that whoever rated badly was contacted", TAG),
    question(f"{CASE}/holders", care.ListHolders, "各单位持件工作时长", "How long everybody held a case", TAG),
)
