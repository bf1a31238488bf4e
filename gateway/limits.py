"""How often: a token bucket per credential, and what the answer says about it.

Quotas are of this one process. `YIKOU_RATE_SCALE` multiplies them all, for a load test or a larger machine.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from gateway.problems import Problem
from services.chassis.settings import settings

MOST_BUCKETS = 50_000
MIB, DAY = 1024 * 1024, 24 * 3600


class TooManyRequests(Problem):
    """Too many requests; please wait {retry_after} s."""

    kind = "too-many-requests"
    status = 429
    zh = "请求过于频繁，请等待 {retry_after} 秒。"


@dataclass(frozen=True, slots=True)
class Policy:
    """`rate` requests a second for ever, `burst` at once."""

    name: str
    rate: float
    burst: float

    @property
    def window(self) -> int:
        return max(1, round(self.burst / self.rate))

    def describe(self) -> str:
        return f'"{self.name}";q={int(self.burst)};w={self.window}'


def policies(scale: float) -> dict[str, Policy]:
    """By kind of credential; `sign-in` is per account name and slows down guessing; `upload` counts the bytes that the
    holder of one receipt may have kept: 60 MiB at once, as much again a day."""
    table = {
        "public": (20, 120),
        "sign-in": (0.5, 30),
        "upload": (60 * MIB / DAY, 60 * MIB),
        "staff": (50, 300),
        "terminal": (50, 300),
        "company": (100, 500),
        "device": (200, 1000),
        "system": (5000, 10000),
    }
    return {name: Policy(name, rate * scale, burst * scale) for name, (rate, burst) in table.items()}


class Limits:
    def __init__(self, scale: float | None = None):
        if scale is None:
            scale = float(settings().environment.get("YIKOU_RATE_SCALE", "1"))
        self._policies = policies(scale)
        self._described = {name: policy.describe() for name, policy in self._policies.items()}
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def spend(self, kind: str, name: str, cost: float = 1.0, now: float | None = None) -> tuple[str, str]:
        """Takes `cost` tokens and returns the values of `RateLimit-Policy` and `RateLimit`; 429 when none are left."""
        policy = self._policies.get(kind) or self._policies["public"]
        now = time.monotonic() if now is None else now
        left, since = self._buckets.pop((policy.name, name), (policy.burst, now))
        left = min(policy.burst, left + (now - since) * policy.rate)
        described = self._described[policy.name]
        if left < cost:
            self._buckets[policy.name, name] = (left, now)
            wait = math.ceil((cost - left) / policy.rate)
            problem = TooManyRequests(retry_after=wait)
            problem.headers = {  # type: ignore[attr-defined]
                "RateLimit-Policy": described,
                "RateLimit": f'"{policy.name}";r=0;t={wait}',
            }
            raise problem
        left -= cost
        self._buckets[policy.name, name] = (left, now)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)  # the longest unused: most likely full again anyway
        return described, f'"{policy.name}";r={int(left)};t={math.ceil((policy.burst - left) / policy.rate)}'
