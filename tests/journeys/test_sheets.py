"""Lists and figures as sheets: whole, within the area, no formula, and noted."""

import csv
import io

from tests.journeys.test_roles import PLACE


def rows(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    text = answer.content.decode()
    assert text.startswith("\ufeff")  # or Excel takes the Chinese for something else
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_a_list_comes_whole_as_a_sheet_and_the_export_is_noted(platform):
    supervisor = platform.as_role("supervisor")
    case_no = platform.file(platform.repair())["case_no"]
    wanted = {"number": "in_hand", "place": PLACE}
    platform.until(
        lambda: (
            case_no
            in {row["case_no"] for row in rows(supervisor.get("/v1/overview/behind.csv", params=wanted))}
        ),
        "the case is in the sheet",
    )
    sheet = rows(supervisor.get("/v1/overview/behind.csv", params=wanted))
    assert (
        len(sheet)
        == len({row["case_no"] for row in sheet})
        >= supervisor.ask("/v1/overview/behind", **wanted)["count"] - 5
    )
    looks = platform.as_role("auditor", None, "").ask("/v1/accesses", limit=200)["items"]
    assert any(look["what"] == "insight.export" and look["target"].startswith("behind?") for look in looks)
    figures = rows(supervisor.get("/v1/overview/figures.csv", params={"by": "unit", "place": PLACE}))
    assert {"response", "response_numerator", "response_denominator", "filed"} <= figures[0].keys()


def test_no_sheet_of_another_area_and_no_half_of_a_file_for_a_mistake(platform):
    stranger = platform.as_role("supervisor", None, "110106001001")
    refused = stranger.get("/v1/overview/behind.csv", params={"number": "in_hand", "place": PLACE})
    assert (refused.status_code, refused.json()["slug"]) == (403, "outside-your-area")
    mistaken = platform.as_role("supervisor").get("/v1/overview/behind.csv", params={"number": "nothing"})
    assert (mistaken.status_code, mistaken.json()["errors"][0]["path"]) == (422, "number")


def test_scores_through_the_gateway_are_those_of_the_log(platform):
    supervisor = platform.as_role("supervisor")
    items = platform.until(lambda: supervisor.ask("/v1/scores", of="unit")["items"], "somebody has a score")
    assert {"score", "items", "key"} <= items[0].keys()
    found = platform.as_role("auditor", None, "").order("/v1/scores/recompute", of="unit", place=PLACE)
    assert {one["key"] for one in found["from_log"]} >= {one["key"] for one in found["scores"]}
