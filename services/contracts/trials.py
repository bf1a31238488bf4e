"""Matters before they are in force: checked, and tried out on a form. Neither changes anything."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.frontdesk import PLACE
from services.contracts.messages import Query, at

OFFICE = "frontdesk"
DRAFT = validate.Length(min=1, max=200_000)


class CheckMatter(Query):
    """Everything that is wrong with a matter file, each fault with its line and path, in Chinese and English."""

    text = fields.String(required=True, validate=DRAFT, metadata={"description": "the file, YAML"})


class TryMatter(Query):
    """What a case of a matter would be: tasks, due times on the working calendar, what waits for what."""

    code = fields.String(required=True, validate=validate.Length(max=40))
    version = fields.Integer(load_default=None, validate=validate.Range(min=1))
    text = fields.String(
        load_default=None,
        validate=DRAFT,
        metadata={"description": "a draft of this matter's file, tried instead of what is in force"},
    )
    applicant = fields.Dict(load_default=dict)
    form = fields.Dict(load_default=dict)
    materials = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=50))
    place = fields.String(load_default=None, validate=PLACE)
    filed_at = at(load_default=None)
    outcomes = fields.Dict(
        load_default=dict,
        keys=fields.String(validate=validate.Length(max=40)),
        values=fields.String(validate=validate.Length(max=40)),
        metadata={"description": "unit -> how its step ends, where not with done"},
    )
