"""Places where a drill may have the process die, as if the power went: `YIKOU_DIE_AT=after-commit:5` is the fifth time.

The points are the gaps between two things that should both happen. In a running system the variable is not set and
`may_die` is one dictionary look-up.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "before-commit",
    "after-commit",
    "after-retry",
    "before-ack",
    "after-ack",
    "before-reply",
    "after-reply",
    "before-publish",
    "after-publish",
    "after-mark",
)

_point, _, _times = os.environ.get("YIKOU_DIE_AT", "").partition(":")
_left = {_point: int(_times or 1)} if _point else {}


def may_die(point: str) -> None:
    if point in _left:
        _left[point] -= 1
        if _left[point] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
