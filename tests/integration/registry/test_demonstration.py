from types import SimpleNamespace

import pytest

from services.chassis.errors import Forbidden
from services.contracts import registry
from services.registry import handlers
from tests.integration.registry.conftest import caller


def test_the_demonstration_is_loaded_once_and_tells_of_those_who_matter(office, community, monkeypatch):
    monkeypatch.setattr(handlers, "settings", lambda: SimpleNamespace(place=community))
    # Another seed than the real one: ID numbers are unique over all communities.
    load = {"seed": int(community), "households": 300}
    with pytest.raises(Forbidden):
        office(registry.LoadDemonstration, caller("admin", community), **load)
    answer = office(registry.LoadDemonstration, **load)
    assert (
        answer["loaded"]
        and answer["grids"] == 6
        and answer["households"] == 300
        and answer["announced"] == 60
    )
    assert office(registry.LoadDemonstration, **load) == {"loaded": False, "households": 300}
    grids = office(registry.ListGrids, place=community)["items"]
    assert sum(grid["households"] for grid in grids) == 300
    assert sum(grid["persons"] for grid in grids) == answer["residents"]
    alone = office(registry.ListHouseholds, place=community, lives_alone=True, elder=True, limit=200)["items"]
    told = [
        data for home in alone for name, data in office.said(home["household"]) if name == "HouseholdChanged"
    ]
    assert 10 < len(told) <= 40
    assert all(data["contact_phone"] != data["residents"][0]["phone"] for data in told)
