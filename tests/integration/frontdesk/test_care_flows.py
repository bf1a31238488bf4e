"""Rules §7: flow 16 (moved, born, died) and flow 17 (low income), with the clock moved on by hand."""

from datetime import timedelta

import pytest

from services.chassis import clock
from services.contracts import frontdesk
from services.frontdesk import matters
from services.frontdesk.handlers.dispatch import register
from tests.integration.frontdesk.conftest import PLACE, TERMINAL, complaint, id_number

MEMBER = {"name": "张某", "id_number": id_number(1), "relation": "本人", "monthly_income": "600"}


def changed(desk, change, **form):
    asked = {
        "address": f"{PLACE}-3-502", "change": change, "happened_on": "2026-11-20", "person_name": "李某",
        "consent": True,
    } | form  # fmt: skip
    return desk.order(frontdesk.FileCase, **complaint(matter="household-change") | {"form": asked})


def units(desk):
    return [data["unit"] for _, _, data in desk.said("TaskAssigned")]


WHO = {"person_id_number": id_number(2)}


@pytest.mark.parametrize(
    "change, form, then",
    [
        ("moved-out", WHO | {"moved_to": "某市"}, {"property", "meters"}),
        ("moved-out", WHO | {"moved_to": "某市", "is_party_member": True}, {"property", "meters", "party"}),
        ("born", {}, {"civil-affairs", "insurance"}),
        ("died", WHO, {"property", "civil-affairs", "insurance"}),
        (
            "died",
            WHO | {"holds_meters": True, "is_party_member": True, "receives_benefits": True},
            {"property", "meters", "party", "civil-affairs", "insurance"},
        ),
    ],
)
def test_flow_16_the_grid_confirms_and_then_everybody_concerned_rechecks_at_once(desk, change, form, then):
    receipt = changed(desk, change, **form)
    assert units(desk) == ["grid"], "nobody's benefits end on a rumour"
    desk.finish(receipt["tasks"][0]["task_id"])
    assert set(units(desk)) == {"grid"} | then
    for unit in then:
        desk.finish(f"{receipt['case_no']}.{unit}")
    assert desk.case(receipt["case_no"])["status"] == "closed"


def test_flow_16_what_the_grid_finds_untrue_touches_nobody(desk):
    receipt = changed(desk, "died", **WHO)
    desk.finish(receipt["tasks"][0]["task_id"], "refused")
    assert units(desk) == ["grid"] and desk.case(receipt["case_no"])["status"] == "refused"


def low_income(desk):
    form = {
        "address": f"{PLACE}-3-502", "members": [MEMBER], "savings": "0", "second_home": False, "vehicle": False,
        "bank_card": "6222000000000000", "description": "重病", "check_authorised": True, "consent": True,
    }  # fmt: skip
    return desk.order(frontdesk.FileCase, **complaint(matter="minimum-living") | {"form": form})["case_no"]


def test_flow_17_checks_in_parallel_then_seven_days_of_publicity_then_relief_and_a_volunteer(desk):
    no = low_income(desk)
    assert units(desk) == ["street", "grid"], "both checks at once"
    desk.finish(f"{no}.street")
    assert units(desk) == ["street", "grid"]
    desk.now += timedelta(days=2)
    desk.finish(f"{no}.grid")
    assert units(desk)[2:] == ["community"]
    posted = desk.now
    desk.sign(f"{no}.community")
    desk.now += timedelta(hours=1)
    desk.finish(f"{no}.community")
    assert units(desk)[3:] == [], "posted for an hour is not publicity"
    desk.now = posted + timedelta(days=7) - timedelta(seconds=1)
    desk.tick()
    assert units(desk)[3:] == [] and desk.case(no)["status"] == "handling"
    desk.tick(seconds=1)
    desk.tick(seconds=2)
    assert units(desk)[3:] == ["civil-affairs"] and desk.kinds(no).count("publicity-over") == 1
    desk.finish(f"{no}.civil-affairs")
    assert units(desk)[4:] == ["volunteers"]
    desk.finish(f"{no}.volunteers")
    assert desk.case(no)["status"] == "closed"


def test_flow_17_publicity_that_lasted_its_seven_days_holds_up_nothing(desk):
    no = low_income(desk)
    desk.finish(f"{no}.street")
    desk.finish(f"{no}.grid")
    desk.sign(f"{no}.community")
    desk.now += timedelta(days=7)
    desk.finish(f"{no}.community")
    assert units(desk)[3:] == ["civil-affairs"]


def test_flow_17_an_objection_in_the_publicity_ends_it_without_relief(desk):
    no = low_income(desk)
    desk.finish(f"{no}.street")
    desk.finish(f"{no}.grid")
    desk.finish(f"{no}.community", "refused")
    assert desk.case(no)["status"] == "refused" and len(units(desk)) == 3


def test_flow_17_no_relief_no_volunteer(desk):
    no = low_income(desk)
    for unit in ("street", "grid"):
        desk.finish(f"{no}.{unit}")
    desk.sign(f"{no}.community")
    desk.now = desk.now + timedelta(days=7)
    desk.finish(f"{no}.community")
    desk.finish(f"{no}.civil-affairs", "refused")
    assert desk.case(no)["status"] == "refused" and "volunteers" not in units(desk)
    assert desk.now > clock.parse("2026-11-30T00:00:00Z")


@pytest.mark.parametrize(
    "slug, days", [("minimum-living", 7), ("medical-aid", 7), ("housing-aid", 7), ("elevator", 15)]
)
def test_every_publicity_of_so_many_days_lasts_them(slug, days):
    step = matters.catalogue().get(slug).step("community")
    assert (step.name, str(step.at_least)) == ("publicity", f"{days}d")


def test_a_case_that_ends_with_its_publicity_is_not_closed_before_it_is_over(desk):
    """Housing aid: nothing waits for the publicity, and the case waits all the same."""
    matter = matters.catalogue().get("housing-aid")
    assert matter.steps[-1].unit == "community"
    with desk.ledger.work(TERMINAL) as work:
        work.now = desk.now
        applicant = {"name": "张某", "id_number": id_number(1)}
        no = register(work, matter, PLACE, "window", applicant, {"kind": "x"}, []).no
    for unit in ("street", "civil-affairs", "housing", "community"):
        desk.finish(f"{no}.{unit}")
    assert desk.case(no)["status"] == "handling"
    desk.tick(days=7)
    assert desk.case(no)["status"] == "closed"
