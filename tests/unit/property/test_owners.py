"""Owners' rules at their boundaries: Civil Code 277-283, Order 504, the Beijing and Hangzhou regulations."""

import copy
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from services.chassis.errors import Invalid
from services.contracts import owners as words
from services.property.owners import model, proof, rules
from services.property.owners.model import Head, Right

BEIJING = "110105001001"
DAY = date(2026, 3, 1)
FIGURES = rules.figures(BEIJING, DAY)


def rule(subject):
    return rules.of_vote(BEIJING, DAY, subject)


def right(home, area, *owners):
    return Right(home, None if area is None else Decimal(area), frozenset(owners))


# -- heads and area ----------------------------------------------------------------------------------


def test_several_homes_of_one_owner_are_one_head_and_all_their_area():
    found = model.heads([right("1", "80.50", "a"), right("2", "20.25", "a"), right("3", "50", "b")])
    assert model.size(found) == (Decimal("150.75"), 2)
    assert sorted(head.area for head in found) == [Decimal("50"), Decimal("100.75")]


def test_co_owners_are_one_head_together_and_another_head_than_one_of_them_alone():
    found = model.heads([right("1", "80", "a", "b"), right("2", "60", "b", "a"), right("3", "50", "a")])
    assert model.size(found) == (Decimal("190"), 2)


def test_the_developers_unsold_homes_are_one_head_with_all_of_them():
    unsold = [right(str(n), "90", "developer") for n in range(40)]
    assert model.size(model.heads([*unsold, right("x", "90", "a")])) == (Decimal("3690"), 2)


def test_nobody_votes_by_area_while_an_area_is_unknown():
    with pytest.raises(model.RollIncomplete):
        model.complete([right("1", None, "a"), right("2", "1", "b")])


def test_a_scope_is_a_building_and_not_the_one_whose_number_begins_alike():
    assert model.in_scope("g-01-1-101", ["g-01"]) and model.in_scope("g-01-1-101", [])
    assert not model.in_scope("g-011-1-101", ["g-01"])


# -- votes (Civil Code 278, 279) ------------------------------------------------------------------------

ROLL = (90_000, 90)
"""900 m² and 90 heads: two thirds are 600 m² and 60 heads, exactly."""


@pytest.mark.parametrize(
    ("took_part", "valid"),
    [
        ((60_000, 60), True),  # exactly two thirds of both
        ((59_999, 60), False),
        ((60_000, 59), False),
        ((60_001, 61), True),
        ((90_000, 59), False),  # all the area does not make up for a head
        ((59_999, 90), False),
        ((0, 0), False),
    ],
)
def test_quorum_is_two_thirds_of_area_and_of_heads(took_part, valid):
    assert (proof.decide(rule("other"), ROLL, took_part, took_part) != "not-valid") is valid


@pytest.mark.parametrize(
    ("agreed", "outcome"),
    [
        ((30_001, 31), "passed"),
        ((30_000, 31), "rejected"),  # exactly a half is not more than a half
        ((30_001, 30), "rejected"),
        ((60_000, 30), "rejected"),
        ((30_000, 60), "rejected"),
    ],
)
def test_ordinary_matters_need_more_than_half_of_those_who_took_part_by_both(agreed, outcome):
    assert proof.decide(rule("use-fund"), ROLL, (60_000, 60), agreed) == outcome


@pytest.mark.parametrize(
    ("agreed", "outcome"),
    [
        ((45_000, 45), "passed"),  # exactly three quarters are enough
        ((44_999, 45), "rejected"),
        ((45_000, 44), "rejected"),
        ((45_001, 46), "passed"),
    ],
)
@pytest.mark.parametrize("subject", ["raise-fund", "rebuild", "change-use", "trade"])
def test_special_matters_need_three_quarters_of_those_who_took_part_by_both(subject, agreed, outcome):
    assert proof.decide(rule(subject), ROLL, (60_000, 60), agreed) == outcome


