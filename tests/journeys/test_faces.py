"""The faces in Debian's own browser, against the whole platform: nothing is imitated.

The stories are told in JavaScript (gateway/web/journeys/), because playwright-core is one small package there
and brings greenlet pins of its own in Python. Here they are run, and the front desk is asked what became of them.
"""

import gzip
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "gateway" / "web"
DIST = WEB / "dist"
PATIENCE = 180
"""Seconds for one story on a busy machine; alone it takes about six."""
TERMINAL_BUDGET, WALL_BUDGET = 60 * 1024, 70 * 1024


def journey(platform, name, **more):
    env = os.environ | {
        "YIKOU_URL": platform.url,
        "YIKOU_PASSWORD_TERMINAL": platform.env["YIKOU_PASSWORD_TERMINAL"],
        **more,
    }
    done = subprocess.run(
        ["node", "terminal.mjs", name], cwd=WEB / "journeys", env=env,
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def moved_in(platform):
    cases = platform.as_account("clerk").ask("/v1/cases", matter="moving-in", limit=200)["items"]
    return {case["case_no"] for case in cases}


@pytest.mark.parametrize("way", ["touch", "keyboard"])
def test_a_family_moves_in_from_home_to_five_finished_lanes_and_rates(platform, way):
    told = journey(platform, way)
    case = platform.until_status(told["case_no"], "closed")
    assert case["channel"] == "kiosk" and case["rated"]
    assert len(case["lanes"]) == 5 and {lane["status"] for lane in case["lanes"]} == {"done"}


@pytest.mark.parametrize("trouble", ["reload", "double", "offline", "faults"])
def test_whatever_happens_at_submit_there_is_exactly_one_case(platform, trouble):
    """Reload before the answer, a double tap, a cut line, a refusal that is corrected."""
    before = moved_in(platform)
    told = journey(platform, trouble)
    assert moved_in(platform) - before == {told["case_no"]}


def test_who_walks_away_leaves_nothing_behind(platform):
    """90 s, a question of 60 s, and nothing in page, storage or history."""
    journey(platform, "idle")


def test_the_other_language_and_a_reload_keep_the_draft_and_a_change_returns_to_the_check(platform):
    journey(platform, "language")


def test_every_page_is_accessible_in_both_languages_and_three_ways_of_seeing(platform):
    """axe without serious or critical findings, every control at least 60 px, no sideways scroll."""
    assert journey(platform, "looks")["looked"] >= 14 * 6


def test_whom_the_registry_knows_is_not_asked_again_but_only_with_the_telephone_on_file(platform):
    family = platform.family()
    platform.until_status(platform.file(family)["case_no"], "closed")
    who = family["applicant"]
    journey(platform, "known", YIKOU_RESIDENT=f"{who['id_number']} {who['phone']}")


def test_without_a_stream_the_lanes_are_polled_and_the_screen_says_so(platform):
    told = journey(platform, "polling")
    assert platform.case(told["case_no"])["status"] == "closed"


def test_without_the_registry_the_form_is_longer_and_works(platform):
    journey(platform, "trouble")


def test_pages_are_served_under_a_strict_policy_and_packed(platform):
    anybody = platform.anybody()
    first = anybody.get("/")
    assert first.status_code == 307 and first.headers["location"] == "/k"
    page = anybody.get("/k")
    assert page.headers["cache-control"] == "no-cache" and "accept-encoding" in page.headers["vary"].lower()
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src 'self'" in policy
    assert not re.search(r"""(src|href)="(?!/)""", page.text) and "<style" not in page.text
    assets = re.findall(r'"(/assets/[^"]+)"', page.text)
    assert {path.rpartition(".")[2] for path in assets} == {"js", "css", "svg"}
    for path in assets:
        answer = anybody.get(path)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"], path
        assert answer.headers.get("content-encoding") == "gzip", path
        plain = anybody.get(path, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers and plain.content == answer.content
    assert anybody.get("/assets/..%2Fk.html").status_code == 404
    assert anybody.get("/assets/none.js").status_code == 404


def test_a_receipts_token_finds_its_case_and_an_invented_one_finds_nothing(platform):
    receipt = platform.file(platform.repair())
    holder = platform.anybody(**{"X-Tracking-Token": receipt["tracking_token"]})
    found = holder.ask("/v1/tracking")
    assert found["case_no"] == receipt["case_no"] and "applicant" not in found and "form" not in found
    stranger = platform.anybody(**{"X-Tracking-Token": "invented" * 5})
    assert stranger.get("/v1/tracking").status_code in (401, 404)
    assert platform.anybody().get("/v1/tracking").status_code in (401, 403, 422)


def test_every_number_of_the_wall_is_its_list_and_moves_by_itself(platform):
    """A case that is closed behind the wall's back is on it without a touch; axe finds nothing serious."""
    env = os.environ | {
        "YIKOU_URL": platform.url,
        "YIKOU_PASSWORD_SUPERVISOR": platform.env["YIKOU_PASSWORD_SUPERVISOR"],
    }
    command = ["node", "wall.mjs"]
    with subprocess.Popen(
        command, cwd=WEB / "journeys", env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as wall:
        said = wall.stdout.readline()
        if said == "looking\n":
            platform.until_status(platform.file(platform.family())["case_no"], "closed")
        rest = wall.communicate(timeout=PATIENCE)[0]
    assert wall.returncode == 0, said + rest


@pytest.mark.parametrize(("face", "budget"), [("k", TERMINAL_BUDGET), ("b", WALL_BUDGET)])
def test_a_face_is_small(face, budget):
    """What is downloaded before it shows anything, packed: 60 KB for the terminal, 70 for the wall."""
    page = (DIST / f"{face}.html").read_text()
    scripts = re.findall(r'"/(assets/[^"]+\.js)"', page)
    size = sum(len(gzip.compress((DIST / script).read_bytes(), 9)) for script in scripts)
    assert 0 < size <= budget
