"""An approval, and the refusals that tell how to get one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.chassis.errors import Conflict, Forbidden, NotFound

ACCESS_APPROVAL = "access-approval"
"""The matter (29) by which a department asks for one."""
DECIDES = "government"
THE_COMMUNITYS = ("community", "grid")
"""The units whose work has to be on the community's list."""


@dataclass(frozen=True)
class Approval:
    approval_id: str
    subject: str
    """The slug of what may be asked for."""
    kind: str
    place: str
    """A prefix: it holds for every place within."""
    department: str
    basis: str
    decided_by: str
    """The number of the case in which it was decided; for what came with the product, its name."""
    valid_from: date
    valid_until: date | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoked_why: str | None = None


class MatterNotApproved(Forbidden):
    """“{code}” is not on the list of what {place} may be asked for. The department that wants it there applies with
    matter 29, access approval (policy basis, plan, staff and money); after review and the government's decision it
    appears by itself."""

    zh = (
        "“{code}”未列入 {place} 的准入清单，前台不予受理。需要列入的部门请先办理“29 社区工作事项准入”"
        "（政策依据、工作方案、人员经费保障），经初审和政府审定后自动上线。"
    )


class NotTheCommunitys(Forbidden):
    """“{title_en}” is not the community's work by its list, so it may not be pushed to {unit}. Name the department that
    is responsible; a department that wants the community to do it applies first with matter 29, access approval."""

    zh = (
        "“{title_zh}”不在社区工作事项清单内，不得转交“{unit}”。请指明责任部门；"
        "部门需要社区承担的，请先办理“29 社区工作事项准入”。"
    )


class UnknownApproval(NotFound):
    """There is no approval {approval_id} in your area."""

    zh = "您的辖区内没有准入记录“{approval_id}”。"


class AlreadyRevoked(Conflict):
    """This approval was revoked before."""

    zh = "该准入此前已撤销。"
