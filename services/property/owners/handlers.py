"""What the room hears, is ordered and is reminded of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.backoffice import tray
from services.chassis.database import Work
from services.contracts import estates, frontdesk
from services.contracts import owners as words
from services.contracts.messages import Command, Event
from services.property.owners import assemblies, committees, fund


def note_estate(work: Work, event: Any) -> None:
    work.store.put_estate(event.estate, event.community, event.name, event.buildings, event.at)


def note_owners(work: Work, event: Any) -> None:
    """The registry keeps the owners; here is what votes and splits need of them, without a name."""
    work.store.put_right(
        {
            "household": event.household,
            "since": event.since,
            "place": event.place,
            "estate": work.store.estate_of(event.household) or event.estate,
            "area": event.area,
            "owners": event.owners,
            "told_at": event.at,
        }
    )


RULES: dict[str, Callable[[Work, tray.Item], tray.Finished | None]] = {fund.EMERGENCY: fund.open_emergency}
UNDO: dict[str, Callable[[Work, tray.Item], list[str]]] = {fund.EMERGENCY: fund.withdraw_emergency}

EVENTS: dict[type[Event], Callable[..., None]] = {
    estates.EstateChanged: note_estate,
    estates.OwnersChanged: note_owners,
    frontdesk.CaseClosed: fund.note_case_closed,
}
COMMANDS: dict[type[Command], Callable[..., Any]] = {
    words.MakeProposal: assemblies.make_proposal,
    words.GiveOpinion: assemblies.give_opinion,
    words.CallAssembly: assemblies.call_assembly,
    words.IssueSlips: assemblies.issue_slips,
    words.RegisterProxy: assemblies.register_proxy,
    words.RevokeProxy: assemblies.revoke_proxy,
    words.CastBallot: assemblies.cast_ballot,
    words.PostResult: assemblies.post_result,
    words.ElectCommittee: committees.elect_committee,
    words.ChangeSeats: committees.change_seats,
    words.NoteFiling: committees.note_filing,
    words.HoldCommitteeMeeting: committees.hold_committee_meeting,
    words.PayIntoFund: fund.pay_into_fund,
    words.BookCommonIncome: fund.book_common_income,
    words.ProposeFundUse: fund.propose_fund_use,
    words.PrepayFundUse: fund.prepay_fund_use,
    words.SettleFundUse: fund.settle_fund_use,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {
    assemblies.count_votes: timedelta(seconds=10),
    committees.publish_payments: timedelta(hours=1),
}
