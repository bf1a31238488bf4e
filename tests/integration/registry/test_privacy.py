"""Rules.md §6: delete when done, breach notice, who saw what in a log that shows every cut."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from services.contracts import people, privacy, registry
from services.contracts.retention import KEPT
from services.registry.people import model as history
from services.registry.privacy import model as rules
from tests.integration.registry.conftest import caller

WU = {"name": "吴秀英", "phone": "13500000000", "relation": "self"}
ASKED = {"reason": "本人申请", "asked_by": "self", "identity_checked": True}
PAPER = {"reason": "更正", "evidence": [{"kind": "household-register"}]}


@pytest.fixture
def number_of_wu(number):
    return number()


@pytest.fixture
def wu(office, estate, number_of_wu):
    return office(
        registry.MoveIn, household=estate.homes[0], residents=[WU | {"id_number": number_of_wu}]
    )["residents"][0]  # fmt: skip


def everything_about(office, resident):
    """Every table's rows that name the resident, as one text."""
    found = []
    with office.ledger.engine.connect() as connection:
        for table in (
            "residents",
            "changes",
            "former_values",
            "proposals",
            "rechecks",
            "consents",
            "erasures",
        ):
            rows = connection.execute(
                text(f"SELECT row_to_json(t)::text FROM {table} t WHERE resident_id = :who"),
                {"who": resident},
            )
            found += rows.scalars()
    return "\n".join(found)


def test_who_has_moved_out_is_forgotten_wholly_and_the_certificate_says_what_is_kept(
    office, estate, wu, number_of_wu
):
    home = estate.homes[0]
    office(people.ChangeResident, resident_id=wu, effective_on="2026-11-25", phone="13900000000", **PAPER)
    office(registry.SetContact, household=home, contact_name="吴秀英", contact_phone="13900000000")
    office(registry.MoveOut, resident_id=wu)
    with pytest.raises(rules.IdentityNotChecked):
        office(privacy.EraseResident, resident_id=wu, **ASKED | {"identity_checked": False})
    answer = office(privacy.EraseResident, resident_id=wu, **ASKED)
    left = everything_about(office, wu)
    for value in (number_of_wu, "吴秀英", "13500000000", "13900000000", "1950-01-01"):
        assert value not in left, value
    with office.ledger.engine.connect() as connection:
        contact = connection.execute(
            text("SELECT contact_name, contact_phone FROM households WHERE household = :h"), {"h": home}
        ).one()
    assert tuple(contact) == (None, None)
    assert answer["state"] == "open" and answer["kept"] == list(KEPT["registry"])
    said = dict(office.said(wu))["ResidentErased"]
    assert said["vacated"] is True and "吴" not in str(said)
    with pytest.raises(rules.AlreadyErased):
        office(privacy.EraseResident, resident_id=wu, **ASKED)
    assert office(people.HouseholdOn, household=home, on="2026-11-25")["residents"] == []
    assert [one["kind"] for one in office(people.ListResidentChanges, resident_id=wu)["items"]][:2] == [
        "erased",
        "moved-out",
    ]


def test_the_certificate_is_complete_when_every_office_has_answered(office, estate, wu):
    office(registry.MoveOut, resident_id=wu)
    certificate = office(privacy.EraseResident, resident_id=wu, **ASKED)["certificate"]
    for place, holder in enumerate(privacy.HOLDERS):
        found = office(privacy.GetErasure, certificate=certificate)
        assert found["state"] == "open" and len(found["waiting_for"]) == len(privacy.HOLDERS) - place
        for _ in range(2):  # heard again it counts once
            office.hear(
                privacy.ErasureAnswered, certificate=certificate, office=holder, deleted=[], kept=list(KEPT[holder]),
                at=datetime.now(UTC),
            )  # fmt: skip
    found = office(privacy.GetErasure, certificate=certificate)
    assert found["state"] == "complete" and found["waiting_for"] == [] and found["completed_at"]
    assert {one["office"] for one in found["answers"]} == {"registry", *privacy.HOLDERS}


def test_who_lives_here_keeps_his_entry_and_loses_what_he_may_take_back(office, estate, wu, number_of_wu):
    office(people.ChangeResident, resident_id=wu, effective_on="2026-11-25", phone="13900000000", **PAPER)
    answer = office(privacy.EraseResident, resident_id=wu, **ASKED)
    assert "phone" in answer["deleted"] and len(answer["kept"]) == len(KEPT["registry"]) + 1
    seen = office(registry.LookAtResident, resident_id=wu, why="核对")
    assert seen["phone"] is None and seen["id_number"] == number_of_wu
    (shown,) = office(registry.GetHousehold, household=estate.homes[0])["residents"]
    assert not any(shown["consents"].values()) and set(shown["consents"]) == set(registry.PURPOSES)
    facts = [data for name, data in office.said(estate.homes[0]) if name == "HouseholdChanged"][-1]
    assert facts["watch_refused"] is True and "phone" not in {
        k for k, v in facts["residents"][0].items() if v
    }
    with pytest.raises(rules.ErasureUnderWay):
        office(privacy.EraseResident, resident_id=wu, **ASKED)


