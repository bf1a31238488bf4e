"""Bodies of the odd rows."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class SignIn(Schema):
    """Sign in with a password, or go on with a refresh token."""

    grant = fields.String(required=True, validate=validate.OneOf(("password", "refresh")))
    account = fields.String(validate=validate.Length(min=1, max=100))
    password = fields.String(validate=validate.Length(min=1, max=200))
    refresh_token = fields.String(validate=validate.Length(min=1, max=512))


class SignOut(Schema):
    """The refresh token to give up."""

    refresh_token = fields.String(required=True, validate=validate.Length(min=1, max=512))


class Upload(Schema):
    """multipart/form-data."""

    file = fields.Raw(
        required=True, metadata={"type": "string", "contentMediaType": "application/octet-stream"}
    )


class Reading(Schema):
    """What a register showed at a time."""

    meter = fields.String(required=True)
    register = fields.String(required=True)
    at = fields.AwareDateTime(required=True, format="iso", metadata={"description": "with an offset"})
    value = fields.Decimal(
        required=True, metadata={"description": "cumulative, finite, not negative; number or text"}
    )
    unit = fields.String(required=True)
    seq = fields.Integer(required=True)
    quality = fields.String(metadata={"description": "as the device reports it"})


class Readings(Schema):
    """Up to 5,000 readings; each is judged by itself."""

    readings = fields.List(fields.Nested(Reading), required=True, validate=validate.Length(min=1, max=5000))


class Frame(Schema):
    """A frame as the meter sent it, DL/T 645-2007 or CJ/T 188, and when its meter was read."""

    hex = fields.String(
        required=True, metadata={"description": "from the preamble or the first 68 to the 16"}
    )
    at = fields.AwareDateTime(required=True, format="iso", metadata={"description": "with an offset"})
    seq = fields.Integer(metadata={"description": "a higher one corrects the reading of the same time"})


class Frames(Schema):
    """Up to 5,000 frames; each is judged by itself. What it says is read behind the door."""

    frames = fields.List(fields.Nested(Frame), required=True, validate=validate.Length(min=1, max=5000))


class Evidence(Schema):
    """Where the picture is and what makes it itself; never the picture."""

    sha256 = fields.String()
    url = fields.Url()


class Alarm(Schema):
    """What a camera or sensor saw; `device` may be left out by the device itself."""

    type = fields.String(required=True)
    at = fields.AwareDateTime(required=True, format="iso")
    device = fields.String(metadata={"description": "GB/T 28181 id, 20 digits"})
    id = fields.String(metadata={"description": "the sender's own number of this alarm"})
    state = fields.String(validate=validate.OneOf(("active", "cleared")))
    priority = fields.Integer(validate=validate.Range(1, 4))
    label = fields.String()
    zone = fields.String()
    evidence = fields.Nested(Evidence)


class Alarms(Schema):
    """Up to 500 alarms; each is judged by itself."""

    alarms = fields.List(fields.Nested(Alarm), required=True, validate=validate.Length(min=1, max=500))


class AlarmList(Schema):
    """Only the frame of the above: what is in it is judged one by one."""

    alarms = fields.List(fields.Raw(allow_none=True), required=True, validate=validate.Length(min=1, max=500))
