"""A family moves in with one form."""

import re
import uuid

import pytest

LANES = {"property", "meters", "cameras", "party", "volunteers"}


@pytest.fixture(scope="module")
def moved_in(platform):
    """(application, receipt, the closed case)"""
    application = platform.family()
    receipt = platform.file(application)
    return application, receipt, platform.until_status(receipt["case_no"], "closed")


def test_one_form_five_lanes_and_the_case_closes_by_itself(platform, moved_in):
    _, receipt, case = moved_in
    assert {lane["unit"] for lane in case["lanes"]} == LANES
    assert {lane["status"] for lane in case["lanes"]} == {"done"}
    assert case["closed_at"] and receipt["due_at"] == case["due_at"]


def test_the_receipt_says_where_the_case_is(platform):
    answer = platform.as_account("terminal").send_order("/v1/cases", **platform.family())
    assert answer.status_code == 202
    receipt = answer.json()
    assert answer.headers["location"] == f"/v1/cases/{receipt['case_no']}"
    assert {task["unit"] for task in receipt["tasks"]} == LANES
    assert receipt["status"] == "dispatched"


def test_the_history_counts_from_one_without_gaps_and_is_never_edited(platform):
    receipt = platform.file(platform.repair())
    early = platform.history(receipt["case_no"])
    task = platform.task("property", receipt["case_no"], "property")["task_id"]
    platform.as_account("property").order(f"/v1/tasks/{task}/sign")
    platform.until_noted(receipt["case_no"], "signed")
    platform.as_account("property").order(f"/v1/tasks/{task}/finish", note="已修好")
    platform.until_status(receipt["case_no"], "closed")
    late = platform.history(receipt["case_no"])
    assert [line["seq"] for line in late] == list(range(1, len(late) + 1))
    assert late[: len(early)] == early
    assert [line["kind"] for line in late] == ["filed", "assigned", "signed", "finished", "closed"]


def test_only_who_ticked_gets_a_party_or_a_volunteers_lane(platform):
    application = platform.family()
    for member in application["form"]["members"]:
        member |= {"is_party_member": False, "wants_to_volunteer": False}
    del application["form"]["party_branch_previous"]
    case = platform.until_status(platform.file(application)["case_no"], "closed")
    assert {lane["unit"] for lane in case["lanes"]} == LANES - {"party", "volunteers"}


@pytest.mark.parametrize(
    "lang, words", [("zh", ("已完成", "水电气")), ("en", ("Done", "Water, electricity and gas"))]
)
def test_the_progress_page_shows_lanes_without_personal_data_or_javascript(platform, moved_in, lang, words):
    application, receipt, _ = moved_in
    answer = platform.anybody().get(f"/p/{receipt['tracking_token']}", params={"lang": lang})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    page = answer.text
    assert page.count("<li") == len(LANES) and receipt["case_no"] in page
    for word in words:
        assert word in page
    assert "<script" not in page.lower() and not re.search(r"\son\w+=", page) and "javascript:" not in page
    personal = [application["form"]["address"], application["form"]["property_right_no"]]
    for member in application["form"]["members"]:
        personal += [member["name"], member["id_number"], member.get("phone") or member["id_number"]]
    assert not [value for value in personal if value in page]
    assert "no-store" in answer.headers["cache-control"]


def test_an_invented_link_shows_nothing(platform):
    answer = platform.anybody(accept="text/html").get(f"/p/{uuid.uuid4().hex}")
    assert answer.status_code == 404 and "链接无效" in answer.text


def test_the_stream_of_a_case_resumes_without_gap_or_double(platform):
    case_no = platform.file(platform.family())["case_no"]
    seen = []
    with platform.events(case_no) as frames:
        for number, line in frames:
            assert line["seq"] == number
            seen.append(number)
            if len(seen) == 3:
                break  # the connection is cut in the middle
    while True:
        with platform.events(case_no, after=seen[-1]) as frames:
            number, line = next(frames)
            seen.append(number)
            if line["kind"] == "closed":
                break
    assert seen == list(range(1, len(seen) + 1))
    assert seen == [line["seq"] for line in platform.history(case_no)]


def test_the_same_key_is_the_same_case_and_another_body_is_refused(platform):
    terminal, application, key = platform.as_account("terminal"), platform.family(), str(uuid.uuid4())
    first = terminal.send_order("/v1/cases", key, **application)
    again = terminal.send_order("/v1/cases", key, **application)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    other = application | {"form": application["form"] | {"water_reading": 4}}
    refused = terminal.send_order("/v1/cases", key, **other)
    assert refused.status_code == 422 and refused.json()["slug"] == "idempotency-key-reused"
    missing = terminal.post("/v1/cases", json=application)
    assert missing.status_code == 400 and missing.json()["slug"] == "idempotency-key-missing"


def test_who_withdraws_gets_everything_undone(platform):
    # The family lives elsewhere in the community, from an earlier case.
    earlier = platform.family()
    old = earlier["form"]["address"]
    platform.until_status(platform.file(earlier)["case_no"], "closed")
    clerk = platform.as_account("clerk")

    def living_in(home):
        found = clerk.get(f"/v1/registry/households/{home}")
        return found.json()["persons"] if found.status_code == 200 else 0

    platform.until(lambda: living_in(old) == 4, "the registry has the family in its old home")

    application = platform.family()
    application["form"]["members"] = earlier["form"]["members"]
    application["applicant"] = dict(earlier["applicant"])
    # A minor who applies for himself and wants to volunteer has no guardian: a person at volunteers has to look, while
    # the other four departments act by themselves.
    child = application["form"]["members"][2]
    child["wants_to_volunteer"], application["applicant"]["id_number"] = True, child["id_number"]
    receipt = platform.file(application)
    case_no, home = receipt["case_no"], application["form"]["address"]

    def four_are_done():
        lanes = platform.case(case_no)["lanes"]
        return {lane["unit"] for lane in lanes if lane["status"] == "done"} == LANES - {"volunteers"}

    platform.until(four_are_done, "four departments have done their part")
    results = {lane["unit"]: lane["result"] for lane in platform.case(case_no)["lanes"]}
    household = results["property"]["household"]
    file, accounts = f"/v1/property/households/{household}", f"/v1/meters/accounts/{home}"
    property_, meters = platform.as_account("property"), platform.as_account("meters")
    assert property_.ask(file)["state"] == "open"
    assert {one["status"] for one in meters.ask(accounts)["accounts"]} == {"open"}
    platform.until(lambda: living_in(home) == 4, "the registry has the family in its new home")
    assert living_in(old) == 0

    holder = platform.anybody(**{"X-Tracking-Token": receipt["tracking_token"]})
    assert holder.order(f"/v1/cases/{case_no}/withdraw", reason="不搬了")["status"] == "withdrawn"
    platform.until(lambda: property_.ask(file)["state"] == "closed", "the property file is closed")
    platform.until(
        lambda: (living_in(home), living_in(old)) == (0, 4), "the family lives where it lived before"
    )

    def no_account_is_open():
        found = meters.get(accounts)  # what had just been opened is taken back, and nobody else lived there
        return found.status_code == 404 or "open" not in {one["status"] for one in found.json()["accounts"]}

    platform.until(no_account_is_open, "water, electricity and gas accounts are closed")

    def all_stood_down():
        return {line["unit"] for line in platform.history(case_no) if line["kind"] == "stood-down"} == LANES

    platform.until(all_stood_down, "every department has stood down")
    again = holder.send_order(f"/v1/cases/{case_no}/withdraw", reason="再撤一次")
    assert again.status_code == 409 and again.json()["slug"] == "case-not-open-to-this"
