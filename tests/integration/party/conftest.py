from datetime import UTC, datetime

import pytest

from deploy.local.stack import borrowed_parts
from services.party import model
from tests.offices import PARTS, Office, community, migrate


@pytest.fixture(scope="session")
def stack():
    with borrowed_parts(PARTS) as env:
        migrate(env, "party")
        yield env


@pytest.fixture
def office(stack):
    office = Office("party", stack)
    yield office
    office.ledger.close()


@pytest.fixture
def place(office):
    """A community with a tree and a roll of its own, for this test only; returns its code."""
    place, at = community(), datetime.now(UTC)
    with office.ledger.work() as work:
        work.store.add_organisations(
            [
                model.Organisation(
                    place[:9], "street-committee", None, place[:9], "街道党工委", "Street", at
                ),
                model.Organisation(
                    place, "community-committee", place[:9], place, "社区大党委", "Community", at
                ),
                *(
                    model.Organisation(
                        f"{place}{grid:03}",
                        "grid-branch",
                        place,
                        f"{place}{grid:03}",
                        f"第{grid}网格党支部",
                        f"Grid {grid}",
                        at,
                    )
                    for grid in (1, 2)
                ),
            ]
        )
    return place
