"""One request can be followed through every process by its trace id."""

import json
import uuid

from tests.journeys.conftest import DIRECTORY

OFFICES = {"frontdesk", "property", "meters", "cameras", "party", "volunteers", "insight"}


def lines_of(trace):
    """Every journal line of the platform that carries this trace: (process, event)."""
    found = set()
    for log in (DIRECTORY / "log").glob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if trace in line and line.startswith("{"):
                told = json.loads(line)
                if told.get("trace_id") == trace:
                    found.add(
                        (told["process"], told.get("event_name") or told.get("method") or told["event"])
                    )
    return found


def test_the_trace_of_a_post_is_in_the_line_of_each_handler_it_caused(platform):
    trace = uuid.uuid4().hex
    headers = {"traceparent": f"00-{trace}-{uuid.uuid4().hex[:16]}-01", "Idempotency-Key": uuid.uuid4().hex}
    answer = platform.as_account("terminal").post("/v1/cases", json=platform.family(), headers=headers)
    assert answer.status_code == 202
    platform.until_status(answer.json()["case_no"], "closed")
    # The last handler is insight's, which hears of the closed case.
    found = platform.until(
        lambda: (lines := lines_of(trace)) and ("insight", "CaseClosed") in lines and lines,
        "the last line is written",
    )
    # The gateway writes a line of what was refused or slow only; the trace it was given goes on from it all the same.
    assert {process for process, _ in found} >= OFFICES
    assert ("frontdesk", "file_case") in found
    assert {
        ("frontdesk", "TaskFinished"),
        *((office, "TaskAssigned") for office in OFFICES - {"frontdesk", "insight"}),
    } <= found
