"""Owners together (业主): their register of rights, assemblies and votes, the committee, the repair fund, proposals."""

from __future__ import annotations

import hashlib

from marshmallow import Schema, fields, validate

from services.contracts.estates import ESTATE
from services.contracts.messages import Command, Event, Page, Query, at, money

OFFICE = "property"
KEY = validate.Length(min=1, max=64)
NAME = validate.Length(min=1, max=100)
TEXT = validate.Length(min=1, max=2000)
PLACE = validate.Regexp(r"^\d{6,15}$", error="Not a place code.")
SECRET = validate.Regexp(r"^[0-9a-f]{64}$", error="64 hexadecimal digits.")
SUBJECTS = (
    "rules", "elect-committee", "choose-company", "dismiss-company", "use-fund", "other",
    "raise-fund", "rebuild", "change-use", "trade", "home-to-business",
)  # fmt: skip
CHOICES = ("for", "against", "abstain")
ASSEMBLY_KINDS = ("first", "regular", "extraordinary")
OUTCOMES = ("contract", "work-order", "record")
EMERGENCIES = ("elevator", "fire-equipment", "facade", "collapse", "leak", "drainage")
MONEY = validate.Range(min=0, min_inclusive=False, max=100_000_000)


def person_mark(id_number: str, committee: str) -> str:
    """By this party building recognises a member of its own on a committee, and learns nothing of the others."""
    salt = f"yikou committee {committee}".encode()
    return hashlib.scrypt(id_number.strip().upper().encode(), salt=salt, n=1024, r=8, p=1, dklen=32).hex()


# -- facts ---------------------------------------------------------------------------------------------


class VoteDecided(Event):
    """A vote of owners was counted. `outcome`: passed, rejected, or not-valid when too few took part."""

    said_by = ("property",)
    heard_by = ()
    vote = fields.String(required=True)
    assembly = fields.String(required=True)
    estate = fields.String(required=True)
    place = fields.String(required=True)
    about = fields.String(required=True, validate=validate.OneOf(SUBJECTS))
    outcome = fields.String(required=True)
    at = at(required=True)


class CompanyVoted(Event):
    """The owners chose or dismissed a property company by vote; contracts follow from it."""

    said_by = ("property",)
    heard_by = ()
    vote = fields.String(required=True)
    proposal = fields.String()
    estate = fields.String(required=True)
    place = fields.String(required=True)
    company = fields.String(required=True)
    company_code = fields.String()
    decision = fields.String(required=True, validate=validate.OneOf(("chosen", "dismissed")))
    at = at(required=True)


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


class CommitteeMemberInArrears(Event):
    """A committee member owes property fees at the half-yearly publicity. The flag alone: no amount, no name."""

    said_by = ("property",)
    heard_by = ()
    committee = fields.String(required=True)
    estate = fields.String(required=True)
    place = fields.String(required=True)
    seat = fields.Integer(required=True)
    mark = fields.String(required=True)
    half = fields.String(required=True, metadata={"description": "2026-H1"})
    at = at(required=True)


class FundTopUpDue(Event):
    """Less than the lawful share of what a home first paid into the repair fund is left."""

    said_by = ("property",)
    heard_by = ()
    household = fields.String(required=True)
    estate = fields.String(required=True)
    place = fields.String(required=True)
    at = at(required=True)


class FundUseChanged(Event):
    """A use of the repair fund took a step: for the publicity of it."""

    said_by = ("property",)
    heard_by = ()
    use = fields.String(required=True)
    estate = fields.String(required=True)
    place = fields.String(required=True)
    mode = fields.String(required=True)
    state = fields.String(required=True)
    case_no = fields.String()
    at = at(required=True)


# -- rights --------------------------------------------------------------------------------------------


class ListRights(Page):
    """Who owns what in an estate on a day, by the registry's word: numbers of owners, no names."""

    estate = fields.String(required=True, validate=ESTATE)
    on = fields.Date(load_default=None)


class GetElectorate(Query):
    """Heads and exclusive area of an estate on a day: several homes of one owner are one head and all their area."""

    estate = fields.String(required=True, validate=ESTATE)
    on = fields.Date(load_default=None)


# -- assemblies ----------------------------------------------------------------------------------------


class AgendaItem(Schema):
    subject = fields.String(required=True, validate=validate.OneOf(SUBJECTS))
    title = fields.String(required=True, validate=NAME)
    text = fields.String(load_default="", validate=validate.Length(max=2000))
    secret = fields.Boolean(load_default=True)
    scope = fields.List(
        fields.String(validate=KEY),
        load_default=list,
        validate=validate.Length(max=500),
        metadata={"description": "beginnings of the codes of the homes concerned; none: the whole estate"},
    )
    proposal = fields.String(load_default=None, validate=KEY)
    fund_use = fields.String(load_default=None, validate=KEY)


