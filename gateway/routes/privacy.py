"""What a resident may ask: who saw his data, and to be forgotten. And whom a breach concerns."""

from functools import partial

from gateway.routes.registry import RESIDENT
from gateway.table import creation, order, question
from services.contracts import privacy

TAG = "registry"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    # An order although it reads: that it was asked is noted as well.
    _do(
        f"{RESIDENT}/who-saw",
        privacy.AskWhoSaw,
        "本人查询谁看过（留痕）",
        "Who saw a resident's data, asked by himself",
    ),
    _make(f"{RESIDENT}/erasure", privacy.EraseResident, "删除个人信息", "Delete a resident's personal data"),
    _ask("/v1/registry/erasures", privacy.ListErasures, "删除证明", "Certificates of erasure"),
    _ask(
        "/v1/registry/erasures/{certificate}",
        privacy.GetErasure,
        "一份删除证明",
        "A certificate with every answer",
    ),
    _ask("/v1/registry/breaches", privacy.ListBreaches, "泄露事件", "Breaches"),
    _ask(
        "/v1/registry/breaches/{breach_id}",
        privacy.GetBreach,
        "一起泄露事件与告知情况",
        "A breach and who was told",
    ),
    _make("/v1/registry/breaches", privacy.ReportBreach, "登记泄露事件", "Personal data got out"),
    _do(
        "/v1/registry/breaches/{breach_id}/told/{resident_id}",
        privacy.NoteTold,
        "登记已告知",
        "A person affected was told",
    ),
    _ask(
        "/v1/registry/looks/check", privacy.CheckLooks, "查阅日志完整性", "Whether the log of looks is whole"
    ),
)