def test_taking_back_the_consent_to_the_welfare_watch_is_told_to_who_watches(office, estate, wu):
    for given in (True, False):
        office(registry.RecordConsent, resident_id=wu, purpose="welfare-watch", given=given)
    facts = [data for name, data in office.said(estate.homes[0]) if name == "HouseholdChanged"]
    assert [one.get("watch_refused") for one in facts] == [None, None, True]


def test_a_resident_asks_who_saw_his_data_and_that_he_asked_is_seen_as_well(office, estate, wu):
    clerk = caller("clerk", estate.community, account="clerk-li", department="desk")
    office(registry.LookAtResident, clerk, resident_id=wu, why="核对电话", case_no="20260101-0000001")
    seen = office(privacy.AskWhoSaw, clerk, resident_id=wu, identity_checked=True)
    (look,) = seen["looks"]
    assert (look["account"], look["why"], look["case_no"]) == ("clerk-li", "核对电话", "20260101-0000001")
    again = office(privacy.AskWhoSaw, clerk, resident_id=wu, identity_checked=True)
    assert again["looks"][0]["fields"] == ["looks"]


def test_the_log_of_looks_shows_a_line_altered_and_a_line_taken_out(office, estate, wu):
    for why in ("一", "二", "三"):
        office(registry.LookAtResident, resident_id=wu, why=why)
    whole = office(privacy.CheckLooks)
    assert whole["intact"] and whole["lines"] >= 3
    for harm in (
        "UPDATE looks SET why = '别的' WHERE position = :at",
        "DELETE FROM looks WHERE position = :at",
    ):
        with office.ledger.engine.connect() as connection, connection.begin() as transaction:
            mine = text("SELECT position FROM looks WHERE resident_id = :who ORDER BY position")
            _, second, third = connection.execute(mine, {"who": wu}).scalars().all()
            connection.execute(text("ALTER TABLE looks DISABLE TRIGGER looks_only_grow"))
            connection.execute(text(harm), {"at": second})
            lines = connection.execute(text("SELECT * FROM looks ORDER BY position")).mappings().all()
            assert rules.first_broken(lines) == (second if harm.startswith("UPDATE") else third)
            transaction.rollback()
    assert office(privacy.CheckLooks) == whole


def test_a_breach_lists_whom_it_concerns_and_who_was_told_first(office, estate, wu, number):
    other = office(registry.RegisterResident, household=estate.homes[1], name="郑某", id_number=number())[
        "resident_id"
    ]
    supervisor = caller("supervisor", estate.community)
    breach = office(
        privacy.ReportBreach, supervisor, what="名单误发", found_at="2026-11-20T08:00:00Z", data_kinds=["phone"],
        residents=[wu, other, wu], measures="请勿理会来电",
    )  # fmt: skip
    assert breach["affected"] == 2
    first = office(privacy.NoteTold, supervisor, breach_id=breach["breach_id"], resident_id=wu, how="phone")
    again = office(privacy.NoteTold, supervisor, breach_id=breach["breach_id"], resident_id=wu, how="letter")
    assert again == first
    found = office(privacy.GetBreach, supervisor, breach_id=breach["breach_id"])
    assert [(one["resident_id"], one["how"]) for one in found["persons"]] == [(other, None), (wu, "phone")]
    (listed,) = office(privacy.ListBreaches, supervisor)["items"]
    assert (listed["affected"], listed["told"]) == (2, 1)
    stranger = caller("supervisor", "880000000000")
    for contract, more in ((privacy.GetBreach, {}), (privacy.NoteTold, {"resident_id": wu, "how": "phone"})):
        with pytest.raises(rules.UnknownBreach):
            office(contract, stranger, breach_id=breach["breach_id"], **more)


def test_another_areas_certificate_does_not_exist(office, estate, wu):
    certificate = office(privacy.EraseResident, resident_id=wu, **ASKED)["certificate"]
    with pytest.raises(rules.UnknownErasure):
        office(privacy.GetErasure, caller("auditor", "880000000000"), certificate=certificate)


def test_the_forgotten_are_not_brought_back_by_a_correction(office, estate, wu):
    office(registry.MoveOut, resident_id=wu)
    out = office(people.ListResidentChanges, resident_id=wu)["items"][0]["change_id"]
    office(privacy.EraseResident, resident_id=wu, **ASKED)
    with pytest.raises(history.UnknownChange):
        office(people.CorrectChange, change_id=out, strike=True, **PAPER)
