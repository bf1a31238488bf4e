"""The matters in force, found by code or slug."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path

from services.chassis import clock
from services.chassis.errors import NotFound
from services.chassis.calendar import ZONE
from services.frontdesk.matters.files import Finding, read
from services.frontdesk.matters.matter import Matter

DATA = Path(__file__).parents[1] / "data" / "matters"


class UnknownMatter(NotFound):
    """There is no matter with the code {code}; choose one from the catalogue."""

    zh = "事项目录中没有“{code}”，请从目录中选择。"


class BrokenMatters(Exception):
    """The data files contradict themselves; the desk does not open with them."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("\n".join(map(str, findings)))


class Catalogue:
    def __init__(self, matters: Iterable[Matter]) -> None:
        self._versions: dict[str, list[Matter]] = {}
        self._code: dict[str, str] = {}
        for matter in sorted(matters, key=lambda matter: matter.version):
            self._versions.setdefault(matter.code, []).append(matter)
            self._code[matter.code] = self._code[matter.slug] = matter.code

    def get(self, code: str, version: int | None = None, on: date | None = None) -> Matter:
        """By code or slug: the version named, or the latest in force on a day (today). Raises UnknownMatter."""
        versions = self._versions.get(self._code.get(code, ""), [])
        day = on or _local_day(clock.now())
        for matter in reversed(versions):
            if matter.version == version or (version is None and matter.valid_from <= day):
                return matter
        raise UnknownMatter(code=code)

    def list(self, approved: bool = True, internal: bool = False, on: date | None = None) -> list[Matter]:
        """The matters in force in the order of their codes; internal ones, and unapproved ones, only when asked for."""
        found = []
        for code in self._versions:
            try:
                matter = self.get(code, on=on)
            except UnknownMatter:  # its first version is still to come
                continue
            if (matter.approved or not approved) and matter.internal == internal:
                found.append(matter)
        return sorted(found, key=lambda matter: (len(matter.code), matter.code))

    def raised_by(self, event: str) -> Matter:
        """The internal matter an event opens. Raises UnknownMatter."""
        for matter in self.list(internal=True):
            if matter.raised_by == event:
                return matter
        raise UnknownMatter(code=event)


@cache
def catalogue(path: Path = DATA) -> Catalogue:
    """All matters, read and checked once. Raises BrokenMatters with every finding."""
    matters, findings = read(path)
    if findings:
        raise BrokenMatters(findings)
    return Catalogue(matters)


def _local_day(at: datetime) -> date:
    return at.astimezone(ZONE).date()
