"""OGC SensorThings 1.1, to read: the paths and options that tools use."""

from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from services.chassis.errors import Invalid
from services.chassis.identifiers import Caller
from services.meters.sensorthings import NoSuchResource, read_sensor_things
from tests.integration.meters.surroundings import PLACE, hourly

ROOT = "http://hall.test/sta/v1.1"
END = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sta(tester):
    for meter in ("W-1", "W-2", "W'3"):
        tester.meter(meter)
    tester.send(*hourly(1000, 1010, 1030, 1060, 1100, end=END), *hourly(5000, 5001, meter="W-2", end=END))

    def get(path, caller=None, **options):
        given = dict.fromkeys(("filter", "orderby", "top", "skip", "count", "select", "expand")) | options
        with tester.ledger.read() as read:
            read.caller = caller or Caller("o", "staff", "meters", ({"role": "officer", "scope": PLACE},))
            return read_sensor_things(read, SimpleNamespace(root=ROOT, path=path, **given))

    return get


def results(answer):
    return [one["result"] for one in answer["value"]]


def test_the_root_names_the_collections(sta):
    assert {"name": "Things", "url": f"{ROOT}/Things"} in sta("")["value"]


def test_a_meter_is_a_thing_and_its_register_a_datastream(sta):
    thing = sta("Things('W-1')")
    assert thing["@iot.id"] == "W-1" and thing["@iot.selfLink"] == f"{ROOT}/Things('W-1')"
    assert thing["Datastreams@iot.navigationLink"] == f"{ROOT}/Things('W-1')/Datastreams"
    (stream,) = sta("Things('W-1')/Datastreams")["value"]
    assert stream["@iot.id"] == "W-1:total" and stream["unitOfMeasurement"]["symbol"] == "m³"
    assert sta("Datastreams('W-1:total')/Thing")["@iot.id"] == "W-1"
    assert sta("Datastreams('W-1:total')/Sensor")["@iot.id"] == "water"


def test_every_link_leads_somewhere(sta):
    seen, waiting = set(), [f"{ROOT}/{one['name']}" for one in sta("")["value"]]
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        answer = sta(unquote(url.removeprefix(ROOT)))
        for one in answer.get("value", [answer]):
            waiting += [value for name, value in one.items() if name.endswith("Link")]
    assert any("W%27%273" in url for url in seen), "a quote in an id is doubled and escaped"
    assert len(seen) > 30


def test_readings_are_observations_in_the_order_of_time(sta):
    answer = sta("Datastreams('W-1:total')/Observations")
    assert results(answer) == [1.0, 1.01, 1.03, 1.06, 1.1]
    last = answer["value"][-1]
    assert last["phenomenonTime"].startswith("2026-03-01T12:00:00") and last["parameters"]["exact"] == "1.1"
    assert sta(f"Observations('{last['@iot.id']}')") == last
    assert sta(f"Observations('{last['@iot.id']}')/Datastream")["@iot.id"] == "W-1:total"


@pytest.mark.parametrize(
    "condition, expected",
    [
        ("result gt 1.02", [1.03, 1.06, 1.1]),
        ("result gt 1.02 and result lt 1.1", [1.03, 1.06]),
        ("result eq 1 or result eq 1.1", [1.0, 1.1]),
        ("not (result lt 1.1)", [1.1]),
        ("phenomenonTime ge 2026-03-01T11:00:00Z", [1.06, 1.1]),
        ("phenomenonTime lt 2026-03-01T17:00:00+08:00", [1.0]),
        ("phenomenonTime ge 2030-01-01T00:00:00Z", []),
    ],
)
def test_filter(sta, condition, expected):
    assert results(sta("Datastreams('W-1:total')/Observations", filter=condition)) == expected


def test_filter_of_things_by_properties(sta):
    found = sta("Things", filter=f"properties/kind eq 'water' and startswith(properties/place,'{PLACE[:9]}')")
    assert [one["@iot.id"] for one in found["value"]] == ["W'3", "W-1", "W-2"]
    assert sta("Things", filter="id eq 'W''3'")["value"][0]["name"] == "W'3"


def test_order_top_skip_count_and_select(sta):
    answer = sta(
        "Datastreams('W-1:total')/Observations", orderby="phenomenonTime desc", top="2", skip="1", count="true",
        select="result",
    )  # fmt: skip
    assert answer["@iot.count"] == 5
    assert answer["value"] == [{"result": 1.06}, {"result": 1.03}]


