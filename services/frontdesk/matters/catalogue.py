"""The matters in force, found by code or slug."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

from services.chassis import clock
from services.chassis.calendar import local_day
from services.chassis.errors import NotFound
from services.frontdesk.matters.files import Finding, read
from services.frontdesk.matters.matter import Matter

DATA = Path(__file__).parents[1] / "data" / "matters"


class UnknownMatter(NotFound):
    """There is no matter with the code {code}; choose one from the catalogue. A department that wants a new one on the
    desk applies for it with matter 29, access approval."""

    zh = "事项目录中没有“{code}”，请从目录中选择；部门需要新增事项的，请先办理“29 社区工作事项准入”。"


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
        day = on or local_day(clock.now())
        for matter in reversed(versions):
            if matter.version == version or (version is None and matter.valid_from <= day):
                return matter
        raise UnknownMatter(code=code)

    def versions(self, code: str) -> list[int]:
        return [matter.version for matter in self._versions.get(self._code.get(code, ""), [])]

    def list(self, internal: bool = False, on: date | None = None) -> list[Matter]:
        """The matters in force in the order of their codes, or the internal ones. Whether one may reach a desk is said
        by its approval, not here."""
        found = []
        for code in self._versions:
            try:
                matter = self.get(code, on=on)
            except UnknownMatter:  # its first version is still to come
                continue
            if matter.internal == internal:
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
