"""What a unit may do with a task of its tray, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from services.backoffice.model import (
    CLOSED,
    OPEN,
    TICKING,
    TRANSITIONS,
    DesignatedMayNotReturn,
    ExtensionOnlyOnce,
    ExtensionTooLate,
    Item,
    NotNow,
    ReturnTooLate,
    SupplementOnlyOnce,
    UntilNotLater,
)
from services.contracts.tasks import STATUSES

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def item(status="assigned", **facts):
    given = {
        "task_id": "20261123-0000011.property", "case_no": "20261123-0000011", "unit": "property", "matter": "repair",
        "step": "repair", "place": "110105001001", "title_zh": "维修", "title_en": "Repair", "applicant": {},
        "form": {}, "materials": [], "results": {}, "assigned_at": NOW, "sign_by": NOW + 2 * HOUR,
        "return_by": NOW + 24 * HOUR, "due_at": NOW + 48 * HOUR, **facts,
    }  # fmt: skip
    return Item(status=status, **given)


def test_every_status_of_the_table_is_one_that_the_contract_knows():
    reached = {status for status, _ in TRANSITIONS} | set(TRANSITIONS.values()) | {"refused"}
    assert reached == set(STATUSES) == {*OPEN, *CLOSED}
    assert set(OPEN) - set(TICKING) == {"supplement"}, "the clock stands still for the applicant only"


def test_it_is_signed_started_and_finished():
    mine = item()
    mine.sign("o", NOW)
    mine.move("start")
    mine.finish("done", {"x": 1}, "note", "o", NOW + HOUR)
    assert (mine.status, mine.signed_by, mine.finished_at, mine.result) == ("done", "o", NOW + HOUR, {"x": 1})


def test_finishing_at_once_signs_too():
    mine = item()
    mine.finish("refused", {}, None, "rule", NOW)
    assert (mine.status, mine.signed_at, mine.outcome) == ("refused", NOW, "refused")


@pytest.mark.parametrize("status", CLOSED)
@pytest.mark.parametrize("verb", ["sign", "start", "finish", "return", "ask-supplement", "withdraw"])
def test_what_is_over_stays_over(status, verb):
    with pytest.raises(NotNow):
        item(status).move(verb)


def test_a_return_is_possible_until_its_hour_and_not_after():
    item().give_back(NOW + 24 * HOUR)
    with pytest.raises(ReturnTooLate):
        item().give_back(NOW + 24 * HOUR + timedelta(seconds=1))


def test_a_signed_task_may_still_be_returned_but_one_in_hand_may_not():
    item("signed").give_back(NOW)
    with pytest.raises(NotNow):
        item("handling").give_back(NOW)


def test_a_designated_unit_may_not_return():
    with pytest.raises(DesignatedMayNotReturn):
        item(designated=True).give_back(NOW)


def test_an_extension_is_asked_before_the_task_is_due():
    item().ask_extension(NOW + 72 * HOUR, NOW + 48 * HOUR - timedelta(seconds=1))
    with pytest.raises(ExtensionTooLate):
        item().ask_extension(NOW + 72 * HOUR, NOW + 48 * HOUR)


def test_an_extension_moves_the_due_time_forward():
    with pytest.raises(UntilNotLater):
        item().ask_extension(NOW + 48 * HOUR, NOW)


def test_an_extension_is_asked_once_and_only_of_what_is_open():
    mine = item()
    mine.ask_extension(NOW + 72 * HOUR, NOW)
    with pytest.raises(ExtensionOnlyOnce):
        mine.ask_extension(NOW + 96 * HOUR, NOW)
    with pytest.raises(NotNow):
        item("done").ask_extension(NOW + 72 * HOUR, NOW)


def test_a_supplement_is_asked_once_for_everything():
    mine = item("signed")
    mine.ask_supplement()
    mine.move("supply")
    with pytest.raises(SupplementOnlyOnce):
        mine.ask_supplement()
    assert mine.status == "handling"


def test_after_a_supplement_that_never_came_the_unit_decides():
    mine = item("signed")
    mine.ask_supplement()
    with pytest.raises(NotNow):
        mine.finish("done", {}, None, "o", NOW)
    mine.move("lapse")
    mine.finish("refused", {}, "材料不齐", "o", NOW)
    assert mine.status == "refused"


def test_a_task_that_was_withdrawn_before_it_came_is_over():
    unseen = Item.withdrawn_unseen("20261123-0000011.property", "20261123-0000011", "property", "撤回", NOW)
    assert (unseen.status, unseen.place, unseen.note) == ("withdrawn", "", "撤回")
