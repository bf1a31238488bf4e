"""The catalogue of matters: what may be applied for, with which form. Public."""

from gateway.table import question
from services.contracts import frontdesk

ROWS = (
    question("/v1/matters", frontdesk.ListMatters, "事项目录", "The catalogue of matters", "matters"),
    question(
        "/v1/matters/{code}",
        frontdesk.GetMatter,
        "一个事项：表单、材料、步骤、承诺时限",
        "One matter: form, materials, steps, promised time",
        "matters",
    ),
)
