"""Identity: who somebody is, what he may, and proof of it.

Access tokens are EdDSA JWTs of 15 minutes that anybody can check with the public keys of `GetKeys`;
everything that can be withdrawn before that is named in `ListRevoked` and said as `CredentialRevoked`.
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query

ISSUER = "yikou"
AUDIENCE = "yikou"
ALGORITHM = "EdDSA"

KINDS = ("staff", "terminal", "company")
ROLES = (
    "admin", "supervisor", "clerk", "officer", "manager",
    "coordinator", "terminal", "company", "auditor", "operator",
    "enumerator", "census-leader",  # of the census, and good for nothing else
)  # fmt: skip

ACCOUNT = validate.Regexp(r"^[a-z0-9][a-z0-9._-]{1,49}$", error="Not an account name.")
DEVICE = validate.Regexp(r"^[A-Za-z0-9_-]{1,64}$", error="Not a device name.")
SCOPE = validate.Regexp(r"^(\d{6}|\d{9}|\d{12}|\d{15})?$", error="Not a place code.")
PASSWORD = validate.Length(min=10, max=200)
SECRET = validate.Length(min=1, max=256)
TOKEN = validate.Length(min=1, max=512)
TEXT = validate.Length(min=1, max=2000)

# -- facts ---------------------------------------------------------------------------------------------


class CredentialRevoked(Event):
    """Tokens that carry this name as `jti`, `sid` or `sub` are refused until the last of them has expired.

    Said for whoever checks tokens; `ListRevoked` tells the same to whoever was away.
    """

    said_by = ("identity",)
    heard_by = ("property",)
    name = fields.String(required=True, metadata={"description": "a token's jti, its session or its account"})
    kind = fields.String(required=True, metadata={"description": "session, account, api-key or device"})
    until = fields.Integer(required=True, metadata={"description": "Unix time, like a token's exp"})


# -- signing in ----------------------------------------------------------------------------------------


class Login(Command):
    """Sign in: `{access_token, refresh_token, token_type, expires_in, account}`."""

    remembered = False
    account = fields.String(required=True, validate=validate.Length(min=1, max=100))
    password = fields.String(required=True, validate=validate.Length(min=1, max=200))


class Refresh(Command):
    """Go on: a new access token and a new refresh token; the old one is used up."""

    remembered = False
    refresh_token = fields.String(required=True, validate=TOKEN)


class Logout(Command):
    """End the session of a refresh token. An unknown one is no fault: the aim is reached."""

    refresh_token = fields.String(required=True, validate=TOKEN)


# -- checked by the gateway ----------------------------------------------------------------------------


class GetKeys(Query):
    """The public keys of our tokens, as JWKs: `{keys: […]}`."""


class ListRevoked(Query):
    """What was withdrawn and could still be alive: `{items: [{name, kind, until}]}`."""


class CheckApiKey(Query):
    """The caller behind an API key; an empty object when it is unknown or withdrawn."""

    key = fields.String(required=True, validate=SECRET)


class CheckDevice(Query):
    """`{allowed}`, and when it is: `{device, kind, place}`."""

    device = fields.String(required=True, validate=validate.Length(max=128))
    secret = fields.String(required=True, validate=validate.Length(max=256))


class NoteAccess(Command):
    """A line of the access log, which only grows."""

    what = fields.String(required=True, validate=validate.Length(min=1, max=100))
    target = fields.String(load_default=None, validate=validate.Length(max=200))
    outcome = fields.String(load_default="ok", validate=validate.Length(max=100))
    address = fields.String(load_default=None, validate=validate.Length(max=100))


# -- administration ------------------------------------------------------------------------------------


class Role(Schema):
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    scope = fields.String(required=True, validate=SCOPE, metadata={"description": "'' is everywhere"})


class CreateAccount(Command):
    """Create an account; nobody grants more than he holds himself."""

    remembered = False
    account = fields.String(required=True, validate=ACCOUNT)
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    kind = fields.String(load_default="staff", validate=validate.OneOf(KINDS))
    department = fields.String(load_default=None)
    roles = fields.List(fields.Nested(Role), load_default=list, validate=validate.Length(max=50))
    password = fields.String(load_default=None, validate=PASSWORD)


class SetPassword(Command):
    """Set a password: one's own with the current one, anybody's as an administrator. Ends the account's sessions."""

    remembered = False
    account = fields.String(required=True, validate=ACCOUNT)
    password = fields.String(required=True, validate=PASSWORD)
    current = fields.String(load_default=None, validate=validate.Length(max=200))


class RevokeAccount(Command):
    """Close an account with its sessions and API keys, at once."""

    account = fields.String(required=True, validate=ACCOUNT)
    why = fields.String(required=True, validate=TEXT)


class CreateApiKey(Command):
    """A key for a company's machine; its secret is shown this once."""

    remembered = False
    account = fields.String(required=True, validate=ACCOUNT)
    label = fields.String(required=True, validate=validate.Length(min=1, max=100))
    roles = fields.List(
        fields.Nested(Role),
        load_default=None,
        metadata={"description": "a part of the account's roles; all by default"},
    )
    days = fields.Integer(load_default=365, validate=validate.Range(1, 1100))


class RevokeApiKey(Command):
    """Withdraw an API key by its prefix."""

    prefix = fields.String(required=True, validate=validate.Length(max=40))


class RegisterDevice(Command):
    """Register a device; without a secret we make one of 256 bits and show it this once."""

    remembered = False
    device = fields.String(required=True, validate=DEVICE)
    kind = fields.String(required=True, validate=validate.Length(min=1, max=40))
    secret = fields.String(load_default=None, validate=validate.Length(min=12, max=256))
    place = fields.String(required=True, validate=validate.Regexp(r"^\d{6,15}$", error="Not a place code."))


class RevokeDevice(Command):
    """A device may no longer sign in."""

    device = fields.String(required=True, validate=DEVICE)


class DemonstrationDevice(Schema):
    id = fields.String(required=True, validate=DEVICE)
    kind = fields.String(required=True)
    place = fields.String(required=True)


class LoadDemonstration(Command):
    """The accounts and devices of the demonstration; may be repeated."""

    remembered = False
    passwords = fields.Dict(keys=fields.String(), values=fields.String(validate=PASSWORD), required=True)
    device_secret = fields.String(load_default=None, validate=validate.Length(min=32, max=256))
    devices = fields.List(fields.Nested(DemonstrationDevice), load_default=list)


class GetAccount(Query):
    """An account with its roles, never its secrets; one's own when none is named."""

    account = fields.String(load_default=None)


class ListAccounts(Page):
    """Accounts, for administrators."""


class ListDevices(Page):
    """Devices within the caller's areas."""

    place = fields.String(load_default=None)


class ListAccesses(Page):
    """The access log, newest first, for administrators and auditors."""

    account = fields.String(load_default=None)
