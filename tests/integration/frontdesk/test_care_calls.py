"""Rules §1 "Answer": call-backs, ratings, and what a bad one starts, each with its boundary."""

from datetime import timedelta

import pytest

from services.chassis import clock
from services.contracts import care, frontdesk
from services.frontdesk.handlers.contacts import NoContactOwed
from services.frontdesk.model import AlreadyRated, UnknownCase
from tests.integration.frontdesk.conftest import CLERK, STRANGER, SUPERVISOR, complaint, id_number, staff

COMMUNITY = staff("officer", department="street")


def answered(desk, **more):
    receipt = desk.complain(**more)
    desk.finish(receipt["tasks"][0]["task_id"])
    return receipt["case_no"]


def calls(desk, caller=CLERK, **asked):
    return {
        row["case_no"]: (row["about"], row["whose"], row["due_at"], row["tries"])
        for row in desk.ask(care.ListCallbacks, caller, **asked)["items"]
    }


def rate(desk, no, stars, **more):
    return desk.order(frontdesk.RateCase, case_no=no, stars=stars, **more)


def called(desk, no, **said):
    return desk.order(frontdesk.RecordCallback, case_no=no, **said)


def contact(desk, no, caller=COMMUNITY, reached=True):
    return desk.order(care.RecordContact, caller, case_no=no, reached=reached)


# -- the list --


def test_an_answer_is_called_back_about_by_the_desk_within_three_working_days(desk):
    no = answered(desk)
    due = clock.parse("2026-11-26T09:00:00Z")  # Thursday, five in the afternoon
    assert calls(desk) == {no: ("answer", "frontdesk", due, 0)}
    assert calls(desk, about="contact") == calls(desk, about="recheck") == calls(desk, late=True) == {}
    desk.now = due
    assert not calls(desk, late=True), "at the very minute it is not late"
    desk.now += timedelta(microseconds=1)
    assert list(calls(desk, late=True)) == [no]


def test_who_rated_well_or_was_reached_or_is_a_device_is_not_called(desk):
    rated, reached = answered(desk), answered(desk)
    rate(desk, rated, 3)
    called(desk, reached, reached=True, resolved=True, satisfied=True)
    assert calls(desk) == {}


def test_unreached_three_times_on_three_working_days_is_unreachable_and_in_no_list(desk):
    no = answered(desk)
    for tries, due in ((1, "2026-11-26"), (2, "2026-11-26"), (3, None)):
        desk.now += timedelta(days=1)
        called(desk, no, reached=False)
        left = calls(desk)
        assert left == {} if due is None else left[no][2:] == (clock.parse(f"{due}T09:00:00Z"), tries)
    assert desk.kinds(no)[-2:] == ["called-back", "unreachable"]
    assert desk.case(no)["status"] == "closed"


def test_a_call_that_is_tried_late_is_due_again_a_working_day_after_the_try(desk):
    no = answered(desk)
    desk.now = clock.parse("2026-11-27T02:00:00Z")  # Friday: the next working day is Monday
    called(desk, no, reached=False)
    assert calls(desk)[no][2] == clock.parse("2026-11-30T09:00:00Z")


def test_lists_are_of_ones_own_area_and_name_nobody_whole(desk):
    no = answered(desk)
    assert calls(desk, STRANGER) == {} and list(calls(desk, SUPERVISOR)) == [no]
    assert list(calls(desk, COMMUNITY)) == [no], "the unit that answers for it sees what is owed"
    assert calls(desk, staff("officer", department="property")) == {}
    assert "张某" not in str(desk.ask(care.ListCallbacks))


# -- five levels --


@pytest.mark.parametrize("stars, again", [(1, True), (2, True), (3, False), (4, False), (5, False)])
def test_of_five_levels_the_two_lowest_are_bad(desk, stars, again):
    no = answered(desk)
    assert (rate(desk, no, stars)["status"] == "handling") is again


# -- a bad rating: contact 1 wd, fixed in 5 wd, called back 100 % --


