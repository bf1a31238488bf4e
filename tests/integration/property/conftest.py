import random

import pytest

from deploy.local.stack import borrowed_parts
from tests.offices import PARTS, Office, migrate


@pytest.fixture(scope="session")
def stack():
    with borrowed_parts(PARTS) as env:
        migrate(env, "property")
        yield env


@pytest.fixture
def office(stack):
    office = Office("property", stack)
    yield office
    office.ledger.close()


@pytest.fixture
def grid():
    """A grid no other test uses, where the tariffs of Chaoyang hold."""
    return f"110105{random.randint(0, 999_999):06}001"
