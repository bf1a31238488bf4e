"""What comes before and beside a case: likeness, bursts, topics, routing, whistles, drafts, the diary and ledgers."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.frontdesk import CHANNELS, NO, TEXT
from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.units import UNITS

OFFICE = "frontdesk"

PLACE = validate.Regexp(r"^\d{6,15}$", error="Not a place code.")
ADDRESS = validate.Regexp(r"^\d{6,15}(-[0-9A-Za-z]{1,8}){0,5}$", error="Not a place code.")
CODE = validate.Length(min=1, max=40)
UNIT = validate.OneOf(tuple(UNITS))
DIARY_KINDS = ("visit", "patrol", "service", "conflict", "safety", "suggestion", "meeting", "other")

# -- facts ---------------------------------------------------------------------------------------------


class BroadcastMade(Event):
    """Everybody of an area is told once of an incident: what happened, who is on it, and that nobody need report it."""

    said_by = (OFFICE,)
    broadcast_id = fields.String(required=True)
    case_no = fields.String(required=True, metadata={"description": "the incident"})
    kind = fields.String(required=True)
    place = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    made_at = at(required=True)


# -- likeness ------------------------------------------------------------------------------------------


class ListSimilar(Query):
    """Other cases that may tell of the same thing: same place, same kind, about the same time, alike in words."""

    case_no = fields.String(required=True, validate=NO)


class FindSimilar(Query):
    """Before filing: has somebody reported this already?"""

    matter = fields.String(required=True, validate=CODE)
    place = fields.String(required=True, validate=ADDRESS)
    text = fields.String(required=True, validate=TEXT)
    topic = fields.String(
        load_default=None,
        validate=CODE,
        metadata={"description": "topic or category, where the matter asks for one"},
    )


# -- routing -------------------------------------------------------------------------------------------


class SuggestRouting(Query):
    """Whose is it? Units by the directory of duties and by similar past cases, each with its reasons; a person decides."""

    text = fields.String(required=True, validate=TEXT)
    place = fields.String(required=True, validate=ADDRESS)
    topic = fields.String(load_default=None, validate=CODE)


# -- incidents and topics ------------------------------------------------------------------------------


class ListIncidents(Page):
    """Incidents and topic cases within the caller's areas, newest first, with how many reports each holds."""

    place = fields.String(load_default=None, validate=PLACE)
    open = fields.Boolean(load_default=None)


class ListReports(Page):
    """The reports an incident or a topic case holds; persons masked."""

    case_no = fields.String(required=True, validate=NO)


class ListBroadcasts(Page):
    """What an area is told of, newest first; `open`: only what is not over."""

    place = fields.String(required=True, validate=PLACE)
    open = fields.Boolean(load_default=None)


# -- joint handling ------------------------------------------------------------------------------------


class BlowWhistle(Command):
    """Summon units to a case (吹哨报到). Without `lead`, whoever signs first leads and stays accountable."""

    case_no = fields.String(required=True, validate=NO)
    units = fields.List(fields.String(validate=UNIT), required=True, validate=validate.Length(min=1, max=10))
    lead = fields.String(load_default=None, validate=UNIT)
    reason = fields.String(required=True, validate=TEXT)


class OpenConsultation(Command):
    """Whose it is, is not clear: the units concerned sit together before it goes on (会商)."""

    case_no = fields.String(required=True, validate=NO)
    units = fields.List(fields.String(validate=UNIT), required=True, validate=validate.Length(min=2, max=10))
    question = fields.String(required=True, validate=TEXT)


class RuleConsultation(Command):
    """What was said and what is ruled: the lead and the co-units get their tasks at once."""

    consultation_id = fields.String(required=True, validate=CODE)
    minutes = fields.String(required=True, validate=validate.Length(min=1, max=5000))
    ruling = fields.String(required=True, validate=TEXT)
    lead = fields.String(required=True, validate=UNIT)
    co_units = fields.List(fields.String(validate=UNIT), load_default=list, validate=validate.Length(max=10))


class ListConsultations(Page):
    """Consultations within the caller's areas, newest first."""

    case_no = fields.String(load_default=None, validate=NO)
    open = fields.Boolean(load_default=None)


class RecordConfirmation(Command):
    """The court has confirmed a mediation agreement (司法确认); no reminder is due any more."""

    case_no = fields.String(required=True, validate=NO)
    confirmed_on = fields.Date(required=True)
    reference = fields.String(required=True, validate=validate.Length(min=1, max=100))


# -- drafts --------------------------------------------------------------------------------------------


class SaveDraft(Command):
    """Keep a half-filled form for seven days; the answer holds the only key to it."""

    remembered = False
    matter = fields.String(required=True, validate=CODE)
    applicant = fields.Dict(load_default=dict)
    form = fields.Dict(load_default=dict)
    materials = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=50))
    channel = fields.String(load_default="kiosk", validate=validate.OneOf(CHANNELS))
    draft = fields.String(
        load_default=None,
        validate=validate.Length(max=40),
        metadata={"description": "code and secret of an earlier draft, which this one replaces"},
    )


class ResumeDraft(Query):
    """What was kept under a code and its secret."""

    draft = fields.String(required=True, validate=validate.Length(max=40))


# -- diary and ledgers ---------------------------------------------------------------------------------


class WriteDiary(Command):
    """One line of the community diary (社区日志)."""

    place = fields.String(required=True, validate=PLACE)
    kind = fields.String(required=True, validate=validate.OneOf(DIARY_KINDS))
    happened_at = at(load_default=None)
    persons = fields.Integer(load_default=0, validate=validate.Range(0, 100_000))
    text = fields.String(required=True, validate=TEXT)
    follow_up = fields.String(load_default=None, validate=validate.Length(max=500))


class ListDiary(Page):
    """The diary of the caller's areas, newest first."""

    place = fields.String(load_default=None, validate=PLACE)
    kind = fields.String(load_default=None, validate=validate.OneOf(DIARY_KINDS))
    pending = fields.Boolean(
        load_default=None, metadata={"description": "true: a follow-up is asked and there is no case yet"}
    )


class OpenCaseFromDiary(Command):
    """What was written down becomes a case, in one step."""

    entry_id = fields.String(required=True, validate=CODE)
    unit = fields.String(load_default="community", validate=UNIT)


class ListLedgers(Query):
    """The e-ledgers (电子台账) that are kept, and what each gathers."""


class ReadLedger(Page):
    """A ledger's lines within the caller's areas, oldest first."""

    ledger = fields.String(required=True, validate=CODE)
    place = fields.String(load_default=None, validate=PLACE)


class ExportLedger(Page):
    """The same lines as CSV text, a page at a time: `{csv, next}`."""

    ledger = fields.String(required=True, validate=CODE)
    place = fields.String(load_default=None, validate=PLACE)
    heading = fields.Boolean(load_default=True)