def test_home_to_business_needs_every_owner_affected():
    decide, unanimous = proof.decide, rule("home-to-business")
    assert decide(unanimous, ROLL, ROLL, ROLL) == "passed"
    assert decide(unanimous, ROLL, ROLL, (89_999, 90)) == "rejected"
    assert decide(unanimous, ROLL, (89_000, 89), (89_000, 89)) == "rejected"  # who stays away has not agreed
    assert decide(unanimous, (0, 0), (0, 0), (0, 0)) == "rejected"


def test_a_third_that_has_no_decimal_is_reckoned_exactly():
    """100 heads: 66 are too few and 67 enough; 66.67 % as a float would take 66.67 for two thirds."""
    assert proof.decide(rule("other"), (100, 100), (67, 66), (67, 66)) == "not-valid"
    assert proof.decide(rule("other"), (100, 100), (66, 67), (66, 67)) == "not-valid"
    assert proof.decide(rule("other"), (100, 100), (67, 67), (67, 67)) == "passed"


def test_using_the_fund_electing_and_choosing_a_company_are_ordinary_matters():
    ordinary = {subject for subject in words.SUBJECTS if rule(subject)["majority"] == "ordinary"}
    assert ordinary == {"rules", "elect-committee", "choose-company", "dismiss-company", "use-fund", "other"}


# -- calling -------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "fine"), [(timedelta(days=15), True), (timedelta(days=14, hours=23), False)]
)
def test_notice_is_given_fifteen_days_before(before, fine):
    if fine:
        model.check_notice(NOW, NOW + before, FIGURES)
    else:
        with pytest.raises(model.NoticeTooShort):
            model.check_notice(NOW, NOW + before, FIGURES)


@pytest.mark.parametrize(
    ("asking", "owners", "fine"), [(20, 100, True), (19, 100, False), (3, 14, True), (2, 14, False)]
)
def test_twenty_percent_of_the_owners_call_an_extraordinary_one(asking, owners, fine):
    if fine:
        model.check_extraordinary(asking, owners, FIGURES)
    else:
        with pytest.raises(model.TooFewAsk):
            model.check_extraordinary(asking, owners, FIGURES)


@pytest.mark.parametrize(
    ("delivered", "asking", "refused"),
    [
        ("500.00", ("0", 5), None),
        ("500.00", ("50.00", 0), None),  # 5 % of the area is enough, too
        ("499.99", ("50.00", 5), model.TooLittleDelivered),
        ("500.00", ("49.99", 4), model.TooFewAsk),
    ],
)
def test_a_first_assembly_needs_half_delivered_and_five_percent_asking(delivered, asking, refused):
    given = Decimal(delivered), Decimal(1000), (Decimal(asking[0]), asking[1]), (Decimal(1000), 100), FIGURES
    if refused is None:
        model.check_first(*given)
    else:
        with pytest.raises(refused):
            model.check_first(*given)


# -- committee -----------------------------------------------------------------------------------------


def seats(count, chairs=1):
    return [{"chair": no < chairs} for no in range(count)]


@pytest.mark.parametrize(
    ("count", "homes", "fine"),
    [(5, 100, True), (7, 100, True), (4, 100, False), (6, 100, False), (3, 100, False), (3, 99, True), (1, 99, False), (2, 99, False)],
)  # fmt: skip
def test_a_committee_is_five_or_more_and_odd_and_three_below_a_hundred_households(count, homes, fine):
    if fine:
        model.check_roster(seats(count), homes, FIGURES)
    else:
        with pytest.raises(Invalid):
            model.check_roster(seats(count), homes, FIGURES)


@pytest.mark.parametrize("chairs", [0, 2])
def test_a_committee_has_one_chair(chairs):
    with pytest.raises(Invalid):
        model.check_roster(seats(5, chairs), 100, FIGURES)


@pytest.mark.parametrize(
    ("until", "fine"), [(date(2031, 3, 1), True), (date(2031, 3, 2), False), (DAY, False)]
)
def test_a_term_is_five_years_at_most(until, fine):
    if fine:
        model.check_term(DAY, until, FIGURES)
    else:
        with pytest.raises(Invalid):
            model.check_term(DAY, until, FIGURES)


