"""The gateway as a process of its own: `python -m gateway`."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.integration.gateway.stand_in import CASE, TOKEN

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def more():
    """Settings beside the usual ones."""
    return {}


@pytest.fixture
def process(broker, stand_in_offices, tmp_path, more):
    env = more | {
        "AMQP_URI": broker,
        "YIKOU_DATA": str(tmp_path),
        "PATH": os.environ["PATH"],
        "YIKOU_DRAIN_DEADLINE": "30",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.wait()


def lines_until(process, pattern):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(pattern, line):
            return lines, found
    raise AssertionError("".join(lines))


def test_it_serves_keeps_secrets_out_of_its_journal_and_stops_with_streams_open(process):
    _, found = lines_until(process, r"http://127\.0\.0\.1:(\d+)")
    lines_until(process, "broker connected")
    with httpx.Client(base_url=f"http://127.0.0.1:{found[1]}", timeout=20) as client:
        assert client.get("/readyz").status_code == 200
        assert client.get(f"/p/{TOKEN}").status_code == 200
        assert client.get("/p/another-secret-token").status_code == 404
        assert 'route="/p/{token}"' in client.get("/metrics").text
        with client.stream("GET", f"/v1/cases/{CASE}/events", headers={"X-Tracking-Token": TOKEN}) as stream:
            frames = stream.iter_lines()
            assert next(frames).startswith("retry:")
            process.send_signal(signal.SIGTERM)
            list(frames)  # ends: the stream was hung up on
    assert process.wait(20) in (0, -signal.SIGTERM)
    written = process.stdout.read()
    noted = [json.loads(line) for line in written.splitlines()]
    assert any(line.get("route") == "/p/{token}" and line.get("slug") == "unknown-token" for line in noted)
    assert TOKEN not in written and "another-secret-token" not in written


@pytest.mark.parametrize(
    "more, status",
    [({}, 404), ({"YIKOU_PROXIES": "10.0.0.0/8, 127.0.0.1"}, 404), ({"YIKOU_PROXIES": "10.0.0.0/8"}, 200)],
    ids=["a proxy on this machine", "named proxies", "nobody here is a proxy"],
)
def test_only_a_known_proxy_says_for_whom_it_asks(process, status):
    """The broker's questions are answered to this machine only, which shows whose address was believed."""
    _, found = lines_until(process, r"http://127\.0\.0\.1:(\d+)")
    with httpx.Client(base_url=f"http://127.0.0.1:{found[1]}", timeout=20) as client:
        headers = {"X-Forwarded-For": "203.0.113.5"}
        answer = client.post("/internal/rabbitmq/vhost", data={"username": "x"}, headers=headers)
        assert answer.status_code == status
