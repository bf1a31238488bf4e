"""Where a case may be filed, who may see it, and who may act on it."""

import pytest

from services.chassis.database import once
from services.chassis.identifiers import Caller
from services.contracts import frontdesk
from services.frontdesk import handlers
from services.frontdesk.forms import IncompleteForm
from services.frontdesk.model import NotYours, UnknownCase
from tests.integration.frontdesk.conftest import CLERK, PLACE, TERMINAL, complaint, staff

ELSEWHERE = "110105002001001"


def test_a_form_cannot_name_a_door_of_another_community(desk):
    with pytest.raises(IncompleteForm) as told:
        desk.complain(place=PLACE, form={"address": f"{ELSEWHERE}-3-502"})
    assert set(told.value.field_sentences) == {"form.address"}
    assert PLACE in told.value.field_sentences["form.address"][0]
    with pytest.raises(NotYours):
        desk.complain(form={"address": f"{ELSEWHERE}-3-502"})
    assert desk.said() == []


def test_a_form_cannot_name_another_grid_than_the_case_does(desk):
    with pytest.raises(IncompleteForm):
        desk.complain(place=PLACE, form={"address": "110105001001002-1-101"})
    assert desk.complain(place="110105001001", form={"address": "110105001001002-1-101"})["tasks"]


def test_every_row_of_a_list_lies_within_the_case_too(desk):
    desk.upload("a" * 64, "application/pdf")
    given = {
        "matter": "owners-assembly", "channel": "window", "place": "110105001001",
        "materials": [{"name": "application", "sha256": "a" * 64}],
        "applicant": {"name": "张某", "id_number": "11010519491231002X", "phone": "13500000000"},
    }  # fmt: skip
    form = {
        "place": PLACE, "delivered_area_percent": 60, "owners": 300, "consent": True,
        "proposers": [{"name": "甲", "address": f"{PLACE}-1-1"}, {"name": "乙", "address": f"{ELSEWHERE}-1-1"}],
    }  # fmt: skip
    with pytest.raises(IncompleteForm) as told:
        desk.order(frontdesk.FileCase, **given, form=form)
    assert set(told.value.field_sentences) == {"form.proposers.1.address"}


def test_a_terminal_files_and_does_nothing_more_without_the_receipt(desk):
    receipt = desk.complain(TERMINAL, channel="kiosk")
    no, token = receipt["case_no"], receipt["tracking_token"]
    orders = {
        frontdesk.UrgeCase: {"reason": "请尽快"},
        frontdesk.SupplementCase: {"note": "x"},
        frontdesk.RateCase: {"stars": 5},
        frontdesk.WithdrawCase: {"reason": "不办了"},
    }
    for order, given in orders.items():
        with pytest.raises(UnknownCase):
            desk.order(order, TERMINAL, case_no=no, **given)
    for question in (frontdesk.GetCase, frontdesk.ListHistory):
        with pytest.raises(UnknownCase):
            desk.ask(question, TERMINAL, case_no=no)
        assert desk.ask(question, TERMINAL, case_no=no, token=token)
    assert desk.ask(frontdesk.ListCases, TERMINAL)["items"] == []
    desk.order(frontdesk.UrgeCase, TERMINAL, case_no=no, token=token, reason="请尽快")


def test_street_staff_see_the_cases_of_every_unit_of_their_office(desk):
    mine = desk.complain(topic="order")["case_no"]  # community and police
    other = desk.move_in()["case_no"]  # the five departments
    street = staff("officer", department="street")
    assert [row["case_no"] for row in desk.ask(frontdesk.ListCases, street)["items"]] == [mine]
    assert desk.case(mine, street)["case_no"] == mine
    assert [row["case_no"] for row in desk.ask(frontdesk.ListCases, street, unit="police")["items"]] == [mine]
    assert desk.ask(frontdesk.ListCases, street, unit="property")["items"] == []
    with pytest.raises(UnknownCase):
        desk.case(other, street)


def test_a_company_sees_what_it_filed_and_nothing_else(desk):
    def company(account):
        role = {"role": "company", "scope": "110105001001"}
        return Caller(account, "company", "property", (role,))

    mine = desk.complain(company("c-1"), channel="company")["case_no"]
    other = desk.complain(company("c-2"), channel="company")["case_no"]
    desk.move_in()
    assert [row["case_no"] for row in desk.ask(frontdesk.ListCases, company("c-1"))["items"]] == [mine]
    assert desk.case(mine, company("c-1"))["applicant"]["name"] == "张*"
    with pytest.raises(UnknownCase):
        desk.case(other, company("c-1"))
    clerk_named_alike = staff("officer", department="party", account="c-1", scope=ELSEWHERE)
    assert desk.ask(frontdesk.ListCases, clerk_named_alike)["items"] == []


def test_the_receipts_token_is_made_again_for_each_repeat_and_never_stored(desk):
    message = frontdesk.FileCase.read(complaint())
    for _ in range(2):
        with desk.ledger.work(CLERK) as work:
            stored = once(
                work, "key-12345", "print", lambda w=work: handlers.COMMANDS[frontdesk.FileCase](w, message)
            )
    token = handlers.COMPLETES[frontdesk.FileCase](stored)["tracking_token"]
    assert desk.ask(frontdesk.GetCaseByToken, token=token)["case_no"] == stored["case_no"]
    assert desk.complain()["tracking_token"] != token
    assert len(desk.said("CaseFiled")) == 2
    kept = str(desk.said())
    with desk.engine.connect() as connection:
        for table in ("cases", "history", "requests"):
            kept += str(connection.exec_driver_sql(f"SELECT {table}::text FROM {table}").all())
    assert stored["case_no"] in kept and token not in kept
