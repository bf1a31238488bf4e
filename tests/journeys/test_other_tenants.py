"""What is somebody else's does not exist: another area's cases, tasks, meters, homes and cameras, and another device's topics."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demonstration import CONCENTRATOR, PLATFORM
from tests.journeys.test_bad_input import problem_of

ELSEWHERE, FAR = "110107003003", "110108004004"
"""Two other communities; in the second one something happens."""
LATER = (datetime.now(UTC) + timedelta(days=30)).isoformat()
ON_CASES = {
    "supplement": {},
    "urge": {"reason": "催"},
    "withdraw": {"reason": "撤"},
    "rating": {"stars": 1},
    "reopen": {"reason": "再办"},
    "supervise": {"level": 3, "reason": "督办"},
    "callback": {"reached": True, "resolved": False},
}
ON_TASKS = {
    "sign": {},
    "start": {},
    "finish": {"note": "好了"},
    "return": {"reason": "不是我们的"},
    "extend": {"until": LATER, "reason": "等料"},
    "supplement": {"items": ["身份证"]},
}
DECISIONS = {
    "decide-return": {"decision": "designated", "reason": "就是你们"},
    "decide-extension": {"granted": True, "reason": "可以"},
}


@pytest.fixture(scope="module")
def case(platform):
    """A case here, its task at property waiting in the tray."""
    case_no = platform.file(platform.repair())["case_no"]
    return case_no, platform.task("property", case_no, "property")["task_id"]


@pytest.fixture
def untouched(platform, case):
    """Nothing is half done: the history has not a line more."""
    before = platform.history(case[0])
    yield
    assert platform.history(case[0]) == before
    assert platform.task("property", case[0], "property")["status"] == "assigned"


@pytest.mark.parametrize("verb", ON_CASES)
@pytest.mark.parametrize("role", ["clerk", "supervisor"])
def test_no_verb_reaches_a_case_of_another_area(platform, case, untouched, verb, role):
    if (role, verb) == ("clerk", "supervise"):
        role = "admin"
    answer = platform.as_role(role, None, ELSEWHERE).send_order(
        f"/v1/cases/{case[0]}/{verb}", **ON_CASES[verb]
    )
    problem_of(answer, 404, "unknown-case")


def test_no_case_is_merged_with_one_of_another_area(platform, case, untouched):
    theirs = platform.as_role("clerk", None, FAR)
    application = platform.repair() | {"place": f"{FAR}001"}
    application["form"]["address"] = f"{FAR}001-2-1-302"
    filed = theirs.order("/v1/cases", **application)["case_no"]
    problem_of(theirs.send_order(f"/v1/cases/{case[0]}/merge", into=filed), 404, "unknown-case")
    problem_of(theirs.send_order(f"/v1/cases/{filed}/merge", into=case[0]), 404, "unknown-case")


@pytest.mark.parametrize("verb", DECISIONS)
def test_nobody_decides_on_a_task_of_another_area(platform, case, untouched, verb):
    theirs = platform.as_role("supervisor", None, ELSEWHERE)
    problem_of(theirs.send_order(f"/v1/tasks/{case[1]}/{verb}", **DECISIONS[verb]), 404, "unknown-case")


@pytest.mark.parametrize("verb", ON_TASKS)
@pytest.mark.parametrize(
    "department, scope",
    [("property", ELSEWHERE), ("party", "110105001001")],
    ids=["another area", "another office"],
)
def test_no_verb_reaches_a_task_of_another_tray(platform, case, untouched, verb, department, scope):
    officer = platform.as_role("manager", department, scope)
    answer = officer.send_order(f"/v1/tasks/{case[1]}/{verb}", **ON_TASKS[verb])
    assert problem_of(answer, answer.status_code)["slug"] in ("not-your-tray", "unknown-task")
    assert answer.status_code in (403, 404)
    problem_of(officer.get(f"/v1/tasks/{case[1]}"), 404, "unknown-task")


def test_another_holders_token_moves_nothing(platform, case, untouched):
    other = platform.file(platform.repair())
    holder = platform.anybody(**{"X-Tracking-Token": other["tracking_token"]})
    for verb in ("supplement", "urge", "withdraw", "rating"):
        problem_of(holder.send_order(f"/v1/cases/{case[0]}/{verb}", **ON_CASES[verb]), 404, "unknown-case")


@pytest.fixture(scope="module")
def here(platform):
    """Things of this community, by the name their path gives them."""
    home = platform.home()
    camera = f"{home['place'][:8]}01132{random.randint(1_000_000, 9_999_999)}"
    guard = platform.as_account("cameras")
    guard.order("/v1/cameras", camera=camera, name="车库", place=home["place"], address="车库", site="garage")
    order = platform.as_account("property").order(
        "/v1/repairs", place=home["place"], address="3号楼", category="light", description="灯不亮"
    )
    return {
        "household": home["household"], "meter": platform.new_meter(home), "camera": camera,
        "order_no": order["order_no"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "department, path",
    [
        ("meters", "/v1/meters/{meter}"),
        ("meters", "/v1/meters/{meter}/readings"),
        ("meters", "/v1/meters/accounts/{household}"),
        ("property", "/v1/property/households/{household}"),
        ("property", "/v1/property/households/{household}/fees"),
        ("property", "/v1/repairs/{order_no}"),
        ("street", "/v1/registry/households/{household}"),
        ("cameras", "/v1/cameras/{camera}"),
    ],
)
def test_what_lies_in_another_area_does_not_exist(platform, here, department, path):
    path = path.format_map(here)
    ours = platform.as_role("officer", department, "110105001001").get(path)
    assert ours.status_code == 200 or "accounts" in path, ours.text
    theirs = problem_of(platform.as_role("officer", department, ELSEWHERE).get(path), 404)
    assert theirs["slug"].startswith("unknown-")


@pytest.mark.parametrize(
    "department, path",
    [
        ("meters", "/v1/findings"),
        ("property", "/v1/repairs"),
        ("property", "/v1/property/arrears"),
        ("street", "/v1/registry/households"),
        ("street", "/v1/registry/buildings"),
        ("cameras", "/v1/cameras"),
        ("cameras", "/v1/alarms"),
        ("cameras", "/v1/viewings"),
        ("party", "/v1/party/members"),
        ("volunteers", "/v1/volunteers"),
    ],
)
def test_a_list_of_another_area_is_empty(platform, here, department, path):
    assert platform.as_role("manager", department, ELSEWHERE).ask(path)["items"] == []


# -- devices -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["readings", "alarms", "heartbeat"])
def test_a_device_does_not_speak_under_the_name_of_another(platform, word):
    assert not platform.publish(CONCENTRATOR, f"yikou/v1/{PLATFORM}/{word}", [])
    assert platform.publish(CONCENTRATOR, f"yikou/v1/{CONCENTRATOR}/{word}", [])


def test_a_device_hears_its_own_commands_and_nobody_elses(platform):
    assert platform.may_subscribe(CONCENTRATOR, f"yikou/v1/{CONCENTRATOR}/commands")
    for topic in (
        f"yikou/v1/{PLATFORM}/commands",
        f"yikou/v1/{CONCENTRATOR}/readings",
        "yikou/v1/+/commands",
        "#",
    ):
        assert not platform.may_subscribe(CONCENTRATOR, topic)
