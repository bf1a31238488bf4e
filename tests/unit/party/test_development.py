"""The 25 steps and their clocks (发展党员工作细则), boundary days included."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.chassis.errors import Invalid
from services.party import figures
from services.party.development.model import (
    REVIEW,
    BeforeTheLast,
    Entry,
    ExtensionWrong,
    LateWithoutReason,
    NotYet,
    ReviewMissing,
    StepLapsed,
    StepOutOfOrder,
    TooEarly,
    Way,
)
from services.party.months import plus_months

RULE = figures.rule("development", date(2026, 1, 1), "110105001001")
ORDER = [step["step"] for step in RULE["steps"]]
FIGURES = {"mentors": {"mentors": 2}, "introducers": {"introducers": 2}, "training": {"days": 3, "hours": 24}}
START = date(2022, 1, 31)
TODAY = date(2026, 6, 1)


def entry(step, on, **more):
    return Entry(f"{step}-{on}", "m", step, on, "x", more.pop("figures", {}), datetime.now(UTC), "li", **more)


def way(**days):
    """Somebody's way with these steps taken (names with _ for -); `reviews` are days."""
    reviews = days.pop("reviews", [])
    entries = [entry(name.replace("_", "-"), day) for name, day in days.items()]
    return Way(RULE, [*entries, *(entry(REVIEW, day) for day in reviews)])


def up_to(step, on=START, **days):
    """All steps before `step`, taken on one day unless told otherwise."""
    before = ORDER[: ORDER.index(step)]
    reviews = days.pop("reviews", [])
    entries = [entry(one, days.get(one.replace("-", "_"), on)) for one in before]
    return Way(RULE, [*entries, *(entry(REVIEW, day) for day in reviews)])


def take(one, step, on, reason=None, figures=None):
    return one.take(step, on, figures if figures is not None else FIGURES.get(step, {}), reason, TODAY)


def test_there_are_25_steps_in_five_stages():
    assert len(ORDER) == len(set(ORDER)) == 25
    stages = dict.fromkeys(step["stage"] for step in RULE["steps"])
    assert list(stages) == ["applicant", "activist", "candidate", "probationary", "formal"]


@pytest.mark.parametrize("step", ORDER[1:])
def test_no_step_is_taken_before_the_one_before_it(step):
    with pytest.raises(StepOutOfOrder) as refused:
        take(up_to(ORDER[ORDER.index(step) - 1]), step, TODAY)
    assert refused.value.facts["next"] == ORDER[ORDER.index(step) - 1]


def test_the_talk_is_within_a_month_of_the_application():
    assert take(way(application=START), "talk", date(2022, 2, 28)) == (RULE["steps"][1], False)
    with pytest.raises(LateWithoutReason):
        take(way(application=START), "talk", date(2022, 3, 1))
    assert take(way(application=START), "talk", date(2022, 3, 1), "疫情")[1] is True
    assert not way(application=START).overdue(date(2022, 2, 28))
    assert way(application=START).overdue(date(2022, 3, 1))


def test_an_activist_is_educated_for_a_year_at_least_with_a_review_every_half_year():
    halves = [date(2022, 7, 31), date(2023, 1, 31)]
    assert take(up_to("cultivation", reviews=halves), "cultivation", date(2023, 1, 31))
    with pytest.raises(TooEarly):
        take(up_to("cultivation", reviews=halves), "cultivation", date(2023, 1, 30))
    with pytest.raises(ReviewMissing) as refused:
        take(up_to("cultivation", reviews=halves[:1]), "cultivation", date(2023, 1, 31))
    assert refused.value.facts["due"] == "2023-01-31"
    assert not up_to("cultivation").overdue(date(2022, 7, 31))
    assert up_to("cultivation").overdue(date(2022, 8, 1))
    assert not up_to("cultivation", reviews=halves[:1]).overdue(date(2022, 8, 1))


