import pytest

from deploy.local.stack import borrowed_parts
from services.contracts import volunteers
from tests.offices import PARTS, Office, community, id_number, migrate


@pytest.fixture(scope="session")
def stack():
    with borrowed_parts(PARTS) as env:
        migrate(env, "volunteers")
        yield env


@pytest.fixture
def office(stack):
    office = Office("volunteers", stack)
    yield office
    office.ledger.close()


@pytest.fixture
def place():
    return community()


@pytest.fixture
def register(office, place):
    """Registers a volunteer of this test's community; returns his number."""

    def register(grid=1, **more):
        facts = {
            "name": "王建军",
            "id_number": id_number(),
            "phone": "13500000000",
            "skills": ["visit"],
            **more,
        }
        return office(volunteers.RegisterVolunteer, place=f"{place}{grid:03}", **facts)["number"]

    return register


@pytest.fixture
def visit(office, place):
    """A welfare visit is asked for; returns the task's id."""

    def visit(grid=1, **more):
        return office.assign("welfare-check", f"{place}{grid:03}", step="visit", **more)

    return visit


@pytest.fixture
def dispatches(office):
    """The dispatches of a task, the first asked first."""

    def dispatches(task_id):
        found = office(volunteers.ListDispatches, case_no=task_id.split(".")[0])["items"]
        return sorted(found, key=lambda row: row["attempt"])

    return dispatches
