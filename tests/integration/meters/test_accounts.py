"""Accounts at moving in, the register of meters, and what screens see of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.chassis.identifiers import Caller
from services.contracts import meters, tasks
from services.meters import handlers, views
from services.meters.model import MeterOfAnotherKind, UnknownHousehold, UnknownMeter
from tests.integration.meters.surroundings import PLACE, hourly

HOME = f"{PLACE}-3-1-502"
FORM = {"address": HOME, "water_reading": 12.5, "electricity_reading": 1034, "gas_reading": 88}
NOW = datetime.now(UTC)


def assign(tester, form, case="20260301-0000017", matter="moving-in", manual=False):
    facts = {
        "task_id": f"{case}.meters", "case_no": case, "unit": "meters", "matter": matter, "matter_version": 1,
        "step": "open-accounts", "title_zh": "水电气开户", "title_en": "Accounts", "place": PLACE,
        "applicant": {"name": "张三"}, "form": form, "manual": manual,
        "assigned_at": NOW.isoformat(), "due_at": (NOW + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    tester.do(handlers.EVENTS[tasks.TaskAssigned], tasks.TaskAssigned, **facts)
    return facts["task_id"]


def ask(tester, query, caller=None, **facts):
    contract = getattr(meters, query)
    with tester.ledger.read(*([caller] if caller else [])) as read:
        return views.QUERIES[contract](read, contract.read(facts))


def accounts(tester, status="open"):
    found = ask(tester, "GetAccount", household=HOME)["accounts"]
    return {row["kind"]: row["opening_reading"] for row in found if row["status"] == status}


def test_moving_in_opens_the_accounts_and_finishes_the_task(tester):
    assign(tester, FORM)
    said = dict(tester.said())
    assert list(said) == ["TaskSigned", "TaskFinished"] and said["TaskFinished"]["officer"] == "rule"
    opened = said["TaskFinished"]["result"]["accounts"]
    assert [(row["kind"], row["meter"], row["opening_reading"]) for row in opened] == [
        ("water", f"W-{HOME}", "12.5"), ("electricity", f"E-{HOME}", "1034"), ("gas", f"G-{HOME}", "88"),
    ]  # fmt: skip
    assert accounts(tester) == {"water": "12.5", "electricity": "1034", "gas": "88"}
    assert ask(tester, "GetMeter", meter=f"W-{HOME}")["household"] == HOME


def test_a_home_without_gas_gets_two_accounts(tester):
    assign(tester, {name: value for name, value in FORM.items() if name != "gas_reading"})
    assert accounts(tester).keys() == {"water", "electricity"}


@pytest.mark.parametrize(
    "wrong",
    [{"water_reading": None}, {"electricity_reading": "NaN"}, {"water_reading": -1}, {"address": PLACE}],
)
def test_what_the_rule_cannot_know_is_left_to_a_person(tester, wrong):
    assign(tester, FORM | wrong)
    assert tester.said() == []


@pytest.mark.parametrize("matter, manual", [("meter-transfer", False), ("moving-in", True)])
def test_a_transfer_is_for_a_person(tester, matter, manual):
    assign(tester, FORM, matter=matter, manual=manual)
    assert tester.said() == []


def test_the_next_family_takes_over_at_its_own_reading_and_a_withdrawal_gives_it_back(tester):
    assign(tester, FORM)
    task = assign(tester, FORM | {"water_reading": 20}, case="20260302-0000016")
    assert accounts(tester)["water"] == "20" and accounts(tester, "closed")["water"] == "12.5"
    tester.said()
    tester.do(handlers.EVENTS[tasks.TaskWithdrawn], tasks.TaskWithdrawn, task_id=task, reason="withdrawn")
    ((name, stood_down),) = tester.said()
    assert name == "TaskStoodDown" and len(stood_down["undone"]) == 6
    assert accounts(tester) == {"water": "12.5", "electricity": "1034", "gas": "88"}
    assert accounts(tester, "closed") == {}


def test_the_demonstration_is_loaded_once_however_often(tester):
    elder = tester.home(HOME)
    homes = [f"{PLACE}-3-1-{door}" for door in range(100, 110)]
    first = tester.do(
        handlers.load_demonstration, meters.LoadDemonstration, seed=1, households=homes, elders=[elder]
    )
    again = tester.do(
        handlers.load_demonstration, meters.LoadDemonstration, seed=1, households=homes, elders=[elder]
    )
    assert first == {"meters": 73, "new": 73, "elder_meter": "W-REAL-01"} and again["new"] == 0
    assert ask(tester, "GetMeter", meter="W-REAL-01")["household"] == elder
    found = ask(tester, "GetAccount", household=elder)
    assert {row["kind"]: row["meter"] for row in found["accounts"]}["water"] == "W-REAL-01"
    assert found["welfare"]["active"] is True


def test_readings_come_in_pages_from_start_to_end(tester):
    tester.meter("W-1")
    readings = hourly(*range(10))
    tester.send(*readings)
    sent = [each["at"] for each in readings]
    first = ask(tester, "ListReadings", meter="W-1", start=sent[2], end=sent[9], limit=5)
    rest = ask(tester, "ListReadings", meter="W-1", start=sent[2], end=sent[9], limit=5, cursor=first["next"])
    assert [row["value"] for row in first["items"] + rest["items"]] == [f"0.00{i}" for i in range(2, 9)]
    assert rest["next"] is None
    newest = ask(tester, "GetMeter", meter="W-1")["newest"]
    assert (newest["value"], newest["unit"]) == ("0.009", "m3")


def test_what_is_outside_the_callers_area_does_not_exist_for_him(tester):
    tester.meter("W-1", tester.home())
    tester.send(*hourly(*[5000] * 13))
    tester.sweep()
    here = Caller("a", "staff", "meters", ({"role": "officer", "scope": PLACE[:12]},))
    there = Caller("b", "staff", "meters", ({"role": "officer", "scope": "110105001002"},))
    assert len(ask(tester, "ListFindings", here, state="active", kind="welfare")["items"]) == 1
    assert ask(tester, "ListFindings", there)["items"] == []
    with pytest.raises(UnknownMeter):
        ask(tester, "GetMeter", there, meter="W-1")
    with pytest.raises(UnknownMeter):
        ask(tester, "ListReadings", Caller("p", "public"), meter="W-1")


@pytest.mark.parametrize(
    "department, role",
    [
        ("party", "officer"),
        ("property", "manager"),
        ("property", "company"),
        (None, "terminal"),
        (None, "device"),
    ],
)
def test_a_homes_water_is_no_other_departments_business(tester, department, role):
    home = tester.home()
    tester.meter("W-1", home)
    tester.send(*hourly(*[5000] * 13))
    tester.sweep()
    stranger = Caller("s", "staff", department, ({"role": role, "scope": PLACE[:12]},))
    assert ask(tester, "ListFindings", stranger)["items"] == []
    for query in ("GetMeter", "ListReadings"):
        with pytest.raises(UnknownMeter):
            ask(tester, query, stranger, meter="W-1")
    with pytest.raises(UnknownHousehold):
        ask(tester, "GetAccount", stranger, household=home)


def test_a_meter_keeps_its_kind(tester):
    tester.meter("W-1")
    with pytest.raises(MeterOfAnotherKind):
        tester.do(handlers.register_meter, meters.RegisterMeter, meter="W-1", kind="gas", place=PLACE)


def test_somebody_sees_a_finding_and_acts(tester, database):
    tester.meter("W-1", tester.home())
    tester.send(*hourly(*[5000] * 13))
    tester.sweep()
    (finding,) = ask(tester, "ListFindings")["items"]
    facts = {"finding_id": finding["finding_id"]}
    first = tester.do(handlers.acknowledge_finding, meters.AcknowledgeFinding, **facts)
    assert tester.do(handlers.acknowledge_finding, meters.AcknowledgeFinding, **facts) == first
    (after,) = ask(tester, "ListFindings")["items"]
    assert after["state"] == "active" and after["acknowledged_by"] == "system"


def test_strays_and_quarantine_are_forgotten_in_time(tester, database):
    tester.send(*hourly(*range(3)), {"value": "x"})
    database.execute("UPDATE strays SET received_at = now() - interval '31 days'")
    database.execute("UPDATE quarantine SET at = now() - interval '91 days'")
    with tester.ledger.work() as work:
        handlers.forget_strays(work)
    assert database.execute(
        "SELECT (SELECT count(*) FROM strays) + (SELECT count(*) FROM quarantine)"
    ).fetchone() == (0,)


def test_migrations_and_tables_agree(parts):
    from services.chassis.migrate import differences

    assert differences("meters") == []


def test_values_are_exact(tester, database):
    tester.meter("W-1")
    tester.send(hourly(0)[0] | {"value": 1234567.891, "unit": "L"})
    assert database.execute("SELECT value FROM readings").fetchone() == (Decimal("1234.567891"),)


def test_meters_are_listed_with_their_newest_reading_and_whether_they_are_heard(tester, database):
    tester.meter("W-2")
    tester.meter("W-1")
    tester.send(*hourly(1000, 1500))
    tester.sweep()
    database.execute("INSERT INTO meters (meter, kind, unit, register, digits, place, household, registered_at, heard_at, offline) SELECT 'E-1', 'electricity', 'kWh', 'total', 6, place, NULL, now(), now(), true"
                     " FROM meters WHERE meter = 'W-1'")  # fmt: skip

    def listed(**facts):
        return [(row["meter"], row["status"]) for row in ask(tester, "ListMeters", **facts)["items"]]

    assert listed() == [("E-1", "offline"), ("W-1", "online"), ("W-2", "new")]
    assert listed(status="new") == [("W-2", "new")] and listed(kind="electricity") == [("E-1", "offline")]
    rows = ask(tester, "ListMeters")["items"]
    assert [row["newest"] and row["newest"]["value"] for row in rows] == [None, "1.5", None]
    first = ask(tester, "ListMeters", limit=2)
    assert [row["meter"] for row in ask(tester, "ListMeters", limit=2, cursor=first["next"])["items"]] == [
        "W-2"
    ]
    assert listed(place="110105002") == []
