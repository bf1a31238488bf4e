"""Who is shown whole personal values leaves a line in identity's access log, and only then sees them.

`roles.WHOLE` says which questions show them to whom. Without the line there is no answer: an office of identity that is
away is a 503 here, never a look nobody knows of.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from services.contracts import identity
from services.contracts.roles import WHOLE, Contract

if TYPE_CHECKING:
    from gateway.table import Visit

SAME_LOOK = 60.0
"""Seconds in which the same account at the same thing is still the same look: a page that refreshes is one look."""
REMEMBERED = 10_000


class Looks:
    def __init__(self) -> None:
        self._lately: OrderedDict[tuple[str, ...], float] = OrderedDict()

    async def note_whole(self, visit: Visit, contract: Contract) -> None:
        shown_to = WHOLE.get(contract)
        if shown_to and visit.credential.caller.has(*shown_to, "admin"):
            await self.note(visit, f"{contract.office()}.{contract.method()}")

    async def note(self, visit: Visit, what: str) -> None:
        """What was looked at is named by the request's own path: a case, a task, a household."""
        target = "/".join(visit.request.path_params.values())
        look, now = (visit.credential.caller.account, what, target), time.monotonic()
        if self._lately.get(look, float("-inf")) > now - SAME_LOOK:
            return
        address = visit.request.client.host if visit.request.client else None
        await visit.ask(identity.NoteAccess, {"what": what, "target": target[:200], "address": address})
        self._lately[look] = now
        self._lately.move_to_end(look)
        if len(self._lately) > REMEMBERED:
            self._lately.popitem(last=False)