def test_two_months_after_the_end_of_december_is_the_end_of_february():
    assert model.months_after(date(2025, 12, 31), 2) == date(2026, 2, 28)
    assert model.months_after(date(2026, 1, 15), 2) == date(2026, 3, 15)


def test_a_half_year_turns_on_the_first_of_july():
    assert [model.half_of(day) for day in (date(2026, 6, 30), date(2026, 7, 1))] == ["2026-H1", "2026-H2"]


def test_a_mark_is_the_same_for_the_same_person_here_and_another_elsewhere():
    assert words.person_mark("11010119800101001x", "c") == words.person_mark(" 11010119800101001X", "c")
    assert words.person_mark("11010119800101001X", "c") != words.person_mark("11010119800101001X", "d")


# -- repair fund ---------------------------------------------------------------------------------------


def test_a_cost_is_split_by_area_exact_to_the_fen():
    dice = random.Random(7)
    for _ in range(200):
        areas = {f"h{n}": Decimal(dice.randint(1, 20_000)) / 100 for n in range(dice.randint(1, 30))}
        amount = Decimal(dice.randint(1, 10_000_000)) / 100
        parts = model.split(amount, areas)
        whole = sum(areas.values())
        assert sum(parts.values()) == amount
        assert all(abs(parts[home] - amount * area / whole) < Decimal("0.01") for home, area in areas.items())
    assert model.split(Decimal("0.01"), {"a": Decimal(1), "b": Decimal(1)}) == {"a": Decimal("0.01"), "b": 0}


@pytest.mark.parametrize(
    ("left", "due"), [("300.00", False), ("299.99", True), ("-1", True), ("300.01", False)]
)
def test_below_thirty_percent_of_what_was_first_paid_a_home_tops_up(left, due):
    assert model.must_top_up(Decimal(left), Decimal("1000.00"), FIGURES) is due


def test_half_of_the_common_income_at_least_goes_to_the_fund_rounded_up():
    assert model.least_to_fund(Decimal("100.00"), FIGURES) == Decimal("50.00")
    assert model.least_to_fund(Decimal("0.01"), FIGURES) == Decimal("0.01")


@pytest.mark.parametrize(
    ("mode", "amount", "needed"),
    [("ordinary", "30000.00", False), ("ordinary", "30000.01", True), ("emergency", "1.00", True)],
)
def test_an_audit_may_be_left_out_up_to_thirty_thousand(mode, amount, needed):
    assert model.needs_audit(mode, Decimal(amount), FIGURES) is needed


# -- the proof -----------------------------------------------------------------------------------------


