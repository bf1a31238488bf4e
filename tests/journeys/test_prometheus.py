"""A real Prometheus reads the whole platform with the files of deploy/prometheus; only the addresses are the stack's own."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from deploy.local.ports import is_free
from tests.waiting import until

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
CONFIG = DEPLOY / "prometheus"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "yikou.json"


@pytest.fixture(scope="module")
def prometheus(platform, tmp_path_factory):
    """Its HTTP client, when it has read its configuration."""
    home = tmp_path_factory.mktemp("prometheus")
    (home / "prometheus.yml").write_text(yaml.safe_dump(_here(platform.env)))
    (home / "rules.yml").write_text((CONFIG / "rules.yml").read_text())
    port = next(port for port in range(31_900, 32_700) if is_free(port))
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={home}/prometheus.yml",
                f"--storage.tsdb.path={home}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10) as client:
            until(lambda: _answers(client, process, home), 60)
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _answers(client, process, home) -> bool:
    assert process.poll() is None, (home / "log").read_text()
    try:
        return client.get("/status/config").status_code == 200
    except httpx.TransportError:
        return False


def _here(env: dict[str, str]) -> dict:
    """The configuration, with each `process:port` where this stack has it."""
    config = yaml.safe_load((CONFIG / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "5s"}
    for job in config["scrape_configs"]:
        for group in job["static_configs"]:
            group["targets"] = [f"127.0.0.1:{_port(target, env)}" for target in group["targets"]]
    return config


def _port(target: str, env: dict[str, str]) -> str:
    process = target.split(":")[0]
    if process == "rabbitmq":
        return env["YIKOU_PORT_RABBITMQ_METRICS"]
    return env[f"YIKOU_HTTP_PORT_{process.upper().replace('-', '_')}"]


def _vector(client: httpx.Client, expression: str) -> list[dict]:
    answer = client.get("/query", params={"query": expression}).json()
    assert answer["status"] == "success", (expression, answer)
    return answer["data"]["result"]


def test_every_process_is_up(prometheus, platform):
    wanted = sum(
        len(group["targets"])
        for job in _here(platform.env)["scrape_configs"]
        for group in job["static_configs"]
    )
    until(lambda: len(_vector(prometheus, "up == 1")) == wanted, 120)
    assert not _vector(prometheus, "up == 0")


def test_rules_are_loaded_and_evaluate(prometheus):
    written = yaml.safe_load((CONFIG / "rules.yml").read_text())
    alerts = {rule["alert"] for group in written["groups"] for rule in group["rules"]}

    def rules() -> list[dict]:
        return [
            rule for group in prometheus.get("/rules").json()["data"]["groups"] for rule in group["rules"]
        ]

    until(lambda: all(rule["health"] == "ok" for rule in rules()) and rules(), 60)
    assert {rule["name"] for rule in rules()} == alerts


def test_every_panel_of_the_dashboard_is_a_question_prometheus_can_answer(prometheus, platform):
    """And those about the platform's daily work have an answer, since the platform has been at work."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    questions = [
        target["expr"].replace("$__rate_interval", "1m").replace("$__range", "5m")
        for panel in panels
        for target in panel.get("targets", [])
    ]
    assert questions
    for question in questions:
        _vector(prometheus, question)
    platform.anybody().get("/v1/matters").raise_for_status()
    until(lambda: _vector(prometheus, "sum(yikou_http_seconds_count) > 0"), 60)
    until(lambda: _vector(prometheus, "yikou_outbox_oldest_seconds"), 60)
    until(lambda: _vector(prometheus, 'rabbitmq_detailed_queue_messages_ready{queue="frontdesk.dead"}'), 60)
