"""The census: what enumerators and their leader ask for and order, and the counts that anybody may read.

Nothing is said on the bus: a census has no event, and no other service knows these words (import-linter holds it).
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Page, Query, at

FORMS = ("short", "long", "death")
KINDS = ("family", "collective")
VISITS = ("answered", "absent", "refused", "vacant")
MOVES = ("enumerating", "checking", "closed", "published")
HOUSEHOLD_STATES = ("listed", "started", "complete", "confirmed", "absent", "refused", "vacant")

PLACE = validate.Regexp(r"^\d{9}(\d{3})?$", error="Not a street's or a community's code.")
KEY = validate.Length(min=1, max=64)
NAME = validate.Length(min=1, max=100)
TEXT = validate.Length(min=1, max=1000)
ACCOUNT = validate.Length(min=1, max=50)
ITEM = validate.Length(min=1, max=100)
TABLE = validate.Length(min=1, max=2_000_000)


class _OfCensus(Schema):
    census_id = fields.String(required=True, validate=KEY)


class _OfHousehold(Schema):
    household_id = fields.String(required=True, validate=KEY)


class _OfForm(_OfHousehold):
    form = fields.String(required=True, validate=validate.OneOf(FORMS))


# -- orders of the leader --------------------------------------------------------------------------------


class PlanCensus(Command):
    """Plan a census of an area at a reference time. Without a seed one is drawn; its fingerprint is shown at once, itself at the close."""

    name = fields.String(required=True, validate=NAME)
    place = fields.String(required=True, validate=PLACE)
    reference_at = at(required=True, metadata={"description": "1 November 0:00 by law"})
    area = fields.Dict(required=True, metadata={"description": "GeoJSON Polygon or MultiPolygon, WGS 84"})
    seed = fields.String(load_default=None, validate=validate.Length(min=16, max=200))


class ImportBuildings(_OfCensus, Command):
    """The census's own list of buildings, instead of the one before; every bad row is told. CSV (building, address, longitude, latitude, persons) or GeoJSON points."""

    csv = fields.String(load_default=None, validate=TABLE)
    geojson = fields.Dict(load_default=None)
    dry_run = fields.Boolean(load_default=False)


class DrawBlocks(_OfCensus, Command):
    """Draw the enumeration blocks: every building in exactly one, no overlap, no gap, about 300 persons each."""


class AssignBlock(_OfCensus, Command):
    """Who enumerates a block; nobody else but the leader sees it."""

    block = fields.Integer(required=True, validate=validate.Range(1, 99_999))
    enumerator = fields.String(required=True, validate=ACCOUNT)


class MoveCensus(_OfCensus, Command):
    """On to (or from checking back to) another state; what stands in the way is told with its count."""

    to = fields.String(required=True, validate=validate.OneOf(MOVES))


class AssignKeying(Command):
    """Who keys a questionnaire a second time: not the one who keyed it first."""

    keying_id = fields.String(required=True, validate=KEY)
    keyer = fields.String(required=True, validate=ACCOUNT)


class Adjudicate(Command):
    """Which of two keyings of an item is right, or a third value."""

    remembered = False
    keying_id = fields.String(required=True, validate=KEY)
    item = fields.String(
        required=True, validate=ITEM, metadata={"description": "its path: persons.0.birth_date"}
    )
    verdict = fields.String(required=True, validate=validate.OneOf(("first", "second", "other")))
    value = fields.Raw(load_default=None, allow_none=True)


# -- orders in a block -----------------------------------------------------------------------------------


class Dwelling(Schema):
    building = fields.String(required=True, validate=KEY)
    door = fields.String(required=True, validate=validate.Length(min=1, max=40))
    kind = fields.String(load_default="family", validate=validate.OneOf(KINDS))


class AddHouseholds(_OfCensus, Command):
    """List households of a block, in the order of the walk; each gets the next serial."""

    block = fields.Integer(required=True, validate=validate.Range(1, 99_999))
    households = fields.List(fields.Nested(Dwelling), required=True, validate=validate.Length(1, 500))


