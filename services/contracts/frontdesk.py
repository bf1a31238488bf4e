"""The front desk: matters, cases, and everything that may happen to a case."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query, at

FINDERS = ("meters", "cameras", "registry")
CHANNELS = ("window", "kiosk", "hotline", "visit", "opinion-card", "online", "device", "company")
EMERGENCIES = ("110", "119", "120", "122")
TEXT = validate.Length(min=1, max=2000)
NO = validate.Regexp(r"^\d{8}-\d{7}$", error="Not a case number.")
PLACE = validate.Regexp(r"^\d{6,15}$", error="Not a place code.")

# -- facts ---------------------------------------------------------------------------------------------


class CaseFiled(Event):
    """A case has a number and is registered."""

    said_by = ("frontdesk",)
    heard_by = ("insight",)
    case_no = fields.String(required=True)
    matter = fields.String(required=True)
    place = fields.String(required=True)
    channel = fields.String(required=True)
    finding_id = fields.String()
    finder = fields.String()
    filed_at = at(required=True)
    due_at = at(required=True)


class HistoryLine(Schema):
    """One line of a case's history; `seq` counts up by one in each case."""

    class Meta:
        unknown = EXCLUDE

    seq = fields.Integer(required=True)
    at = at(required=True)
    kind = fields.String(
        required=True, metadata={"description": "e.g. filed, assigned, signed, finished, returned, closed"}
    )
    unit = fields.String(allow_none=True, load_default=None)
    task_id = fields.String(allow_none=True, load_default=None)
    actor = fields.String(allow_none=True, load_default=None)
    detail = fields.Dict(load_default=dict)


class CaseNoted(Event):
    """What one transaction added to a case's history. Screens and statistics are built from these and nothing else.

    `case` is the case's face after the last of the lines: status, due_at, lanes.
    """

    said_by = ("frontdesk",)
    heard_by = ("insight",)
    case_no = fields.String(required=True)
    lines = fields.List(fields.Nested(HistoryLine), required=True)
    case = fields.Dict(required=True)


class CaseClosed(Event):
    """A case came to its end: every required task has its evidence, or the desk or the applicant ended it."""

    said_by = ("frontdesk",)
    heard_by = ("insight", *FINDERS)
    case_no = fields.String(required=True)
    matter = fields.String(required=True)
    place = fields.String(required=True)
    status = fields.String(
        required=True,
        metadata={
            "description": "closed, refused, answered, withdrawn, merged, not-accepted or transferred-emergency"
        },
    )
    finding_id = fields.String()
    finder = fields.String()
    closed_at = at(required=True)


# -- findings of devices that need a person ------------------------------------------------------------


class _Finding(Event):
    heard_by = ("frontdesk",)
    finding_id = fields.String(required=True)
    place = fields.String(required=True, metadata={"description": "grid code"})
    household = fields.String()
    address = fields.String()
    device = fields.String()
    type = fields.String(metadata={"description": "of an alarm: gas, smoke, fire, fall …"})
    severity = fields.Integer(metadata={"description": "1 (most urgent) to 4"})
    evidence = fields.Dict(required=True)
    person = fields.Dict(
        metadata={"description": "name, phone, contact_name, contact_phone: only what the visit needs"}
    )
    raised_at = at(required=True)


class WelfareConcernRaised(_Finding):
    """Somebody who lives alone shows no sign of life on the water meter."""

    said_by = ("meters",)


class LeakSuspected(_Finding):
    """A household's water never stops."""

    said_by = ("meters",)


class MeterFaultFound(_Finding):
    """A meter is stuck, runs backwards, was opened, or is not heard any more."""

    said_by = ("meters",)


class AlarmRaised(_Finding):
    """An alarm that by rule needs a person at once: of a camera, a sensor, or a gas meter."""

    said_by = ("cameras", "meters")


class CameraOfflineFound(_Finding):
    """A camera has been silent long enough to need maintenance."""

    said_by = ("cameras",)


class GridEventFiled(_Finding):
    """Something in a grid that the grid cannot settle by itself; `type` is its kind."""

    said_by = ("registry",)
    handle_by = at(metadata={"description": "when the finder's own rule wants it handled"})


class HouseholdRecheckDue(_Finding):
    """Somebody moved, was born or died: what hangs on it has to be gone through. Carries no name."""

    said_by = ("registry",)
    party_member = fields.Boolean()


class FindingUpdated(Event):
    """The same finding again: more evidence, no second case."""

    said_by = ("meters", "cameras")
    heard_by = ("frontdesk",)
    finding_id = fields.String(required=True)
    evidence = fields.Dict(required=True)
    at = at(required=True)


class FindingRetracted(Event):
    """The reason is gone (a late or corrected reading, the alarm was false): whoever was sent stands down."""

    said_by = FINDERS
    heard_by = ("frontdesk",)
    finding_id = fields.String(required=True)
    reason = fields.String(required=True)
    at = at(required=True)


# -- catalogue and cases, asked ------------------------------------------------------------------------


class ListMatters(Query):
    """The matters that are approved for a place: without one, the caller's own or the community served here."""

    place = fields.String(load_default=None, validate=PLACE)


class GetMatter(Query):
    """One matter with its form, materials, steps and promise, and the approval under which it is on this desk."""

    code = fields.String(required=True)
    place = fields.String(load_default=None, validate=PLACE)


class _OneCase(Query):
    case_no = fields.String(required=True, validate=NO)
    token = fields.String(load_default=None)


class GetCase(_OneCase):
    """A case with its tasks (lanes)."""