def test_a_bad_rating_is_contacted_within_one_working_day_by_the_unit_that_puts_it_right(desk):
    no = answered(desk)
    desk.now = clock.parse("2026-11-27T02:00:00Z")  # Friday
    rate(desk, no, 1)
    due = clock.parse("2026-11-30T09:00:00Z")  # Monday at the close
    assert calls(desk) == {no: ("contact", "community", due, 0)}
    assert desk.lane(no, "community")["due_at"] == clock.parse("2026-12-04T09:00:00Z"), "5 wd to put it right"
    desk.now = due - timedelta(seconds=1)
    desk.tick()
    assert "contact-due" not in desk.kinds(no)
    desk.tick(seconds=1)
    desk.tick(seconds=2)
    assert desk.kinds(no).count("contact-due") == 1 and desk.case(no)["level"] == 1
    assert desk.said("TaskUrged")[-1][2]["reason"] in ("contact-due", "sign-late")
    contact(desk, no)
    assert calls(desk) == {}
    with pytest.raises(NoContactOwed):
        contact(desk, no)


def test_only_the_unit_concerned_or_the_desk_notes_the_contact(desk):
    no = answered(desk)
    with pytest.raises(NoContactOwed):
        contact(desk, no)
    rate(desk, no, 2)
    for outsider in (staff("officer", department="property"), STRANGER, staff("auditor")):
        with pytest.raises(UnknownCase):
            contact(desk, no, outsider)
    contact(desk, no, COMMUNITY, reached=False)
    contact(desk, no, CLERK)
    assert desk.kinds(no)[-2:] == ["contacted", "contacted"]


def test_what_was_rated_badly_is_called_back_about_in_any_case(desk):
    """100 %: also who rates the second answer well is called."""
    no = answered(desk)
    rate(desk, no, 1)
    contact(desk, no)
    desk.finish(desk.lane(no, "community")["task_id"])
    rate(desk, no, 5)
    assert calls(desk)[no][0] == "recheck"
    assert list(calls(desk, about="recheck")) == [no] and calls(desk, about="answer") == {}
    called(desk, no, reached=True, resolved=True, satisfied=True)
    assert calls(desk) == {}


def test_unsatisfied_when_called_back_is_done_again_and_called_about_again(desk):
    no = answered(desk)
    assert called(desk, no, reached=True, resolved=True, satisfied=False)["round"] == 2
    assert calls(desk) == {}, "he has just been spoken to"
    desk.finish(desk.lane(no, "community")["task_id"])
    assert calls(desk)[no][0] == "recheck"


# -- invited when unrated after 3 d, once --


def test_unrated_after_three_days_is_invited_once(desk):
    no = answered(desk)
    desk.tick(days=3, seconds=-1)
    assert "rating-invited" not in desk.kinds(no)
    desk.tick(seconds=1)
    desk.tick(seconds=2)
    assert desk.kinds(no).count("rating-invited") == 1
    ((_, _, told),) = desk.said("RatingInvited")
    assert (told["case_no"], told["channel"], told["round"]) == (no, "window", 1)


# -- on site one visit one rating, online one matter one rating --


def test_on_site_one_visit_has_one_rating(desk):
    first, second, other = answered(desk), answered(desk), None
    applicant = {"name": "李某", "id_number": id_number(2), "phone": "13500000001"}
    other = answered(desk, applicant=applicant)
    rate(desk, first, 5)
    assert desk.case(second)["rated"] and desk.kinds(second)[-1] == "rated-with"
    with pytest.raises(AlreadyRated):
        rate(desk, second, 1)
    assert desk.case(other)["rated"] is False, "somebody else's visit"
    desk.tick(days=3)
    assert [told["case_no"] for _, _, told in desk.said("RatingInvited")] == [other]


def test_online_and_what_is_answered_later_is_rated_by_itself(desk):
    online = [answered(desk, channel="online") for _ in range(2)]
    for no in online:
        rate(desk, no, 4)
    today, later = answered(desk), desk.complain()
    desk.now = clock.parse("2026-11-23T16:00:00Z")  # midnight in Beijing
    desk.finish(later["tasks"][0]["task_id"])
    rate(desk, today, 5)
    rate(desk, later["case_no"], 4)
    tomorrow = answered(desk)
    rate(desk, tomorrow, 4)


def test_after_a_redo_each_matter_is_rated_by_itself(desk):
    first, second = answered(desk), answered(desk)
    rate(desk, first, 1)
    desk.finish(desk.lane(first, "community")["task_id"])
    rate(desk, first, 4)
    assert desk.case(second)["rated"] is True
    assert complaint()["channel"] == "window"