class CallAssembly(Command):
    """Call the owners together with notice and agenda; who may vote is fixed by the register of the day."""

    estate = fields.String(required=True, validate=ESTATE)
    kind = fields.String(load_default="regular", validate=validate.OneOf(ASSEMBLY_KINDS))
    opens_at = at(required=True)
    closes_at = at(required=True)
    noticed_at = at(
        load_default=None,
        metadata={"description": "since when the notice hangs, if it was put up before; absent: now"},
    )
    agenda = fields.List(fields.Nested(AgendaItem), required=True, validate=validate.Length(min=1, max=30))
    called_by_owners = fields.List(
        fields.String(validate=KEY),
        load_default=list,
        validate=validate.Length(max=20_000),
        metadata={"description": "homes whose owners ask for it, for a first or an extraordinary one"},
    )
    delivered_area = fields.Decimal(load_default=None, places=2, as_string=True, validate=validate.Range(0))
    whole_area = fields.Decimal(load_default=None, places=2, as_string=True, validate=validate.Range(0))


class IssueSlips(Command):
    """Voting slips, one a voter, to be handed out on paper; a slip issued again voids the one before."""

    remembered = False
    assembly = fields.String(required=True, validate=KEY)
    households = fields.List(
        fields.String(validate=KEY), load_default=list, validate=validate.Length(max=20_000)
    )


class RegisterProxy(Command):
    """One owner lets another vote for him, in writing."""

    assembly = fields.String(required=True, validate=KEY)
    principal = fields.String(required=True, validate=KEY, metadata={"description": "a home of his"})
    proxy = fields.String(required=True, validate=KEY, metadata={"description": "a home of the proxy's"})
    document = fields.String(required=True, validate=NAME, metadata={"description": "number of the letter"})


class RevokeProxy(Command):
    """The letter of proxy is taken back; a ballot cast by it stands until the owner casts his own."""

    assembly = fields.String(required=True, validate=KEY)
    principal = fields.String(required=True, validate=KEY)


class Earlier(Schema):
    choice = fields.String(required=True, validate=validate.OneOf(CHOICES))
    secret = fields.String(required=True, validate=SECRET)


class CastBallot(Command):
    """Vote with a slip. The answer is the receipt; nobody can make it a second time, so keep it."""

    remembered = False
    vote = fields.String(required=True, validate=KEY)
    slip = fields.String(required=True, validate=validate.Length(min=10, max=64))
    choice = fields.String(required=True, validate=validate.OneOf(CHOICES))
    principal = fields.String(
        load_default=None, validate=KEY, metadata={"description": "a home of whom one votes for by proxy"}
    )
    secret = fields.String(
        load_default=None, validate=SECRET, metadata={"description": "one's own chance; else one is made"}
    )
    earlier = fields.Nested(
        Earlier, load_default=None, metadata={"description": "the receipt of the ballot that is changed"}
    )


class PostResult(Command):
    """The result hangs on the estate's board."""

    assembly = fields.String(required=True, validate=KEY)


class ListAssemblies(Page):
    """Assemblies within the caller's areas, the newest first."""

    estate = fields.String(load_default=None, validate=ESTATE)


class GetAssembly(Query):
    """An assembly with its agenda, how many took part so far, and its clocks. No tally before the end."""

    assembly = fields.String(required=True, validate=KEY)


class GetVoteDocument(Query):
    """What is published of a counted vote: with it anyone recomputes the result (`yikou property tally FILE`)."""

    vote = fields.String(required=True, validate=KEY)


# -- proposals -----------------------------------------------------------------------------------------


class MakeProposal(Command):
    """Something is proposed to the owners, and they are asked for their opinion first."""

    estate = fields.String(required=True, validate=ESTATE)
    name = fields.String(required=True, validate=NAME)
    text = fields.String(required=True, validate=TEXT)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    company = fields.String(load_default=None, validate=NAME)
    company_code = fields.String(load_default=None, validate=validate.Length(equal=18))
    decision = fields.String(load_default=None, validate=validate.OneOf(("chosen", "dismissed")))
    category = fields.String(load_default=None, validate=KEY)
    address = fields.String(load_default=None, validate=validate.Length(min=1, max=200))
    case_no = fields.String(load_default=None, validate=KEY)
    asked_since = at(
        load_default=None,
        metadata={"description": "since when it hangs, if it was put up before; absent: now"},
    )


class GiveOpinion(Command):
    """What somebody says to a proposal during the consultation."""

    proposal = fields.String(required=True, validate=KEY)
    stance = fields.String(required=True, validate=validate.OneOf(CHOICES))
    text = fields.String(load_default="", validate=validate.Length(max=2000))


