"""Owners' committees: who sits on them, told without names."""

from __future__ import annotations

import hashlib

from marshmallow import fields

from services.contracts.messages import Event, at

OFFICE = "property"


def person_mark(id_number: str, committee: str) -> str:
    """By this party building recognises a member of its own on a committee, and learns nothing of the others."""
    salt = f"yikou committee {committee}".encode()
    return hashlib.scrypt(id_number.strip().upper().encode(), salt=salt, n=1024, r=8, p=1, dklen=32).hex()


class CommitteeRosterChanged(Event):
    """Who sits on an owners' committee, as marks without names (see `person_mark`); the share of party members follows."""

    said_by = ("property",)
    heard_by = ("party",)
    committee = fields.String(required=True)
    estate = fields.String(required=True)
    place = fields.String(required=True)
    seats = fields.List(fields.Dict(), required=True, metadata={"description": "seat, post, chair, mark"})
    term_until = fields.Date(required=True)
    at = at(required=True)
