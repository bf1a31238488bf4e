"""Matters before they are in force: checked, and tried out on a form. POST for the size of what is sent; nothing changes."""

from functools import partial

from gateway.table import order
from services.contracts import trials

_tried = partial(order, tag="matters", key="none")

ROWS = (
    _tried(
        "/v1/matters/check",
        trials.CheckMatter,
        "检查事项文件，逐条指出问题",
        "Check a matter file and name every fault",
    ),
    _tried(
        "/v1/matters/{code}/trial",
        trials.TryMatter,
        "试办：哪些单位、何时到期、谁等谁",
        "A test-run: which tasks to whom, when due, what waits for what",
    ),
)