class ListProposals(Page):
    """Proposals within the caller's areas with what became of them."""

    estate = fields.String(load_default=None, validate=ESTATE)


# -- committee -----------------------------------------------------------------------------------------


class Seat(Schema):
    household = fields.String(required=True, validate=KEY, metadata={"description": "a home he owns"})
    owner_id = fields.String(load_default=None, validate=KEY, metadata={"description": "which owner of it"})
    name = fields.String(required=True, validate=NAME)
    id_number = fields.String(required=True, validate=validate.Length(max=18))
    post = fields.String(required=True, validate=NAME)
    chair = fields.Boolean(load_default=False)


class ElectCommittee(Command):
    """Enter an elected committee; its clocks begin: filing, meetings, term."""

    estate = fields.String(required=True, validate=ESTATE)
    elected_on = fields.Date(required=True)
    term_until = fields.Date(required=True)
    vote = fields.String(load_default=None, validate=KEY)
    seats = fields.List(fields.Nested(Seat), required=True, validate=validate.Length(min=1, max=31))


class ChangeSeats(Command):
    """The committee sits like this from now on, until its term ends."""

    committee = fields.String(required=True, validate=KEY)
    seats = fields.List(fields.Nested(Seat), required=True, validate=validate.Length(min=1, max=31))


class NoteFiling(Command):
    """The committee was filed with the street, or the street accepted the filing."""

    committee = fields.String(required=True, validate=KEY)
    step = fields.String(required=True, validate=validate.OneOf(("filed", "accepted")))
    on = fields.Date(required=True)
    case_no = fields.String(load_default=None, validate=KEY)


class HoldCommitteeMeeting(Command):
    """The committee met."""

    committee = fields.String(required=True, validate=KEY)
    on = fields.Date(required=True)
    present = fields.Integer(required=True, validate=validate.Range(1, 31))
    minutes = fields.String(required=True, validate=TEXT)


class GetCommittee(Query):
    """A committee with its clocks, its meetings and the half-yearly publicity of its members' payment."""

    committee = fields.String(required=True, validate=KEY)


class ListCommittees(Page):
    """Committees within the caller's areas and what is overdue with them."""

    estate = fields.String(load_default=None, validate=ESTATE)


# -- repair fund ---------------------------------------------------------------------------------------


class Deposit(Schema):
    household = fields.String(required=True, validate=KEY)
    amount = money(required=True, validate=MONEY)
    reference = fields.String(required=True, validate=KEY)


class PayIntoFund(Command):
    """Homes paid into the repair fund. The same reference is booked once."""

    estate = fields.String(required=True, validate=ESTATE)
    deposits = fields.List(fields.Nested(Deposit), required=True, validate=validate.Length(min=1, max=5000))


class BookCommonIncome(Command):
    """Income from common parts, less its reasonable costs: belongs to the owners, and at least the lawful share to the fund."""

    estate = fields.String(required=True, validate=ESTATE)
    source = fields.String(required=True, validate=NAME)
    amount = money(required=True, validate=MONEY)
    costs = money(load_default=None, validate=validate.Range(min=0, max=100_000_000))
    to_fund = money(
        load_default=None, validate=MONEY, metadata={"description": "absent: the lawful share, rounded up"}
    )
    reference = fields.String(required=True, validate=KEY)


class ProposeFundUse(Command):
    """An ordinary use of the repair fund is drawn up; the owners concerned vote on it."""

    estate = fields.String(required=True, validate=ESTATE)
    name = fields.String(required=True, validate=NAME)
    contractor = fields.String(required=True, validate=NAME)
    estimate = money(required=True, validate=MONEY)
    scope = fields.List(fields.String(validate=KEY), load_default=list, validate=validate.Length(max=500))


class PrepayFundUse(Command):
    """Pay the contractor a part before the end."""

    use = fields.String(required=True, validate=KEY)
    amount = money(required=True, validate=MONEY)


class SettleFundUse(Command):
    """The works are accepted: the rest is paid, what was not needed goes back to the homes."""

    use = fields.String(required=True, validate=KEY)
    amount = money(required=True, validate=MONEY, metadata={"description": "what the works cost in the end"})
    audit = fields.String(load_default=None, validate=NAME, metadata={"description": "number of the audit"})


class GetFund(Query):
    """An estate's repair fund: what is in the bank, per home, and which homes must top up."""

    estate = fields.String(required=True, validate=ESTATE)


class GetFundPublicity(Query):
    """What owners are shown of the repair fund and the common income: sums and uses, no home's account."""

    estate = fields.String(required=True, validate=ESTATE)


class ListFundUses(Page):
    """Uses of the repair fund within the caller's areas."""

    estate = fields.String(load_default=None, validate=ESTATE)
