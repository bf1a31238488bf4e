"""Security cameras: the register, alarms, access, and the law of looking at recordings."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Page, Query, at

# AlarmRaised, CameraOfflineFound, FindingUpdated and FindingRetracted stand with the front desk's findings.

TEXT = validate.Length(min=1, max=2000)
NAME = validate.Length(min=1, max=100)
CODE = validate.Length(min=1, max=64)
CAMERA = validate.Regexp(r"^\d{20}$", error="Not a device id of GB/T 28181 (20 digits).")
GRID = validate.Regexp(r"^\d{15}$", error="Not a grid code (15 digits).")
SITES = (
    "gate", "street", "courtyard", "lobby", "lift", "stairwell", "garage", "roof", "playground", "perimeter", "shop",
)  # fmt: skip
FORBIDDEN_SITES = ("guest-room", "dormitory", "bathroom", "changing-room", "nursing-room")
STATUSES = ("new", "online", "offline", "retired")


# -- asked ---------------------------------------------------------------------------------------------


class ListCameras(Page):
    """Cameras within the caller's areas, by id."""

    place = fields.String(load_default=None, validate=validate.Regexp(r"^\d{6,15}$"))
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))


class GetCamera(Query):
    """One camera with its latest alarms."""

    camera = fields.String(required=True, validate=CAMERA)


class ListAlarms(Page):
    """Alarms within the caller's areas, the latest first."""

    camera = fields.String(load_default=None, validate=CAMERA)
    active = fields.Boolean(load_default=None)
    acknowledged = fields.Boolean(load_default=None)


class GetViewing(Query):
    """A request to look at recordings, with every look-up made under it."""

    viewing_no = fields.String(required=True, validate=CODE)


class ListViewings(Page):
    """Requests to look at recordings, the latest first."""

    status = fields.String(load_default=None, validate=validate.OneOf(("requested", "approved", "refused")))


class CheckLookups(Query):
    """Follow the chain of the look-up log and name the first line that does not fit."""


class ListGrants(Query):
    """Door and vehicle access given under a case."""

    case_no = fields.String(required=True, validate=CODE)


# -- orders --------------------------------------------------------------------------------------------


class RegisterCamera(Command):
    """Enter a camera into the register; private places are refused by law."""

    camera = fields.String(required=True, validate=CAMERA)
    name = fields.String(required=True, validate=NAME)
    place = fields.String(required=True, validate=GRID)
    address = fields.String(required=True, validate=validate.Length(min=1, max=200))
    site = fields.String(required=True, validate=validate.OneOf((*SITES, *FORBIDDEN_SITES)))
    zone = fields.String(load_default=None, validate=CODE)
    platform = fields.String(
        load_default=None,
        validate=CODE,
        metadata={"description": "account of the platform that tells its alarms"},
    )
    interval_s = fields.Integer(load_default=None, validate=validate.Range(5, 3600))
    misses = fields.Integer(load_default=None, validate=validate.Range(1, 100))
    report_after_min = fields.Integer(load_default=None, validate=validate.Range(0, 10_080))


class RetireCamera(Command):
    """Take a camera out of service: it is no longer expected to be heard."""

    camera = fields.String(required=True, validate=CAMERA)
    reason = fields.String(required=True, validate=TEXT)


class _OnAlarm(Command):
    alarm_no = fields.String(required=True, validate=CODE)


class AcknowledgeAlarm(_OnAlarm):
    """Somebody has seen it."""


class ClearAlarm(_OnAlarm):
    """The reason is gone, or there never was one."""

    false_alarm = fields.Boolean(load_default=False)
    reason = fields.String(required=True, validate=TEXT)


class RequestViewing(Command):
    """Ask to look at recordings, with the reason."""

    cameras = fields.List(
        fields.String(validate=CAMERA), required=True, validate=validate.Length(min=1, max=50)
    )
    from_at = at(required=True)
    until_at = at(required=True)
    requester = fields.String(required=True, validate=NAME)
    unit = fields.String(
        required=True, validate=NAME, metadata={"description": "whom the requester acts for"}
    )
    reason = fields.String(required=True, validate=TEXT)
    content = fields.String(required=True, validate=TEXT, metadata={"description": "what is looked for"})
    task_id = fields.String(load_default=None, validate=CODE)


class ApproveViewing(Command):
    """The manager decides on a request; never the one who asked."""

    viewing_no = fields.String(required=True, validate=CODE)
    approved = fields.Boolean(load_default=True)
    note = fields.String(required=True, validate=TEXT)


class NoteLookup(Command):
    """Write one look at a recording into the log that cannot be altered afterwards."""

    viewing_no = fields.String(required=True, validate=CODE)
    camera = fields.String(required=True, validate=CAMERA)
    from_at = at(required=True)
    until_at = at(required=True)
    viewer = fields.String(required=True, validate=NAME)
    content = fields.String(required=True, validate=TEXT)


class LoadDemonstration(Command):
    """Forty cameras over six grids; repeating it changes nothing."""

    seed = fields.Integer(required=True)
    platform = fields.String(load_default=None, validate=CODE)
