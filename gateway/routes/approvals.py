"""Access approval (准入): the public list of what each place's desk may be asked for."""

from gateway.table import order, question
from services.contracts import approvals

ROWS = (
    question(
        "/v1/approvals",
        approvals.ListApprovals,
        "准入清单：事项、依据、审定件号、有效期",
        "What was admitted to the desks: subject, basis, deciding case, validity",
        "approvals",
    ),
    order(
        "/v1/approvals/{approval_id}/revoke",
        approvals.RevokeApproval,
        "撤销准入",
        "Take something off the desks it was admitted to",
        "approvals",
    ),
)
