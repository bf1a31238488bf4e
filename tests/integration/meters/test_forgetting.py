"""What the registry's changes do to who is watched over, and to what is known of who lives behind a meter."""

from datetime import UTC, datetime

import pytest

from services.contracts.privacy import ResidentErased
from services.contracts.registry import HouseholdChanged
from services.meters.handlers import forget_resident, note_household
from tests.integration.meters.surroundings import PLACE


def told(tester, household, **more):
    facts = {
        "household": household, "place": PLACE, "address": "三号楼", "persons": 1, "lives_alone": True, "elder": True,
        "residents": [], "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    tester.do(note_household, HouseholdChanged, **facts | more)


def watch(database, household):
    found = database.execute("SELECT active FROM watches WHERE household = %s", [household]).fetchone()
    return found and found[0]


@pytest.fixture
def home(tester):
    return tester.home()


def test_flow_16_nobody_is_watched_over_in_an_empty_home_and_the_next_elder_begins_afresh(
    tester, database, home
):
    told(tester, home, watch_refused=True)
    assert watch(database, home) is False
    told(tester, home, persons=0, lives_alone=False, elder=False)
    assert watch(database, home) is None
    told(tester, home)
    assert watch(database, home) is True


def test_who_takes_back_the_consent_is_watched_over_no_longer(tester, database, home):
    assert watch(database, home) is True
    told(tester, home, watch_refused=True)
    assert watch(database, home) is False


@pytest.mark.parametrize(
    ("vacated", "deleted"), [(True, ["contact_name", "contact_phone", "residents"]), (False, ["residents"])]
)
def test_the_forgotten_are_not_among_those_behind_a_meter(tester, database, home, vacated, deleted):
    tester.said()
    tester.do(
        forget_resident, ResidentErased, certificate="c", resident_id="r", household=home, vacated=vacated,
        at=datetime.now(UTC).isoformat(),
    )  # fmt: skip
    ((name, answer),) = tester.said()
    assert name == "ErasureAnswered" and answer["office"] == "meters" and answer["deleted"] == deleted
    left = database.execute(
        "SELECT residents, contact_name FROM households WHERE household = %s", [home]
    ).fetchone()
    assert left[0] == [] and (left[1] is None) is vacated


def test_of_a_home_it_does_not_know_it_has_nothing_to_delete(tester):
    tester.said()
    tester.do(
        forget_resident, ResidentErased, certificate="c", resident_id="r", household="nowhere", vacated=True,
        at=datetime.now(UTC).isoformat(),
    )  # fmt: skip
    assert tester.said()[0][1]["deleted"] == []