def prime(number):
    """Miller-Rabin; a composite passes with a chance below 4^-20."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for witness in range(3, 23):
        x = pow(witness, odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def test_the_group_is_the_one_of_rfc_3526():
    assert proof.P.bit_length() == 2048 and proof.P >> 1984 == 2**64 - 1 and proof.P % 2**64 == 2**64 - 1
    assert prime(proof.P) and prime((proof.P - 1) // 2)
    assert len({proof.A, proof.B, proof.H, 1}) == 4
    assert all(pow(base, (proof.P - 1) // 2, proof.P) == 1 for base in (proof.A, proof.B, proof.H))


def published(choices, secret=True, roll=None):
    """A counted vote of heads with 10.01, 20.02, … m², and the receipts."""
    tally, ballots, receipts = model.nothing(), [], []
    for number, choice in enumerate(choices, 1):
        own, voter, area = f"{number:064x}", f"voter-{number}", Decimal("10.01") * number
        seals, blinds = proof.ballot(own, "v", voter, proof.cents(area), choice)
        model.add(tally, proof.cents(area), blinds, choice)
        line = {"voter": voter, "area": str(area), "seals": seals, "blind": f"{sum(blinds.values()):x}"}
        ballots.append(line if secret else line | {"choice": choice, "secret": own})
        receipts.append({"voter": voter, "choice": choice, "secret": own})
    took_part = sum((Decimal(one["area"]) for one in ballots), Decimal(0))
    roll = roll or (took_part, len(ballots))
    agreed = (proof.cents(tally["for"]["area"]), tally["for"]["heads"])
    outcome = proof.decide(
        rule("other"), (proof.cents(roll[0]), roll[1]), (proof.cents(took_part), len(ballots)), agreed
    )
    return {
        "scheme": proof.SCHEME, "vote": "v", "secret": secret, "rule": rule("other"),
        "roll": {"area": str(roll[0]), "heads": roll[1]}, "ballots": ballots, "tally": tally, "outcome": outcome,
    }, receipts  # fmt: skip


MIXED = ["for", "against", "for", "abstain", "for"]


@pytest.mark.parametrize("secret", [True, False])
def test_anyone_recounts_what_was_published(secret):
    document, receipts = published(MIXED, secret)
    assert proof.check(document) == []
    assert document["tally"]["for"] | {"blind": ""} == {"area": "90.09", "heads": 3, "blind": ""}
    assert all(proof.holds(document, receipt) for receipt in receipts)


def test_a_receipt_of_another_choice_does_not_hold():
    document, receipts = published(MIXED)
    assert not proof.holds(document, receipts[0] | {"choice": "against"})
    assert not proof.holds(document, receipts[0] | {"secret": "0" * 64})
    assert not proof.holds(document, receipts[0] | {"voter": "voter-9"})


def moved(document):  # ten square metres from against to for
    document["tally"]["for"]["area"], document["tally"]["against"]["area"] = "100.09", "10.02"


def counted_twice(document):
    document["ballots"].append(document["ballots"][0])


def left_out(document):
    del document["ballots"][1]


def heavier(document):
    document["ballots"][0]["area"] = "20.01"


def swapped(document):
    seals = document["ballots"][1]["seals"]
    seals["for"], seals["against"] = seals["against"], seals["for"]


def lied(document):
    document["outcome"] = "rejected"


def smaller_roll(document):
    document["roll"]["heads"] = 4


@pytest.mark.parametrize(
    "falsify",
    [moved, counted_twice, left_out, heavier, swapped, lied, smaller_roll],
    ids=lambda f: f.__name__,
)
def test_whatever_is_falsified_is_found(falsify):
    document, _ = published(MIXED)
    falsify(false := copy.deepcopy(document))
    assert proof.check(document) == [] and proof.check(false) != []


def test_a_named_ballot_that_names_another_choice_is_found():
    document, _ = published(MIXED, secret=False)
    document["ballots"][0]["choice"] = "against"
    assert any("voter-1" in fault for fault in proof.check(document))


def test_a_secret_ballot_says_nothing_of_its_choice():
    """The same voter's ballots for and against have the same fields and the same published weight."""
    (one, _), (other, _) = published(["for", "against"]), published(["against", "for"])
    for left, right_ in zip(one["ballots"], other["ballots"], strict=True):
        assert left.keys() == right_.keys() == {"voter", "area", "seals", "blind"}
        assert (left["area"], left["blind"]) == (right_["area"], right_["blind"])


def test_a_ballot_taken_back_leaves_nothing():
    tally = model.nothing()
    _, blinds = proof.ballot("a" * 64, "v", "w", 1001, "for")
    model.add(tally, 1001, blinds, "for")
    model.add(tally, 1001, blinds, "for", -1)
    assert tally == model.nothing()


def test_a_voter_has_another_number_in_another_assembly():
    owners = frozenset({"a", "b"})
    assert model.pseudonym("one", owners) == model.pseudonym("one", frozenset({"b", "a"}))
    assert model.pseudonym("one", owners) != model.pseudonym("two", owners)


def test_a_figure_of_a_place_stands_over_the_nations():
    assert Head(frozenset("a")).area == 0
    assert rules.figures("330106001001", DAY)["quorum"] == "2/3" == FIGURES["quorum"]
