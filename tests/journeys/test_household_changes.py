"""Rules.md §7, flow 16: moved, born, died → grid, meters, party relation and benefits are looked at again."""

import random

from deploy.demonstration import id_number

PAPER = {"reason": "家属持证申报", "evidence": [{"kind": "death-certificate", "number": "D-1"}]}


def recheck_case(platform, resident):
    """The case that the change became, once it stands in the front desk's list."""
    clerk = platform.as_account("clerk")

    def opened():
        due = [
            one
            for one in clerk.ask("/v1/registry/rechecks", limit=100)["items"]
            if one["resident_id"] == resident
        ]
        cases = clerk.ask("/v1/cases", matter="household-recheck", limit=100)["items"]
        return next(
            (case["case_no"] for case in cases for one in due if case.get("finding_id") == one["finding_id"]),
            None,
        )

    return platform.until(opened, "the recheck is a case")


def new_home(platform, clerk):
    building = clerk.ask("/v1/registry/buildings", place="110105001001")["items"][0]["code"]
    door = f"{random.randrange(10**7):08}"
    return clerk.order("/v1/registry/households", building=building, unit=8, door=door)["household"]


def test_flow_16_an_elder_who_lived_alone_has_died(platform):
    clerk = platform.as_account("clerk")
    home = new_home(platform, clerk)
    resident = clerk.order(
        "/v1/registry/residents", household=home, name="吴某", id_number=id_number(random.Random(), 80)
    )["resident_id"]
    watch = f"/v1/welfare/{home}/rule"
    meters = platform.as_account("meters")
    platform.until(
        lambda: meters.send_order(watch, active=True).status_code == 200, "meters watch over the elder"
    )

    refused = clerk.send_order(
        f"/v1/registry/residents/{resident}/death", died_on="2026-11-01", reason="邻居说",
        evidence=[{"kind": "statement"}],
    )  # fmt: skip
    assert refused.status_code == 422 and refused.json()["slug"] == "evidence-missing"
    day = clerk.ask(f"/v1/registry/residents/{resident}/history")["items"][0]["effective_on"]
    clerk.order(f"/v1/registry/residents/{resident}/death", died_on=day, **PAPER)

    # meters: nobody to watch over any more
    def no_longer():
        answer = meters.send_order(watch, active=True)
        return answer.json().get("slug") == "not-living-alone"

    platform.until(no_longer, "the welfare rule has ended")

    # grid and benefits: one case, a task each; no party task, he was no member
    case_no = recheck_case(platform, resident)
    street = platform.as_account("street")
    for unit, outcome in (("grid", {}), ("street", {"outcome": "adjusted"})):
        task = platform.task("street", case_no, unit)["task_id"]
        street.order(f"/v1/tasks/{task}/sign")
        street.order(f"/v1/tasks/{task}/finish", note="已核实", **outcome)
    face = platform.until_status(case_no, "closed")
    assert {lane["unit"] for lane in face["lanes"]} == {"grid", "street"}

    def done():
        found = clerk.ask("/v1/registry/rechecks", limit=100)["items"]
        return next((one for one in found if one["resident_id"] == resident and one["state"] == "done"), None)

    assert platform.until(done, "the registry knows the recheck is done")["case_no"] == case_no
    past = clerk.ask(f"/v1/registry/households/{home}/history")["items"]
    assert [line["kind"] for line in past] == ["died", "registered", "household-added"]


def test_flow_16_a_member_who_moves_has_his_relation_looked_at(platform):
    clerk = platform.as_account("clerk")
    old, new = new_home(platform, clerk), new_home(platform, clerk)
    person = {"name": "郑某", "id_number": id_number(random.Random(), 50), "is_party_member": True}
    resident = clerk.order(f"/v1/registry/households/{old}/move-in", residents=[person])["residents"][0]
    day = clerk.ask(f"/v1/registry/residents/{resident}/history")["items"][0]["effective_on"]
    clerk.order(
        f"/v1/registry/households/{new}/residents", residents=[{"resident_id": resident, "relation": "self"}],
        effective_on=day, reason="迁居", evidence=[{"kind": "lease"}],
    )  # fmt: skip
    case_no = recheck_case(platform, resident)
    assert platform.task("party", case_no, "party")
    assert clerk.ask(f"/v1/registry/households/{new}/on/{day}")["persons"] == 1


def test_a_resident_who_left_is_forgotten_and_every_office_answers_on_the_certificate(platform):
    clerk = platform.as_account("clerk")
    home = new_home(platform, clerk)
    resident = clerk.order(
        "/v1/registry/residents", household=home, name="吴某", id_number=id_number(random.Random(), 40)
    )["resident_id"]
    clerk.order(f"/v1/registry/residents/{resident}/move-out")
    made = clerk.order(
        f"/v1/registry/residents/{resident}/erasure",
        reason="本人申请",
        asked_by="self",
        identity_checked=True,
    )

    def complete():
        found = clerk.ask(f"/v1/registry/erasures/{made['certificate']}")
        return found if found["state"] == "complete" else None

    found = platform.until(complete, "every office has answered")
    assert {one["office"] for one in found["answers"]} == {
        "registry", "meters", "property", "cameras", "party", "volunteers", "frontdesk",
    }  # fmt: skip
    assert all(line["rule_zh"] for one in found["answers"] for line in one["kept"])


def test_a_file_goes_in_with_a_report_and_comes_out_masked(platform):
    supervisor = platform.as_role("supervisor")
    home = new_home(platform, platform.as_account("clerk"))
    number = id_number(random.Random(), 40)
    content = f"住户编码,姓名,身份证号,电话\n{home},=吴某,{number},13500000000\n{home},,,\n".encode("gb18030")
    taken = supervisor.post(
        "/v1/registry/imports", params={"kind": "residents", "place": "110105001001"},
        files={"file": ("名单.csv", content, "text/csv")},
    )  # fmt: skip
    assert taken.status_code == 201, taken.text
    where = f"/v1/registry/imports/{taken.json()['import_id']}"

    def state(wanted):
        return platform.until(
            lambda: found if (found := supervisor.ask(where))["state"] == wanted else None,
            f"the import is {wanted}",
        )

    assert (state("checked")["rows"], state("checked")["faulty"]) == (2, 1)
    (line,) = supervisor.ask(f"{where}/rows")["items"]
    assert line["line"] == 3 and line["faults"][0]["fix_zh"]
    supervisor.order(f"{where}/apply", how="portions", reason="补登")
    assert state("applied")["done"] == 1
    given = supervisor.send_order("/v1/registry/exports", kind="residents", place=home[:15], format="csv")
    assert given.status_code == 200 and number not in given.text and "身份证号" in given.text
    newest = supervisor.ask("/v1/registry/changes", after=0, limit=1)["newest"]
    feed = supervisor.ask("/v1/registry/changes", after=max(newest - 200, 0), limit=200)["items"]
    assert "imported" in {one["kind"] for one in feed if one["household"] == home}
