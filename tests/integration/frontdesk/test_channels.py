"""Each channel of the desk, who may use it and what it needs; and the channels the law has for what is not accepted."""

import pytest

from services.chassis.identifiers import Caller
from services.contracts import channels as contract
from services.contracts import frontdesk
from services.contracts.frontdesk import CHANNELS
from services.contracts.identity import ROLES
from services.frontdesk import matters
from services.frontdesk.channels.model import ChannelNotYours, channels, statutory
from services.frontdesk.forms import IncompleteForm
from services.frontdesk.handlers.filing import MatterNotOpen
from tests.integration.frontdesk.conftest import CLERK, TERMINAL, staff

COMPANY = Caller("c-1", "company", None, ({"role": "company", "scope": "110105001001"},))
ADMIN = staff("admin", "")
TOLD = {
    "hotline": {"caller_number": "13800000000"},
    "visit": {"visited_by": "王某", "visited_on": "2026-11-20"},
    "opinion-card": {"card_no": "YJ-17"},
    "company": {"reference": "WX-1"},
}
WHO = {
    "window": {"clerk", "terminal"}, "kiosk": {"clerk", "terminal"}, "online": {"clerk", "terminal"},
    "hotline": {"clerk"}, "visit": {"clerk"}, "opinion-card": {"clerk"}, "company": {"company"}, "device": set(),
}  # fmt: skip


def test_every_channel_is_described_and_names_roles_that_are_given():
    assert set(channels()) == set(CHANNELS)
    assert all(one.zh and one.en and set(one.roles) <= set(ROLES) for one in channels().values())


@pytest.mark.parametrize("channel", [one for one in CHANNELS if one != "device"])
def test_each_channel_works_for_whoever_it_is_for_and_for_nobody_else(desk, channel):
    for role, caller in {"clerk": CLERK, "terminal": TERMINAL, "company": COMPANY}.items():
        given = {"channel": channel, "source": TOLD.get(channel, {})}
        if role in WHO[channel]:
            no = desk.complain(caller, **given)["case_no"]
            case = desk.case(no)
            assert (case["channel"], case["source"]) == (channel, given["source"])
            assert desk.ask(frontdesk.ListHistory, case_no=no)["items"][0]["detail"] == {"channel": channel}
        else:
            with pytest.raises(ChannelNotYours) as refused:
                desk.complain(caller, **given)
            assert ("yours are: " in refused.value.en) and channel not in refused.value.en.split("yours are")[
                1
            ]
    desk.complain(ADMIN, channel=channel, source=TOLD.get(channel, {}))


def test_nobody_files_as_a_device():
    assert not any(channels()["device"].takes(caller) for caller in (CLERK, TERMINAL, COMPANY, ADMIN))


@pytest.mark.parametrize(
    ("channel", "source", "path"),
    [
        ("hotline", {}, "source.caller_number"),
        ("hotline", {"caller_number": "12"}, "source.caller_number"),
        ("visit", {"visited_on": "2026-11-20"}, "source.visited_by"),
        ("visit", {"visited_by": "王某"}, "source.visited_on"),
        ("opinion-card", {}, "source.card_no"),
        ("window", {"caller_number": "13800000000"}, "source.caller_number"),
    ],
)
def test_what_a_channel_needs_is_told_with_everything_else_that_is_missing(desk, channel, source, path):
    with pytest.raises(IncompleteForm) as told:
        desk.complain(channel=channel, source=source, form={"description": ""})
    assert set(told.value.field_sentences) == {path, "form.description"}


def test_a_matter_says_through_which_channels_it_comes(desk):
    with pytest.raises(MatterNotOpen) as refused:
        desk.order(frontdesk.FileCase, CLERK, matter="moving-in", channel="hotline", applicant={}, form={})
    assert "window" in refused.value.en


def test_the_hotlines_number_is_not_for_everybody_who_sees_the_case(desk):
    no = desk.complain(channel="hotline", source=TOLD["hotline"])["case_no"]
    assert "source" not in desk.case(no, staff("auditor"))
    token = desk.complain(channel="hotline", source=TOLD["hotline"])["tracking_token"]
    assert "13800000000" not in str(desk.ask(frontdesk.GetCaseByToken, token=token))


# -- statutory channels --


def test_statutory_channels_of_a_matter_are_data_in_both_languages(desk):
    assert {one.value for one in statutory()} >= {
        "litigation", "arbitration", "administrative-review", "petition",
    }  # fmt: skip
    for slug in ("complaint", "minimum-living", "repair"):
        items = desk.ask(contract.ListStatutoryChannels, matter=slug)["items"]
        assert items and all(one["where"]["zh"] and one["where"]["en"] and one["law"]["zh"] for one in items)
    first = desk.ask(contract.ListStatutoryChannels, matter="5")["items"][0]
    assert first["value"] == "administrative-review" and "六十日" in first["within"]["zh"]
    with pytest.raises(matters.UnknownMatter):
        desk.ask(contract.ListStatutoryChannels, matter="nothing")


def test_the_data_speaks_of_matters_and_channels_that_exist():
    from services.frontdesk.channels.model import _statutory

    known, by_matter = _statutory()
    assert {matter.slug for matter in matters.catalogue().list()} >= by_matter.keys()
    assert all(set(values) <= known.keys() for values in by_matter.values())


@pytest.mark.parametrize("instead", ["labour-arbitration", "劳动争议仲裁", "Labour arbitration"])
def test_whoever_is_not_accepted_is_told_where_it_belongs(desk, instead):
    receipt = desk.complain()
    no = receipt["case_no"]
    answer = desk.order(frontdesk.DeclineCase, case_no=no, reason="属劳动争议", instead=instead)
    assert answer["status"] == "not-accepted"
    assert answer["told"]["where"]["zh"] == "区劳动人事争议仲裁委员会" and answer["told"]["within"]["en"]
    assert desk.ask(frontdesk.GetCaseByToken, token=receipt["tracking_token"])["told"] == answer["told"]
    (*_, noted) = desk.said("CaseNoted")
    assert noted[2]["case"]["told"]["value"] == "labour-arbitration", "whoever listens hears it too"


@pytest.mark.parametrize("instead", [None, "请联系房东"])
def test_words_that_are_no_statutory_channel_are_kept_as_they_are(desk, instead):
    no = desk.complain()["case_no"]
    assert desk.order(frontdesk.DeclineCase, case_no=no, reason="x", instead=instead)["told"] is None
    assert desk.ask(frontdesk.ListHistory, case_no=no)["items"][-1]["detail"]["instead"] == instead


def test_a_case_of_before_the_channels_were_told_is_read_as_it_was(desk, engine):
    no = desk.complain()["case_no"]
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cases SET body = body - 'source' - 'told' - 'certificate'")
    assert desk.case(no)["source"] == {}
    desk.finish(f"{no}.community")
    assert desk.case(no)["status"] == "closed"