class GetCaseByToken(Query):
    """What the holder of a tracking token may see: no personal data."""

    token = fields.String(required=True, validate=validate.Length(max=64))


class ListCases(Page):
    """Cases within the caller's areas, newest first."""

    status = fields.String(load_default=None)
    matter = fields.String(load_default=None)
    unit = fields.String(load_default=None)
    place = fields.String(load_default=None)
    overdue = fields.Boolean(load_default=None)
    trouble = fields.Boolean(
        load_default=None,
        metadata={"description": "true: only cases whose deadlines failed and were set aside for a while"},
    )
    q = fields.String(load_default=None, validate=validate.Length(max=100))


class ListHistory(_OneCase):
    """The append-only history, after a sequence number."""

    after = fields.Integer(load_default=0)


# -- orders --------------------------------------------------------------------------------------------


class FileCase(Command):
    """File an application; the answer is the receipt."""

    matter = fields.String(required=True, validate=validate.Length(max=40))
    applicant = fields.Dict(required=True)
    form = fields.Dict(required=True)
    materials = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=50))
    channel = fields.String(load_default="kiosk", validate=validate.OneOf(CHANNELS))
    source = fields.Dict(
        load_default=dict,
        metadata={"description": "what the channel needs told of the hand-over, see /v1/channels"},
    )
    place = fields.String(load_default=None, validate=PLACE)
    draft = fields.String(  # intake
        load_default=None,
        validate=validate.Length(max=40),
        metadata={"description": "code and secret of the draft this was resumed from; it is deleted"},
    )


class _OnCase(Command):
    case_no = fields.String(required=True, validate=NO)
    token = fields.String(load_default=None)


class SupplementCase(_OnCase):
    """Add what was asked for; the clock runs again."""

    form = fields.Dict(load_default=dict)
    materials = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=50))
    note = fields.String(load_default=None, validate=validate.Length(max=2000))


class UrgeCase(_OnCase):
    """Remind whoever holds an unfinished task (催办)."""

    reason = fields.String(required=True, validate=TEXT)


class SuperviseCase(_OnCase):
    """Raise the supervision level of a case (督办)."""

    level = fields.Integer(required=True, validate=validate.Range(1, 3))
    reason = fields.String(required=True, validate=TEXT)


class WithdrawCase(_OnCase):
    """The applicant takes the application back; departments undo what they had begun."""

    reason = fields.String(required=True, validate=TEXT)


class RateCase(_OnCase):
    """Five levels (好差评); 1 and 2 start a redo with its own deadline."""

    stars = fields.Integer(required=True, validate=validate.Range(1, 5))
    comment = fields.String(load_default=None, validate=validate.Length(max=2000))


class ReopenCase(_OnCase):
    """Open a closed case again, with the reason."""

    reason = fields.String(required=True, validate=TEXT)


class RecordCallback(_OnCase):
    """What the applicant said when called back (回访)."""

    reached = fields.Boolean(required=True)
    resolved = fields.Boolean(load_default=None)
    satisfied = fields.Boolean(load_default=None)
    note = fields.String(load_default=None, validate=validate.Length(max=2000))


class MergeCase(_OnCase):
    """This case tells of the same thing as another: its applicant follows that one and is answered with it."""

    into = fields.String(required=True, validate=NO)


class AnswerCase(_OnCase):
    """Answer a case at the desk: the units it was given to stand down."""

    answer = fields.String(required=True, validate=TEXT)


class DeclineCase(_OnCase):
    """Do not accept a case, with the reason and, for statutory matters, where it belongs instead (不予受理告知)."""

    reason = fields.String(required=True, validate=TEXT)
    instead = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={
            "description": "a statutory channel by its value or name, see /v1/statutory-channels; or words"
        },
    )


class HandToEmergency(_OnCase):
    """Hand a case over to the police, the fire service, the ambulance or the traffic police, at once."""

    service = fields.String(required=True, validate=validate.OneOf(EMERGENCIES))
    reason = fields.String(required=True, validate=TEXT)


class DecideReturn(Command):
    """Rule on a return: another unit takes it, or the same one is designated and may not return again."""

    task_id = fields.String(required=True)
    decision = fields.String(required=True, validate=validate.OneOf(("upheld", "designated")))
    unit = fields.String(load_default=None, metadata={"description": "who takes it instead, when upheld"})
    reason = fields.String(required=True, validate=TEXT)


class DecideExtension(Command):
    """Grant or refuse more time."""

    task_id = fields.String(required=True)
    granted = fields.Boolean(required=True)
    until = at(
        load_default=None,
        metadata={"description": "an earlier time than was asked for; without it, that one"},
    )
    reason = fields.String(required=True, validate=TEXT)


class LoadDemonstration(Command):
    """What one community brought to the desk in one month, and what became of it; repeating it changes nothing.

    For administrators. `a_day`: cases on a working day. Answers `{loaded, cases, open}`.
    """

    remembered = False
    seed = fields.Integer(load_default=1)
    grids = fields.List(
        fields.String(validate=validate.Regexp(r"^\d{15}$", error="Not a grid code.")),
        required=True,
        validate=validate.Length(1, 40),
    )
    month = fields.String(required=True, validate=validate.Regexp(r"^20\d\d-(0[1-9]|1[0-2])$"))
    a_day = fields.Float(load_default=6.0, validate=validate.Range(0.1, 100))


class RegisterMaterial(Command):
    """Note an uploaded file by its content's SHA-256, so that it is asked for only once."""

    sha256 = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$"))
    name = fields.String(required=True, validate=validate.Length(max=200))
    media_type = fields.String(required=True)
    size = fields.Integer(required=True)