def test_pages_follow_each_other_without_gap_or_overlap(sta):
    url, seen = f"{ROOT}/Datastreams('W-1:total')/Observations?$top=2", []
    while url:
        parts = urlsplit(url)
        options = {name.lstrip("$"): values[0] for name, values in parse_qs(parts.query).items()}
        answer = sta(unquote(parts.path.removeprefix("/sta/v1.1")), **options)
        seen += results(answer)
        url = answer.get("@iot.nextLink")
    assert seen == [1.0, 1.01, 1.03, 1.06, 1.1]


@pytest.mark.parametrize(
    "expand",
    [
        "Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc;$select=result))",
        "Datastreams($select=name;$expand=Observations($top=1;$orderby=phenomenonTime desc),Sensor)",
    ],
)
def test_expand_with_options_of_its_own(sta, expand):
    (thing,) = sta("Things", filter="id eq 'W-1'", expand=expand)["value"]
    (stream,) = thing["Datastreams"]
    assert [one["result"] for one in stream["Observations"]] == [1.1]
    assert "Datastreams@iot.navigationLink" not in thing


def test_expand_in_the_short_form(sta):
    (thing,) = sta("Things", filter="id eq 'W-2'", expand="Datastreams/Observations")["value"]
    assert results({"value": thing["Datastreams"][0]["Observations"]}) == [5.0, 5.001]


@pytest.mark.parametrize(
    "path",
    ["Nothing", "Things('none')", "Things('W-1')/Observations", "Things/Datastreams", "Things('W-1", "Things()",
     "Observations('x')", "Observations('W-1:total:9:1')", "Observations('W-1:total:99999999999999999999999:1')",
     "Datastreams('W-1')", "../v1/meters"],
)  # fmt: skip
def test_what_is_not_there(sta, path):
    with pytest.raises(NoSuchResource):
        sta(path)


@pytest.mark.parametrize(
    "options",
    [{"filter": "result gt"}, {"filter": "secret eq 1"}, {"filter": "phenomenonTime gt 'soon'"},
     {"filter": "year(result) eq 2"}, {"filter": "nosuch(result)"}, {"filter": "'"}, {"filter": "result"},
     {"orderby": "secret"}, {"orderby": "result up"}, {"top": "-1"}, {"skip": "x"}, {"expand": "Secret"},
     {"expand": "Datastream($top=1"}, {"expand": "Datastream/Observations/Datastream/Observations"}],
    ids=str,
)  # fmt: skip
def test_options_that_make_no_sense_are_said_so(sta, options):
    with pytest.raises(Invalid):
        sta("Datastreams('W-1:total')/Observations", **options)


def test_all_observations_have_the_order_of_their_key_only(sta):
    assert results(sta("Observations", top="3")) == [1.0, 1.01, 1.03]
    with pytest.raises(Invalid):
        sta("Observations", orderby="phenomenonTime desc")


def test_what_is_outside_the_callers_areas_does_not_exist(sta):
    elsewhere = Caller("e", "staff", "meters", ({"role": "officer", "scope": "110105001002"},))
    for path in ("Things", "Datastreams", "Observations"):
        assert sta(path, elsewhere)["value"] == []
    for path in ("Things('W-1')", "Datastreams('W-1:total')", "Datastreams('W-1:total')/Observations"):
        with pytest.raises(NoSuchResource):
            sta(path, elsewhere)


def test_one_datastream_is_read_by_its_index(tester, sta):
    """However much is stored beside it."""
    with tester.ledger.read() as read:
        read.caller = Caller("o", "staff", "meters", ({"role": "officer", "scope": PLACE},))
        asked = dict.fromkeys(("filter", "orderby", "top", "skip", "count", "select", "expand"))
        statements = []
        real = read.connection.execute
        read.connection.execute = lambda statement, *more: (
            statements.append(statement),
            real(statement, *more),
        )[1]
        read_sensor_things(
            read, SimpleNamespace(root=ROOT, path="Datastreams('W-1:total')/Observations", **asked)
        )
        real(text("SET enable_seqscan = off"))  # seven rows would be read whole
        plan = real(_explained(statements[-1])).scalars().all()
    assert any("Index" in line for line in plan) and not any(
        "Seq Scan on readings" in line for line in plan
    ), plan


def _explained(statement):
    sql = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    return text(f"EXPLAIN {str(sql).replace(':', chr(92) + ':')}")
