"""Exchange with other systems (S13.2): files in, files out, and a feed of changes that skips nothing."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Page, Query
from services.contracts.registry import PLACE, SHORT, TEXT

OFFICE = "registry"

KINDS = ("buildings", "households", "residents")
FORMATS = ("csv", "xlsx")
COMMUNITY_OR_GRID = validate.Regexp(r"^\d{12}(\d{3})?$", error="Not a community or grid code.")
PART = 512 * 1024
"""Bytes of a file that travel in one call."""
LARGEST_FILE = 10 * 1024 * 1024
OWNERS = ("registry", "police", "property", "party", "civil-affairs", "resident")

# -- orders --------------------------------------------------------------------------------------------


class OpenImport(Command):
    """A file is about to be handed in: which rows it holds, and of which place."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    place = fields.String(required=True, validate=COMMUNITY_OR_GRID)
    name = fields.String(required=True, validate=validate.Length(min=1, max=200))
    size = fields.Integer(required=True, validate=validate.Range(1, LARGEST_FILE))
    sha256 = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$"))
    source = fields.String(load_default="registry", validate=validate.OneOf(OWNERS))


class AddImportPart(Command):
    """A piece of the file, in base64. With the last one the dry run begins."""

    remembered = False
    import_id = fields.String(required=True)
    number = fields.Integer(required=True, validate=validate.Range(0, 200))
    content = fields.String(required=True, validate=validate.Length(max=PART * 4 // 3 + 8))


class ApplyImport(Command):
    """Store what the dry run found sound: all or nothing, or portion by portion leaving out the faulty rows."""

    import_id = fields.String(required=True)
    how = fields.String(required=True, validate=validate.OneOf(("whole", "portions")))
    reason = fields.String(required=True, validate=TEXT)


class DropImport(Command):
    """Do not store it; the file and its rows are deleted."""

    import_id = fields.String(required=True)


class ExportRegistry(Command):
    """Rows of a place as a file; personal values masked unless `whole`, and then the look is noted for each person.

    The answer is one portion; `next` asks for the following one.
    """

    remembered = False
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    place = fields.String(required=True, validate=COMMUNITY_OR_GRID)
    whole = fields.Boolean(load_default=False)
    why = fields.String(load_default=None, validate=TEXT)
    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=5000, validate=validate.Range(1, 5000))


class ProposeChange(Command):
    """Another register says otherwise about a field that is not its own: kept until somebody here decides."""

    resident_id = fields.String(required=True)
    field = fields.String(required=True, validate=validate.Length(max=40))
    value = fields.String(required=True, validate=SHORT)
    source = fields.String(required=True, validate=validate.OneOf(OWNERS))
    reason = fields.String(required=True, validate=TEXT)


class DecideProposal(Command):
    """Take over what another register says, or leave it."""

    proposal_id = fields.String(required=True)
    accept = fields.Boolean(required=True)
    reason = fields.String(required=True, validate=TEXT)


# -- questions -----------------------------------------------------------------------------------------


class GetImport(Query):
    """How far an import is, and what its dry run found."""

    import_id = fields.String(required=True)


class ListImports(Page):
    """Imports of the caller's areas, newest first."""


class ListImportRows(Page):
    """The report: row by row what is wrong, where, and what would put it right."""

    import_id = fields.String(required=True)
    faulty = fields.Boolean(load_default=True)


class ListChanges(Query):
    """What changed in the registry after a number, in the order in which it was committed; never a personal value."""

    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 200))
    place = fields.String(load_default=None, validate=PLACE)


class ListSources(Query):
    """Which register is the source of each field (一数一源)."""


class ListProposals(Page):
    """What other registers say otherwise, and what was decided."""

    open = fields.Boolean(load_default=None)
