"""A resident is forgotten: the file of an empty home names nobody, a shared one is left to a person."""

from datetime import UTC, datetime

import pytest

from services.contracts.privacy import ErasureAnswered, ResidentErased
from services.contracts.property import GetHousehold
from services.contracts.retention import KEPT, SHARED_FILE
from tests.integration.property.test_moving_in import applicant, form
from tests.offices import case_number


@pytest.mark.parametrize("vacated", [True, False])
def test_the_file_forgets_its_people_when_nobody_lives_there_any_more(office, grid, vacated):
    code, certificate = f"{grid}-1-1-1", case_number()
    office.assign("moving-in", grid, form(address=code), applicant=applicant())
    assert office(GetHousehold, household=code)["members"]
    office.hear(
        ResidentErased,
        certificate=certificate,
        resident_id="r",
        household=code,
        vacated=vacated,
        at=datetime.now(UTC),
    )
    (answer,) = office.said(ErasureAnswered, certificate=certificate)
    file = office(GetHousehold, household=code)
    if vacated:
        assert file["members"] == [] and file["vehicles"] == []
        assert answer["deleted"] == ["members", "vehicles"] and answer["kept"] == list(KEPT["property"])
    else:
        assert file["members"] and answer["deleted"] == [] and SHARED_FILE in answer["kept"]
