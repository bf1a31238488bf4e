"""The certificate desk: what is certified and what is not, the document, and the register of seal uses."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.frontdesk import NO, PLACE, TEXT
from services.contracts.messages import Command, Page, Query

OFFICE = "frontdesk"
NUMBER = validate.Regexp(r"^ZM\d{8}-\d{7}(-\d{1,3})?$", error="Not a certificate number.")
SHA256 = validate.Regexp(r"^[0-9a-f]{64}$", error="Not a SHA-256.")


class ListBlockedCertificates(Query):
    """What a residents' committee does not certify at a place, and who does instead. Public."""

    place = fields.String(load_default=None, validate=PLACE)
    q = fields.String(load_default=None, validate=validate.Length(max=50))


class VerifyCertificate(Query):
    """Whether a certificate is genuine and still holds, for anybody who has the paper."""

    number = fields.String(required=True, validate=NUMBER)
    code = fields.String(required=True, validate=validate.Length(min=1, max=20))


class ListCertificates(Page):
    """Certificates issued within the caller's areas, newest first; holders masked."""

    place = fields.String(load_default=None, validate=PLACE)
    case_no = fields.String(load_default=None, validate=NO)
    revoked = fields.Boolean(load_default=None)


class GetCertificateDocument(Query):
    """The document a case has given: `{number, code, sha256, content}`, the content in base64."""

    case_no = fields.String(required=True, validate=NO)
    token = fields.String(load_default=None)


class IssueCertificate(Command):
    """Make the certificate of a closed case: where words were missing, or after a revocation."""

    case_no = fields.String(required=True, validate=NO)
    facts = fields.Dict(
        load_default=dict,
        keys=fields.String(validate=validate.Length(max=60)),
        values=fields.String(validate=validate.Length(max=500)),
        metadata={"description": 'what a unit found and did not enter, e.g. {"grid.address": "…"}'},
    )


class RevokeCertificate(Command):
    """Take a certificate back; whoever checks it is told from now on."""

    number = fields.String(required=True, validate=NUMBER)
    reason = fields.String(required=True, validate=TEXT)


class RegisterSealUse(Command):
    """Approve a use of the seal for the committee's own work; the caller approves, somebody else stamps."""

    place = fields.String(required=True, validate=PLACE)
    document = fields.String(
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"description": "what the stamped paper is called"},
    )
    why = fields.String(required=True, validate=TEXT)
    asked_by = fields.String(
        required=True,
        validate=validate.Length(min=1, max=100),
        metadata={"description": "the unit or person the document is for"},
    )
    handled_by = fields.String(
        required=True,
        validate=validate.Length(min=1, max=100),
        metadata={"description": "account that stamps"},
    )
    sha256 = fields.String(
        required=True, validate=SHA256, metadata={"description": "of the stamped document"}
    )
    copies = fields.Integer(load_default=1, validate=validate.Range(1, 1000))


class ListSealUses(Page):
    """The register of seal uses (用印登记), in its order; it only grows."""

    place = fields.String(load_default=None, validate=PLACE)
    use = fields.String(load_default=None, validate=validate.OneOf(("work", "certificate")))
    sha256 = fields.String(load_default=None, validate=SHA256)
