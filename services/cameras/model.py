"""Cameras, their alarms, access given at the door, and the law of looking at recordings."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.chassis import clock
from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound
from services.chassis.identifiers import Caller, new_id
from services.contracts.cameras import FORBIDDEN_SITES

OURS = ("cameras", "street")


class NotYourCameras(Forbidden):
    """Your role or area does not cover the cameras in {place}."""

    zh = "您的角色或辖区不包括“{place}”的摄像机业务。"


def is_ours(caller: Caller) -> bool:
    """Whose business the camera office is: its own people, and those who serve or oversee every department."""
    return (
        caller.kind == "system"
        or caller.department in OURS
        or caller.has("admin", "supervisor", "clerk", "auditor")
    )


# -- device ids ----------------------------------------------------------------------------------------

DEVICE_TYPES = {
    "111": "DVR",
    "118": "NVR",
    "131": "camera",
    "132": "network camera",
    "134": "alarm input",
    "200": "centre",
}


class BadDeviceId(Invalid):
    """{camera} is not a device id of GB/T 28181: 8 digits of place, 2 of industry, 3 of type, 7 of serial number."""

    zh = "“{camera}”不是有效的 GB/T 28181 编码：应为 8 位行政区划、2 位行业、3 位类型、7 位序号。"


@dataclass(frozen=True)
class DeviceId:
    """A device id of GB/T 28181, taken apart."""

    centre: str
    industry: str
    type: str
    serial: str

    @classmethod
    def parse(cls, text: str) -> DeviceId:
        # `\d` would let full-width digits in, which look right and match nothing.
        if not re.fullmatch(r"[0-9]{20}", text):
            raise BadDeviceId(camera=text)
        parts = cls(text[:8], text[8:10], text[10:13], text[13:])
        if parts.type not in DEVICE_TYPES or parts.centre.startswith("0"):
            raise BadDeviceId(camera=text)
        return parts

    @classmethod
    def build(cls, centre: str, industry: str, type: str, serial: int) -> DeviceId:
        return cls.parse(f"{centre}{industry}{type}{serial:07d}")

    def __str__(self) -> str:
        return self.centre + self.industry + self.type + self.serial


# -- cameras -------------------------------------------------------------------------------------------


class UnknownCamera(NotFound):
    """There is no camera {camera} in the register."""

    zh = "没有登记编号为“{camera}”的摄像机。"


class AlreadyRegistered(Conflict):
    """The camera {camera} is in the register already."""

    zh = "摄像机“{camera}”已登记。"


class ForbiddenSite(Forbidden):
    """The law forbids cameras in guest rooms, dormitories, bathrooms, changing and nursing rooms."""

    zh = "依照《公共安全视频图像信息系统管理条例》，客房、宿舍、公共浴室、更衣室、哺乳室等私密场所禁止安装摄像机。"


@dataclass
class Camera:
    camera: str
    name: str
    place: str
    address: str
    site: str
    interval_s: int
    misses: int
    report_after_min: int
    registered_at: datetime
    zone: str | None = None
    platform: str | None = None
    """The account of the video platform that may tell alarms in its name."""
    status: str = "new"
    last_seen: datetime | None = None
    silent_at: datetime | None = None
    offline_at: datetime | None = None
    finding_id: str | None = None

    @classmethod
    def register(cls, **facts: Any) -> Camera:
        if facts["site"] in FORBIDDEN_SITES:
            raise ForbiddenSite(site=facts["site"])
        device = DeviceId.parse(facts["camera"])
        if device.centre[:6] != facts["place"][:6]:
            zh, en = (
                "编码所属行政区划与安装地点不一致。",
                "The id belongs to another district than the place.",
            )
            raise Invalid.fields({"camera": (zh, en)})
        return cls(**facts)

    @property
    def patience(self) -> timedelta:
        """How long it may be silent."""
        return timedelta(seconds=self.interval_s * self.misses)


# -- alarms --------------------------------------------------------------------------------------------


class UnknownAlarm(NotFound):
    """There is no alarm {alarm_no}."""

    zh = "没有告警“{alarm_no}”。"


class AlreadyCleared(Conflict):
    """This alarm was cleared before."""

    zh = "该告警已解除。"


@dataclass
class Alarm:
    """One trouble at one camera, however often it is told. Active or cleared, and, apart from that, seen or not."""

    alarm_no: str
    camera: str
    place: str
    type: str
    priority: int
    first_at: datetime
    last_at: datetime
    label: str | None = None
    zone: str | None = None
    count: int = 1
    active: bool = True
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    cleared_by: str | None = None
    cleared_at: datetime | None = None
    clear_reason: str | None = None
    finding_id: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def sound(cls, **facts: Any) -> Alarm:
        return cls(alarm_no=new_id(), first_at=facts["at"], last_at=facts.pop("at"), **facts)

    def takes_in(self, at: datetime, cooldown: timedelta) -> bool:
        """Less than the cooldown before its beginning or after its end; signals may come out of order."""
        return self.first_at - cooldown < at < self.last_at + cooldown

    def fold(self, at: datetime, priority: int, evidence: Mapping[str, Any]) -> None:
        self.count += 1
        self.first_at, self.last_at = min(self.first_at, at), max(self.last_at, at)
        self.priority = min(self.priority, priority)
        self.evidence = {**self.evidence, **evidence}
        if not self.active:  # it flickers: what was seen was an earlier state
            self.active = True
            self.cleared_by = self.cleared_at = self.clear_reason = None
            self.acknowledged_by = self.acknowledged_at = None

    def acknowledge(self, by: str, at: datetime) -> None:
        """Seeing it twice changes nothing: the first one has the merit."""
        if self.acknowledged_at is None:
            self.acknowledged_by, self.acknowledged_at = by, at

    def clear(self, by: str, reason: str, at: datetime) -> None:
        if not self.active:
            raise AlreadyCleared()
        self.active = False
        self.cleared_by, self.cleared_at, self.clear_reason = by, at, reason
        self.acknowledge(by, at)


@dataclass
class Finding:
    """What the front desk was told, until it is closed there or taken back here."""

    finding_id: str
    kind: str
    place: str
    cameras: list[str]
    raised_at: datetime
    type: str | None = None
    severity: int = 4
    state: str = "open"
    ended_at: datetime | None = None

    def end(self, state: str, at: datetime) -> None:
        self.state, self.ended_at = state, at


# -- access --------------------------------------------------------------------------------------------

PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"
)


def plate(text: str) -> str | None:
    """A number plate in its plain form (京A·12345 -> 京A12345), with 7 or, for new energy, 8 characters."""
    plain = re.sub(r"[\s·.\-]", "", text).upper()
    return plain if PLATE.fullmatch(plain) else None


@dataclass(frozen=True)
class Access:
    """What a household is given at the gate. A card or the telephone always: nobody has to show his face to come home."""

    door: str = "card"
    plates: tuple[str, ...] = ()
    face: bool = False

    def result(self, face_asked: bool) -> dict[str, Any]:
        given: dict[str, Any] = {"door": self.door, "vehicles": list(self.plates)}
        if face_asked:
            given["face"] = "granted" if self.face else "refused-without-separate-consent"
        return given


# -- looking at recordings -----------------------------------------------------------------------------


class UnknownViewing(NotFound):
    """There is no viewing request {viewing_no}."""

    zh = "没有调阅申请“{viewing_no}”。"


class ViewingDecided(Conflict):
    """This request was decided before: {status}."""

    zh = "该调阅申请已作出决定（{status}）。"


class OwnRequest(Forbidden):
    """Nobody approves his own request."""

    zh = "不能审批自己提出的调阅申请。"


class NotApproved(Forbidden):
    """Recordings may be looked at only under an approved request; this one is {status}."""

    zh = "调阅须先获批准，当前状态：{status}。"


class OutsideViewing(Forbidden):
    """The request does not cover this camera or this time."""

    zh = "该摄像机或时段不在批准的调阅范围内。"


@dataclass
class Viewing:
    viewing_no: str
    place: str
    cameras: list[str]
    from_at: datetime
    until_at: datetime
    requester: str
    unit: str
    reason: str
    content: str
    asked_by: str
    asked_at: datetime
    task_id: str | None = None
    status: str = "requested"
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_note: str | None = None

    @classmethod
    def ask(cls, **facts: Any) -> Viewing:
        sentences = {}
        if facts["from_at"] >= facts["until_at"]:
            sentences["until_at"] = ("结束时间须晚于开始时间。", "The end must be later than the beginning.")
        if facts["until_at"] > facts["asked_at"]:
            sentences["until_at"] = (
                "不能调阅尚未发生的录像。",
                "What has not happened yet cannot be looked at.",
            )
        if sentences:
            raise Invalid.fields(sentences)
        return cls(viewing_no=new_id(), **facts)

    def decide(self, approved: bool, note: str, by: str, at: datetime) -> None:
        if self.status != "requested":
            raise ViewingDecided(status=self.status)
        if by == self.asked_by and by != "system":
            raise OwnRequest()
        self.status = "approved" if approved else "refused"
        self.decided_by, self.decided_at, self.decision_note = by, at, note

    def allow(self, camera: str, from_at: datetime, until_at: datetime) -> None:
        """Raises unless this look is covered."""
        if self.status != "approved":
            raise NotApproved(status=self.status)
        if camera not in self.cameras or not self.from_at <= from_at < until_at <= self.until_at:
            raise OutsideViewing()


GENESIS = "0" * 64
CHAINED = (
    "viewing_no", "camera", "from_at", "until_at", "viewer", "unit", "reason", "content", "account", "at",
)  # fmt: skip


def link(previous: str, line: Mapping[str, Any]) -> str:
    """The hash of a line of the look-up log, over its content and the hash of the line before."""
    plain = {
        name: clock.iso_exact(line[name]) if isinstance(line[name], datetime) else line[name]
        for name in CHAINED
    }
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def first_broken(lines: Iterable[Mapping[str, Any]]) -> int | None:
    """The number of the first line that was altered, taken out or put in; None when the chain holds."""
    previous, expected = GENESIS, 1
    for line in lines:
        if line["no"] != expected or line["previous"] != previous or line["hash"] != link(previous, line):
            return int(line["no"])
        previous, expected = line["hash"], expected + 1
    return None
