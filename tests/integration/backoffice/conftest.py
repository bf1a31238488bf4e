import pytest

from deploy.local.stack import borrowed_parts
from tests.offices import PARTS, Office, community, migrate


@pytest.fixture(scope="session")
def stack():
    with borrowed_parts(PARTS) as env:
        for service in ("street", "property"):
            migrate(env, service)
        yield env


@pytest.fixture
def street(stack):
    """The office that is nothing but a tray."""
    office = Office("street", stack)
    yield office
    office.ledger.close()


@pytest.fixture
def property_(stack):
    """An office with rules of its own beside the tray."""
    office = Office("property", stack)
    yield office
    office.ledger.close()


@pytest.fixture
def place():
    return community()