@pytest.mark.parametrize(
    ("days", "hours", "faults"),
    [
        (3, 24, set()),
        (2, 24, {"figures.days"}),
        (3, 23, {"figures.hours"}),
        (2, 8, {"figures.days", "figures.hours"}),
    ],
)
def test_training_is_three_days_or_24_hours_at_least(days, hours, faults):
    one = up_to("training")
    if not faults:
        assert take(one, "training", START, figures={"days": days, "hours": hours})
        return
    with pytest.raises(Invalid) as refused:
        take(one, "training", START, figures={"days": days, "hours": hours})
    assert refused.value.field_sentences.keys() == faults


@pytest.mark.parametrize(("number", "right"), [(1, False), (2, True), (3, False)])
def test_there_are_two_introducers(number, right):
    if right:
        assert take(up_to("introducers"), "introducers", START, figures={"introducers": number})
    else:
        with pytest.raises(Invalid):
            take(up_to("introducers"), "introducers", START, figures={"introducers": number})


def test_the_branch_votes_within_a_month_of_the_pre_review():
    assert take(up_to("branch-vote"), "branch-vote", date(2022, 2, 28))[1] is False
    with pytest.raises(LateWithoutReason):
        take(up_to("branch-vote"), "branch-vote", date(2022, 3, 1))


def test_approval_is_within_three_months_six_with_a_reason_and_then_lapses():
    one = up_to("approval")
    assert take(one, "approval", date(2022, 4, 30))[1] is False
    with pytest.raises(LateWithoutReason):
        take(one, "approval", date(2022, 5, 1))
    assert take(one, "approval", date(2022, 7, 31), "材料补充")[1] is True
    with pytest.raises(StepLapsed) as refused:
        take(one, "approval", date(2022, 8, 1), "材料补充")
    assert refused.value.facts["of"] == "branch-vote"
    assert take(one, "branch-vote", date(2022, 8, 1), "重新表决")
    assert {old.step for old in one.replaces("branch-vote")} == {"branch-vote", "upper-talk"}


def test_once_approved_the_branch_does_not_vote_again():
    with pytest.raises(StepOutOfOrder):
        take(up_to("approval-filed"), "branch-vote", TODAY)


def test_probation_is_a_year_from_the_branch_vote():
    one = up_to("full-vote", on=date(2022, 3, 1), branch_vote=date(2022, 2, 28))
    assert one.probation_ends == date(2023, 2, 28)
    with pytest.raises(TooEarly):
        take(one, "full-vote", date(2023, 2, 27))
    assert take(one, "full-vote", date(2023, 2, 28))


@pytest.mark.parametrize(("months", "right"), [(5, False), (6, True), (12, True), (13, False)])
def test_probation_is_extended_by_half_a_year_to_a_year(months, right):
    one = up_to("full-vote")
    if right:
        one.extend(months)
    else:
        with pytest.raises(ExtensionWrong):
            one.extend(months)


def test_probation_is_extended_once_and_the_vote_waits_for_it():
    entries = [*up_to("full-vote").done.values(), entry("extension", START, figures={"months": 6})]
    one = Way(RULE, entries)
    assert one.probation_ends == date(2023, 7, 31)
    with pytest.raises(TooEarly):
        take(one, "full-vote", date(2023, 7, 30))
    with pytest.raises(ExtensionWrong):
        one.extend(6)


def test_nobody_extends_a_probation_that_has_not_begun():
    with pytest.raises(ExtensionWrong):
        up_to("approval").extend(6)


def test_only_what_has_happened_is_recorded_and_in_its_order():
    with pytest.raises(NotYet):
        take(way(application=START), "talk", TODAY + timedelta(days=1))
    with pytest.raises(BeforeTheLast):
        take(way(application=START), "talk", START - timedelta(days=1))


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2024, 3, 1), -1, date(2024, 2, 1)),
    ],
)
def test_months_are_clipped_at_their_end(day, months, then):
    assert plus_months(day, months) == then
