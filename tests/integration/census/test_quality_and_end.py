"""Keyed twice, closed, counted, and forgotten by name."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.census import model
from services.census.handlers.ending import erase_names
from services.contracts import census
from tests.integration.census.conftest import answers, long_answers, person
from tests.offices import id_number

NUMBER = id_number("19800501")


def finish(town, office):
    """Twenty households a block, all confirmed, some keyed twice."""
    for who, block in ((town.first, 1), (town.second, 2)):
        for home in town.listed(who, block, count=20):
            sex = "male" if int(NUMBER[16]) % 2 else "female"
            told = answers(person(name="钱某", id_number=NUMBER, sex=sex))
            after = town.confirmed(who, home, told=told)
            if "long" in after["forms_due"]:
                extra = (
                    {"sons": 0, "daughters": 0, "living_children": 0, "births": 0} if sex == "female" else {}
                )
                base = long_answers()
                base["persons"][0] |= extra
                town.confirmed(who, home, "long", base)


@pytest.fixture
def checking(town, office):
    finish(town, office)
    with office.ledger.work() as work:  # a share that is certain to draw some
        work.connection.execute(text("SELECT 1"))
    office(census.MoveCensus, town.leader, census_id=town.key, to="checking")
    return town


def keyings(office, town):
    return office(census.ListKeyings, town.leader, census_id=town.key, limit=200)["items"]


def test_an_unfinished_household_stops_the_check(office, town):
    town.listed(town.first, 1)
    town.listed(town.second, 2)
    with pytest.raises(model.NotReady) as told:
        office(census.MoveCensus, town.leader, census_id=town.key, to="checking")
    assert told.value.facts["count"] == 2


@pytest.fixture
def keying(office, checking):
    """One second keying: if chance drew none, of the first questionnaire."""
    if not keyings(office, checking):
        with office.ledger.work() as work:
            (row, *_) = work.store.confirmed_forms(checking.key)
            work.store.add_keyings(
                [{"id": model.new_seed(), "census_id": checking.key, "household_id": row.household_id,
                  "form": row.form, "version": row.version, "state": "drawn"}]
            )  # fmt: skip
    return keyings(office, checking)


def by_whom(office, town, keying_id):
    """Who keyed it first, and somebody else."""
    with office.ledger.work() as work:
        row = work.store.keying(keying_id)
        first = work.store.version(row.household_id, row.form, row.version)
        from services.census import forms

        answers = forms.joined(first.answers, first.identifying)
    one = town.first if first.keyed_by == town.first.account else town.second
    return one, town.second if one is town.first else town.first, answers, row


def test_the_second_keying_is_anothers_and_shows_him_no_answer(office, checking, keying):
    key = keying[0]["keying_id"]
    first, other, answers, _ = by_whom(office, checking, key)
    with pytest.raises(model.SamePerson):
        office(census.AssignKeying, checking.leader, keying_id=key, keyer=first.account)
    office(census.AssignKeying, checking.leader, keying_id=key, keyer=other.account)
    (mine,) = office(census.ListKeyings, other, census_id=checking.key)["items"]
    assert mine.keys() == {"keying_id", "block", "serial", "form", "state", "keyer", "keyed_at"}
    assert office(census.ListKeyings, first, census_id=checking.key)["items"] == []
    with pytest.raises(model.UnknownKeying):
        office(census.KeyAgain, first, keying_id=key, answers=answers)
    same = office(census.KeyAgain, other, keying_id=key, answers=answers)
    assert (same["differences"], same["state"]) == (0, "settled")
    with pytest.raises(model.KeyedAlready):
        office(census.KeyAgain, other, keying_id=key, answers=answers)


def test_a_difference_is_adjudicated_and_the_error_rate_has_its_denominator(office, checking, keying):
    key = keying[0]["keying_id"]
    _, other, answers, row = by_whom(office, checking, key)
    office(census.AssignKeying, checking.leader, keying_id=key, keyer=other.account)
    answers["household"] = dict(answers["household"])
    item = "rooms" if row.form == "short" else "storeys"
    answers["household"][item] = 3
    told = office(census.KeyAgain, other, keying_id=key, answers=answers)
    assert (told["differences"], told["state"]) == (1, "keyed")
    with pytest.raises(model.NotReady):
        office(census.MoveCensus, checking.leader, census_id=checking.key, to="closed")
    (open_one,) = office(census.ListDifferences, checking.leader, census_id=checking.key)["items"]
    assert (open_one["path"], open_one["second"]) == (f"household.{item}", 3)
    before = office(census.GetQuality, checking.leader, census_id=checking.key)
    assert (before["open"], before["error_rate"]["numerator"]) == (1, 0)
    office(census.Adjudicate, checking.leader, keying_id=key, item=f"household.{item}", verdict="second")
    rate = office(census.GetQuality, checking.leader, census_id=checking.key)["error_rate"]
    assert (rate["numerator"], rate["denominator"]) == (1, told["items"])
    seen = office(census.GetQuestionnaire, checking.leader, household_id=row.household_id, form=row.form)
    assert seen["answers"]["household"][item] == 3 and seen["state"] == "confirmed"
    assert [one["cause"] for one in seen["versions"]] == ["first", "adjudication"]


def close(office, town):
    for one in keyings(office, town):
        if one["state"] == "settled":
            continue
        _, other, answers, _ = by_whom(office, town, one["keying_id"])
        office(census.AssignKeying, town.leader, keying_id=one["keying_id"], keyer=other.account)
        office(census.KeyAgain, other, keying_id=one["keying_id"], answers=answers)
    return office(census.MoveCensus, town.leader, census_id=town.key, to="closed")


def test_after_the_close_names_and_numbers_are_deleted_with_a_certificate(office, stack, checking, keying):
    """Thirty days [U] after the close, and not a second before; nothing that reads like the number is left anywhere."""
    closed = close(office, checking)
    assert closed["seed"] == "a seed for the tests"
    assert closed["erase_at"] - closed["closed_at"] == timedelta(days=30)
    with pytest.raises(model.UnknownCertificate):
        office(census.GetErasureCertificate, checking.leader, census_id=checking.key)

    def at(moment):
        with office.ledger.work() as work:
            work.now = moment
            erase_names(work)

    at(closed["erase_at"] - timedelta(seconds=1))
    assert rows_with(office, checking.key, NUMBER) > 0
    at(closed["erase_at"])
    assert rows_with(office, checking.key, NUMBER) == rows_with(office, checking.key, "钱某") == 0
    told = office(census.GetErasureCertificate, checking.leader, census_id=checking.key)
    assert told["left"] == 0 and told["erased"]["versions"] >= 40 and len(told["digest"]) == 64
    (seen, *_) = office(census.ListHouseholds, checking.leader, census_id=checking.key)["items"]
    answers = office(
        census.GetQuestionnaire, checking.leader, household_id=seen["household_id"], form="short"
    )["answers"]
    assert "name" not in answers["persons"][0] and answers["persons"][0]["birth_date"] == "1980-05-01"


def rows_with(office, key, what):
    """In every column of every table of the census's database."""
    with office.ledger.read() as read:
        names = read.connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).scalars()
        mine = "SELECT id FROM households WHERE census_id = :key"
        found = 0
        for name in names:
            where = {
                "versions": f"household_id IN ({mine})",
                "visits": f"household_id IN ({mine})",
                "questionnaires": f"household_id IN ({mine})",
                "keyings": "census_id = :key",
                "differences": "keying_id IN (SELECT id FROM keyings WHERE census_id = :key)",
            }.get(name, "true")
            counted = text(f'SELECT count(*) FROM "{name}" t WHERE t::text LIKE :what AND {where}')
            found += read.connection.execute(counted, {"what": f"%{what}%", "key": key}).scalar_one()
        return found


