"""Concerns and leaks: raised once, updated, retracted by a late reading, settled by new use, closed with the case."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.identifiers import Caller
from services.contracts import frontdesk, meters
from services.meters.handlers import close_finding, set_away, set_welfare_rule
from services.meters.handlers.access import NotYourMeters
from services.meters.handlers.silence import note_silent_meters
from services.meters.model import NotLivingAlone
from services.meters.replay import demonstration_readings, late_reading
from tests.integration.meters.surroundings import PLACE, hourly

QUIET = [5000] * 13
NOW = datetime.now(UTC).replace(microsecond=0)
H = timedelta(hours=1)


@pytest.fixture
def elder(tester):
    household = tester.home()
    tester.meter("W-1", household)
    tester.said()
    return household


def names(said):
    return [name for name, _ in said]


def test_no_water_for_twelve_hours_is_said_once_with_what_a_visit_needs(tester, elder):
    tester.send(*hourly(*QUIET))
    tester.sweep()
    tester.sweep()
    tester.send(*hourly(*QUIET))  # the same readings again
    tester.sweep()
    ((name, finding),) = tester.said()
    assert name == "WelfareConcernRaised"
    assert finding["household"] == elder and finding["place"] == PLACE and finding["severity"] == 1
    assert finding["person"] == {
        "name": "李奶奶", "phone": "13800000000", "contact_name": "李女", "contact_phone": "13800000001",
    }  # fmt: skip
    assert finding["evidence"]["used_m3"] == "0" and finding["evidence"]["hours"] == 12
    assert tester.findings() == [("welfare", "active", None)]


def test_a_late_correction_that_shows_use_retracts_it(tester, elder):
    tester.send(*hourly(*QUIET))
    tester.sweep()
    ((_, raised),) = tester.said()
    tester.send(hourly(*QUIET)[9] | {"value": "5.040", "seq": 99, "quality": "corrected"})
    tester.sweep()
    tester.sweep()
    ((name, retracted),) = tester.said()
    assert name == "FindingRetracted" and retracted["finding_id"] == raised["finding_id"]
    assert tester.findings() == [("welfare", "cleared", "retract")]


def test_a_late_reading_between_two_known_ones_retracts_it_too(tester, elder):
    tester.send(*hourly(*QUIET))
    tester.sweep()
    between = hourly(5030, end=NOW - 4 * H - timedelta(minutes=20), first_seq=500)
    tester.send(*between)
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised", "FindingRetracted"]


def test_water_running_again_settles_it_and_the_next_silence_is_a_new_one(tester, elder):
    start = NOW - 30 * H
    tester.send(*hourly(*QUIET, end=start))
    tester.sweep()
    tester.send(*hourly(5060, end=start + H, first_seq=20))
    tester.sweep()
    said = tester.said()
    assert names(said) == ["WelfareConcernRaised", "FindingUpdated"]
    assert said[1][1]["evidence"]["settled"] is True
    tester.send(*hourly(*[5060] * 13, end=start + 13 * H, first_seq=20))
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised"]
    assert tester.findings() == [("welfare", "cleared", "settle"), ("welfare", "active", None)]


def test_more_silence_updates_the_one_finding_at_most_hourly(tester, elder, database):
    tester.send(*hourly(*QUIET, end=NOW - 5 * H))
    tester.sweep()
    for hour in range(1, 4):
        tester.send(*hourly(5000, end=NOW - 5 * H + hour * H, first_seq=20 + hour))
        tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised"]
    database.execute("UPDATE findings SET said_at = said_at - interval '1 hour'")
    tester.send(*hourly(5000, end=NOW, first_seq=30))
    tester.sweep()
    assert names(tester.said()) == ["FindingUpdated"]
    assert len(tester.findings()) == 1


def test_a_silent_meter_is_offline_and_no_concern(tester, elder, database):
    tester.send(*hourly(*QUIET)[:3], *hourly(*QUIET)[10:])
    tester.sweep()
    assert tester.said() == []
    database.execute("UPDATE meters SET heard_at = now() - interval '25 hours'")
    with tester.ledger.work() as work:
        note_silent_meters(work)
    assert database.execute("SELECT offline FROM meters").fetchall() == [(True,)]
    tester.send(*hourly(5000, end=NOW, first_seq=40))
    tester.sweep()
    assert database.execute("SELECT offline FROM meters").fetchall() == [(False,)]
    assert tester.findings() == [("offline", "cleared", "retract")]


def test_away_is_no_concern_and_takes_back_the_one_there_is(tester, elder):
    tester.send(*hourly(*QUIET, end=NOW - 2 * H))
    tester.sweep()
    tester.do(set_away, meters.SetAway, household=elder, until=(NOW + 24 * H).isoformat())
    tester.send(*hourly(5000, 5000, end=NOW, first_seq=20))
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised", "FindingRetracted"]


def test_hours_of_absence_do_not_count_after_coming_back(tester, elder):
    back = NOW - 20 * H
    tester.do(set_away, meters.SetAway, household=elder, until=back.isoformat())
    tester.send(*hourly(*QUIET, end=back + 11 * H))
    tester.sweep()
    assert tester.said() == []
    tester.send(*hourly(5000, 5000, end=back + 13 * H, first_seq=20))
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised"]


def test_only_who_lives_alone_is_watched(tester):
    household = tester.home(alone=False)
    tester.meter("W-1", household)
    tester.send(*hourly(*QUIET))
    tester.sweep()
    assert tester.said() == []
    with pytest.raises(NotLivingAlone):
        tester.do(set_welfare_rule, meters.SetWelfareRule, household=household)
    tester.home(alone=True)
    tester.sweep()  # the readings are there already
    assert names(tester.said()) == ["WelfareConcernRaised"]
    tester.home(alone=False)  # the daughter moved in
    assert names(tester.said()) == ["FindingRetracted"]


def test_news_of_a_household_may_come_in_any_order(tester, elder, database):
    tester.home(alone=False, at=NOW - timedelta(days=1))
    assert database.execute("SELECT lives_alone FROM households").fetchall() == [(True,)]


def test_a_person_may_have_figures_of_his_own(tester, elder):
    tester.do(set_welfare_rule, meters.SetWelfareRule, household=elder, threshold="0.05", hours=24)
    tester.send(*hourly(*[5000] * 24))
    tester.sweep()
    assert tester.said() == []
    tester.send(*hourly(*[5000] * 24, 5040, end=NOW + timedelta(minutes=5), first_seq=100))
    tester.sweep()
    ((name, finding),) = tester.said()
    assert name == "WelfareConcernRaised" and finding["evidence"]["threshold_m3"] == "0.05"


def test_a_rule_switched_off_takes_its_concern_back(tester, elder):
    tester.send(*hourly(*QUIET))
    tester.sweep()
    tester.do(set_welfare_rule, meters.SetWelfareRule, household=elder, active=False)
    assert names(tester.said()) == ["WelfareConcernRaised", "FindingRetracted"]


def test_the_closed_case_closes_the_finding_and_nobody_is_sent_twice_for_the_same_silence(tester, elder):
    start = NOW - 20 * H
    tester.send(*hourly(*QUIET, end=start))
    tester.sweep()
    ((_, raised),) = tester.said()
    for finder in ("cameras", "meters"):
        tester.do(
            close_finding, frontdesk.CaseClosed, case_no="20260301-0000017", matter="welfare-check", place=PLACE,
            status="closed", finding_id=raised["finding_id"], finder=finder, closed_at=NOW.isoformat(),
        )  # fmt: skip
    assert tester.findings() == [("welfare", "cleared", "close")]
    tester.send(*hourly(5000, 5000, end=start + 2 * H, first_seq=30))
    tester.sweep()
    assert tester.said() == []
    tester.send(*hourly(*[5000] * 11, end=start + 13 * H, first_seq=40))
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised"]


def test_water_that_never_stops_is_a_leak_and_an_hour_without_is_none(tester):
    tester.meter("W-1")
    tester.send(*hourly(*range(0, 50, 2)))
    tester.sweep()
    ((name, finding),) = tester.said()
    assert name == "LeakSuspected" and finding["device"] == "W-1" and finding["severity"] == 3
    # A late reading shows that one of those hours was without use.
    tester.send(hourly(*range(0, 50, 2))[11] | {"value": "0.020", "seq": 99})
    tester.sweep()
    assert names(tester.said()) == ["FindingRetracted"]


def test_the_valve_closed_settles_the_leak(tester):
    tester.meter("W-1")
    tester.send(*hourly(*range(0, 50, 2), end=NOW - H))
    tester.sweep()
    tester.send(*hourly(48, end=NOW, first_seq=30))
    tester.sweep()
    assert names(tester.said()) == ["LeakSuspected", "FindingUpdated"]
    assert tester.findings() == [("leak", "cleared", "settle")]


@pytest.mark.parametrize("kind, event", [("welfare", "WelfareConcernRaised"), ("leak", "LeakSuspected")])
def test_real_stretches_mean_one_thing_and_are_said_once(tester, elder, kind, event):
    stretch = demonstration_readings(kind, "W-1")
    for reading in stretch:  # as they would come, one by one
        tester.send(reading)
        tester.sweep()
    assert names(tester.said()) == [event]
    tester.send(*stretch)
    tester.sweep()
    assert tester.said() == []


def test_the_demonstrations_late_reading_retracts(tester, elder):
    stretch = demonstration_readings("welfare", "W-1")
    tester.send(*stretch)
    tester.sweep()
    tester.send(late_reading(stretch))
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised", "FindingRetracted"]


def test_old_data_replayed_are_judged_by_their_own_time(tester, elder):
    tester.send(*hourly(*QUIET, end=datetime(2016, 3, 2, 19, tzinfo=UTC)))
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised"]


def test_whoever_has_no_business_here_changes_nothing(tester, elder):
    stranger = Caller("s", "staff", "property", ({"role": "officer", "scope": PLACE},))
    elsewhere = Caller("e", "staff", "meters", ({"role": "officer", "scope": "110105001002"},))
    for caller in (stranger, elsewhere):
        with pytest.raises(NotYourMeters), tester.ledger.work(caller) as work:
            set_away(work, meters.SetAway.read({"household": elder, "until": None}))


def test_the_sweep_touches_nothing_when_nothing_was_touched(tester, elder, database):
    tester.send(*hourly(*QUIET))
    tester.sweep()
    assert database.execute("SELECT count(*) FROM touched").fetchone() == (0,)
    before = database.execute("SELECT heard_at FROM meters").fetchone()
    tester.sweep()
    assert database.execute("SELECT heard_at FROM meters").fetchone() == before