class RecordVisit(_OfHousehold, Command):
    """A visit and what came of it; a household is given up as absent only after the visits the rule asks for."""

    outcome = fields.String(required=True, validate=validate.OneOf(VISITS))
    note = fields.String(load_default=None, validate=TEXT)


class SaveQuestionnaire(_OfForm, Command):
    """What was answered so far: `{faults}`, hard and soft. After a confirmation it needs a reason and makes a new version."""

    remembered = False
    answers = fields.Dict(required=True, metadata={"description": "{household: {…}, persons: [{…}]}"})
    explanations = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=TEXT),
        load_default=dict,
        metadata={"description": "soft fault `path:check` -> why it is right all the same"},
    )
    reason = fields.String(load_default=None, validate=TEXT)


class ReadBack(_OfForm, Command):
    """The answers as sentences to read to whoever gave them; refused while a fault stands: `{version, lines}`."""

    remembered = False


class ConfirmQuestionnaire(_OfForm, Command):
    """Whoever answered has heard or read this version and says it is so."""

    version = fields.Integer(required=True, validate=validate.Range(1, 9999))
    person = fields.Integer(
        load_default=None,
        validate=validate.Range(1, 500),
        metadata={"description": "his number on the form; none: he lives elsewhere and answers for them"},
    )
    manner = fields.String(load_default="heard", validate=validate.OneOf(("heard", "read")))


class KeyAgain(Command):
    """The same questionnaire keyed by another person, who does not see the first keying."""

    remembered = False
    keying_id = fields.String(required=True, validate=KEY)
    answers = fields.Dict(required=True)


# -- questions -------------------------------------------------------------------------------------------


class ListCensuses(Query):
    """Censuses of the caller's area."""


class GetCensus(_OfCensus, Query):
    """A census with its figures, the fingerprint of its seed, and the seed itself once it is closed."""


class GetForms(_OfCensus, Query):
    """The items and checks of its forms, in both languages, for whoever builds a screen."""


class ListBlocks(_OfCensus, Query):
    """Blocks with persons, enumerator and whether they are in bounds; an enumerator's own."""


class GetBlockMap(_OfCensus, Query):
    """The same as a GeoJSON FeatureCollection."""


class ListHouseholds(_OfCensus, Page):
    """Households with their state and visits; an enumerator's own. No person is named."""

    block = fields.Integer(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(HOUSEHOLD_STATES))


class GetQuestionnaire(_OfForm, Query):
    """The answers, whole, with their faults and versions; to the enumerator of the block and his leader."""


class ListKeyings(_OfCensus, Page):
    """Second keyings by the number on the paper (block, serial, form): an enumerator's own, the leader's all. Holds no answer."""


class GetProgress(_OfCensus, Query):
    """Visited, complete, confirmed, refused, absent, by enumerator and by block."""


class GetQuality(_OfCensus, Query):
    """The double-entry check: differences per item, error rate with numerator and denominator."""


class ListDifferences(_OfCensus, Page):
    """Items that were keyed differently, whole, to be adjudicated."""

    open = fields.Boolean(load_default=True)


class ListCleanUp(_OfCensus, Page):
    """Who has to be looked at again: migrant, separated, unregistered, registration to cancel. Names whole until they are erased."""

    kind = fields.String(
        required=True, validate=validate.OneOf(("usual", "migrant", "separated", "unregistered", "to-cancel"))
    )


class GetErasureCertificate(_OfCensus, Query):
    """What was deleted after the close, when, and that nothing is left."""


class GetPublication(_OfCensus, Query):
    """The published counts, small cells suppressed. For anybody."""


# -- demonstration ---------------------------------------------------------------------------------------


class LoadDemonstration(Command):
    """A small census over the demonstration community's buildings, half enumerated; does nothing when it is there."""

    seed = fields.Integer(load_default=1)
    place = fields.String(required=True, validate=PLACE)
    buildings = fields.List(
        fields.Dict(), required=True, metadata={"description": "code, address, longitude, latitude"}
    )
    areas = fields.List(
        fields.Dict(), required=True, metadata={"description": "GeoJSON polygons that tile it"}
    )