def test_several_replicas_delete_once(office, checking, keying):
    closed = close(office, checking)

    def tick(_):
        with office.ledger.work() as work:
            work.now = closed["erase_at"] + timedelta(days=1)
            erase_names(work)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tick, range(4)))
    assert office(census.GetErasureCertificate, checking.leader, census_id=checking.key)["left"] == 0


def test_what_is_published_is_counts_and_nothing_below_three(office, checking, keying):
    with pytest.raises(model.UnknownPublication):
        office(census.GetPublication, census_id=checking.key)
    close(office, checking)
    with pytest.raises(model.UnknownPublication):
        office(census.GetPublication, census_id=checking.key)
    office(census.MoveCensus, checking.leader, census_id=checking.key, to="published")
    told = office(census.GetPublication, census_id=checking.key)
    assert told["persons"] == 40
    by_age = told["tables"][0]["counts"]["total"]
    assert by_age["15-59"] == 40 and by_age["0-14"] == 0
    assert "钱某" not in str(told) and NUMBER not in str(told)


def test_the_clean_up_lists_say_who_has_to_be_looked_at_again(office, town):
    """S15.6: usual, migrant, separated, unregistered, to cancel."""
    (home,) = town.listed(town.first, 1)
    away = {"registration": "away", "left": "one-to-five", "why_left": "work"}
    gone = person("child", "male", "1999-01-01", name="王三", presence="elsewhere")
    told = answers(
        person(), person("spouse", "female", "1981-01-01", name="王二", **away), gone,
        person("child", "male", "2020-10-31", name="王四", registration="undetermined", education=None),
        births=1,
    )  # fmt: skip
    town.confirmed(town.first, home, told=told)
    seen = {
        kind: [
            row["name"]
            for row in office(census.ListCleanUp, town.leader, census_id=town.key, kind=kind)["items"]
        ]
        for kind in ("usual", "migrant", "separated", "unregistered", "to-cancel")
    }
    assert seen == {
        "usual": ["王某", "王二", "王四"], "migrant": ["王二"], "separated": ["王二", "王三"],
        "unregistered": ["王四"], "to-cancel": [],
    }  # fmt: skip
