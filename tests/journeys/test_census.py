"""A census from the plan to the published counts, through the door; and everybody else before the shut door."""

import re
import uuid

import pytest

from gateway.routes import TABLE
from services.contracts.identity import ROLES
from services.contracts.roles import MAY
from tests.journeys.conftest import PLACE

ROWS = [row for row in TABLE if row.path.startswith("/v1/census/")]
SHUT = [row for row in ROWS if MAY[row.asks]]
OWN = ("enumerator", "census-leader")
WEST, SOUTH, STEP = 116.30, 39.80, 0.001
SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[WEST + x * STEP, SOUTH + y * STEP] for x, y in ((0, 0), (4, 0), (4, 4), (0, 4), (0, 0))]
    ],
}
NAME = "公某某"


@pytest.fixture(scope="module")
def town(platform):
    """The leader's account and the enumerator's, a census of one block and one household in it."""
    leader, enumerator = platform.as_account("census"), platform.as_account("enumerator")
    made = leader.order(
        "/v1/census/censuses", name="试点", place=PLACE, reference_at="2020-11-01T00:00:00+08:00", area=SQUARE
    )
    at = f"/v1/census/censuses/{made['census_id']}"
    rows = [f"B{n},{n}号楼,{WEST + (n + 0.5) * STEP},{SOUTH + 2 * STEP},100" for n in range(3)]
    listed = "\n".join(["building,address,longitude,latitude,persons", *rows])
    assert leader.order(f"{at}/buildings", csv=listed)["buildings"] == 3
    assert leader.order(f"{at}/draw")["blocks"] == 1
    leader.order(f"{at}/blocks/1/assign", enumerator="enumerator")
    leader.order(f"{at}/move", to="enumerating")
    home = enumerator.order(f"{at}/blocks/1/households", households=[{"building": "B1", "door": "101"}])
    return leader, enumerator, at, home["households"][0]["household_id"]


def filled(row, census_id, household_id):
    told = {
        "census_id": census_id,
        "household_id": household_id,
        "form": "short",
        "block": "1",
        "keying_id": "none",
    }
    return row.path.format_map(told)


@pytest.mark.parametrize("row", SHUT, ids=[f"{row.method} {row.path}" for row in SHUT])
def test_article_33_nobody_else_is_let_in_the_administrator_neither(platform, town, row):
    """Every other role, for the whole country, on a census and a household that exist."""
    _, _, at, household = town
    path = filled(row, at.rpartition("/")[2], household)
    for role in ROLES:
        if role in OWN:
            continue
        who = platform.as_role(role, "census", "")
        answer = who.get(path) if row.method == "GET" else who.send_order(path)
        assert (answer.status_code, answer.json()["slug"]) == (403, "role-missing"), role
    stranger = platform.anybody()
    answer = stranger.get(path) if row.method == "GET" else stranger.post(path, json={})
    assert answer.status_code == 401
    assert platform.as_device().request(row.method, path, json={}).status_code == 403


@pytest.mark.parametrize("row", [row for row in TABLE if row.asks and MAY[row.asks] and row not in SHUT],
                         ids=lambda row: f"{row.method} {row.path}")  # fmt: skip
def test_who_works_in_the_census_sees_nothing_else(platform, row):
    path = re.sub(r"{(\w+)(:path)?}", "none", row.path)
    for role in OWN:
        who = platform.as_role(role, "census", "")
        answer = who.get(path) if row.method == "GET" else who.send_order(path)
        assert (answer.status_code, answer.json()["slug"]) == (403, "role-missing"), role


def test_from_the_first_question_to_the_published_counts(platform, town):
    leader, enumerator, at, household = town
    form = f"/v1/census/households/{household}/forms/short"
    told = {
        "household": {"dwelling": "ordinary", "rooms": 2, "area": 60, "births": 0, "deaths": 0},
        "persons": [
            {"name": NAME, "relation": "head", "sex": "male", "birth_date": "1980-05-01", "ethnicity": "01",
             "presence": "here", "registration": "here", "education": "senior"}
        ],
    }  # fmt: skip
    assert enumerator.order(form, answers=told)["faults"] == []
    read = enumerator.order(f"{form}/read-back")
    assert any(NAME in line["zh"] for line in read["lines"])
    after = enumerator.order(f"{form}/confirm", version=read["version"], person=1)
    if "long" in after["forms_due"]:
        more = {
            "household": {"storeys": 6, "built": "1990s", "kitchen": "own", "water": "yes", "toilet": "own",
                          "tenure": "bought"},
            "persons": [{"birthplace": "here", "five_years_ago": "here", "insurance": "employee",
                         "marriage": "single", "worked": "no", "idle_because": "home"}],
        }  # fmt: skip
        long = form.replace("short", "long")
        enumerator.order(long, answers=more)
        version = enumerator.order(f"{long}/read-back")["version"]
        enumerator.order(f"{long}/confirm", version=version, person=1)
    assert enumerator.ask(form)["answers"] == told
    look = {"what": "census.get_questionnaire", "account": "enumerator"}
    noted = platform.as_role("auditor", None, "").ask("/v1/accesses", account="enumerator", limit=50)["items"]
    assert any(look.items() <= line.items() and household in line["target"] for line in noted)
    assert NAME not in str(noted)
    total = leader.ask(f"{at}/progress")["total"]
    assert (total["households"], total["confirmed"]) == (1, 1)

    leader.order(f"{at}/move", to="checking")
    second = platform.as_role("enumerator", "census", PLACE)
    account = "enumerator-census-" + PLACE
    for keying in leader.ask(f"{at}/keyings")["items"]:
        key = f"/v1/census/keyings/{keying['keying_id']}"
        leader.order(f"{key}/assign", keyer=account)
        second.order(f"{key}/answers", answers=told if keying["form"] == "short" else more)
    assert leader.ask(f"{at}/quality")["differences"] == 0
    public = platform.anybody()
    assert public.get(f"{at}/publication").json()["slug"] == "unknown-publication"
    assert "seed" in leader.order(f"{at}/move", to="closed")
    leader.order(f"{at}/move", to="published")
    counts = public.get(f"{at}/publication")
    assert counts.status_code == 200 and NAME not in counts.text
    assert counts.json()["persons"] is None  # one person: less than three


def test_the_demonstrations_census_has_something_to_show(platform):
    leader = platform.as_account("census")
    (shown,) = [one for one in leader.ask("/v1/census/censuses")["items"] if "演示" in one["name"]]
    at = f"/v1/census/censuses/{shown['census_id']}"
    blocks = leader.ask(f"{at}/blocks")["items"]
    assert sum(len(block["buildings"]) for block in blocks) == 30 and len(blocks) == 10
    assert all(block["in_bounds"] and block["pieces"] == 1 for block in blocks)
    progress = leader.ask(f"{at}/progress")
    assert progress["total"]["households"] == 1200 and progress["total"]["confirmed"] > 400
    own = platform.as_account("enumerator").ask(f"{at}/blocks")["items"]
    assert 0 < len(own) < len(blocks) and {one["enumerator"] for one in own} == {"enumerator"}
    homes = platform.as_account("enumerator").ask(f"{at}/households", state="confirmed", limit=1)["items"]
    assert uuid.UUID(homes[0]["household_id"])
