"""Answers, as far as they are promised: others write clients against these names."""

from __future__ import annotations

from marshmallow import Schema, fields


class FieldFault(Schema):
    path = fields.String(required=True, metadata={"description": "e.g. form.members.0.name"})
    zh = fields.String(required=True)
    en = fields.String(required=True)


class Problem(Schema):
    """RFC 9457, on every error."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "in the language of Accept-Language"})
    instance = fields.String(required=True)
    slug = fields.String(required=True, metadata={"description": "stable; decide by this"})
    detail_zh = fields.String(required=True)
    detail_en = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldFault), required=True)
    trace_id = fields.String(required=True)


class Page(Schema):
    """One page; ask again with `cursor` = `next` until it is null."""

    items = fields.List(fields.Dict(), required=True)
    next = fields.String(allow_none=True)


class Receipt(Schema):
    """What the applicant takes home."""

    case_no = fields.String(required=True)
    tracking_token = fields.String(required=True, metadata={"description": "opens /p/{token}; shown once"})
    status = fields.String(required=True)
    due_at = fields.AwareDateTime(required=True, format="iso")
    tasks = fields.List(fields.Dict(), required=True)


class Tokens(Schema):
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})


class RejectedReading(Schema):
    index = fields.Integer(required=True)
    problem = fields.Dict(required=True, metadata={"description": "{slug, zh, en}"})


class Accepted(Schema):
    """202 after the broker confirmed that it keeps what was accepted.

    The door does not know the meters: a reading of one that nobody registered is accepted too, and waits 30 days for
    its registration. Until then GET /v1/meters/{meter} says unknown-meter.
    """

    accepted = fields.Integer(required=True)
    rejected = fields.List(fields.Nested(RejectedReading), required=True)
