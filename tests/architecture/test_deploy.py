"""The drawings of the running system (Compose, Kubernetes, Prometheus, Grafana) agree with the process table and the code.

No Docker and no cluster is needed: the drawings are data. Where kubectl or promtool is at hand, they look too.
"""

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from deploy import new_secrets
from deploy.local import ports, rabbitmq
from deploy.local.processes import DOORS, PROCESSES, SERVICES, Process
from deploy.local.secrets import ACCOUNTS
from services.chassis.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY, K8S = ROOT / "deploy", ROOT / "k8s"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
NAMES = [process.name for process in PROCESSES]
PORT = {name: ports.base_of(".run") + number for number, name in enumerate(NAMES)}
"""The local stack prefers these; containers have them always."""
FIRST_DOOR = ports.base_of(".run") + len(NAMES) + len(rabbitmq.PORTS) + 1  # and PostgreSQL's
DOOR = {name: FIRST_DOOR + number for number, name in enumerate(DOORS)}
DRAIN = Settings({}).drain_deadline + 3
OF_OTHERS = {"up", "rabbitmq_detailed_queue_messages_ready"}
"""Metrics that Prometheus and RabbitMQ themselves give."""

each_process = pytest.mark.parametrize("process", PROCESSES, ids=NAMES)
overlays = pytest.mark.parametrize("overlay", ["local", "production"])


def words(process: Process) -> list[str]:
    return ["python", *process.command[1:]]


def seconds(text: str) -> int:
    match = re.fullmatch(r"(\d+)s", text)
    assert match, text
    return int(match[1])


def secret_reference(value: str) -> bool:
    return re.search(r"\$\{YIKOU_[A-Z_]+:\?", value) is not None


# -- Compose ---------------------------------------------------------------------------------------------


@each_process
def test_compose_runs_each_process_as_the_local_stack_does(process: Process) -> None:
    service = COMPOSE["services"][process.name]
    environment = service["environment"]
    assert service["command"] == words(process)
    assert environment["YIKOU_PROCESS"] == process.name
    assert environment[process.port_variable] == str(PORT[process.name])
    for door in process.doors:
        assert environment[door] == str(DOOR[door])
        assert f"${{YIKOU_BIND:-127.0.0.1}}:{DOOR[door]}:{DOOR[door]}" in service["ports"]
    assert "AMQP_URI" in environment
    databases = {name for name in environment if name.startswith("DATABASE_URL_")}
    owner = process.kind.removesuffix("-ingest")
    assert databases == ({f"DATABASE_URL_{owner.upper()}"} if owner in SERVICES else set())


@each_process
def test_compose_probes_limits_and_drains_each_process(process: Process) -> None:
    service = COMPOSE["services"][process.name]
    assert service["healthcheck"]["test"] == ["CMD", "python", "-m", "deploy.healthcheck"]
    assert seconds(service["stop_grace_period"]) >= max(25, DRAIN)
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["user"] == "10001:10001" and service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}


SPECIFICATION = jsonschema.Draft202012Validator(
    json.loads(Path(__file__).with_name("compose.schema.json").read_text())
)


def test_compose_is_what_the_specification_allows() -> None:
    assert [f"{error.json_path}: {error.message}" for error in SPECIFICATION.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"stop_grace_perod": "30s"},
        {"restart": "sometimes"},
        {"healthcheck": {"test": ["python"]}},
        {"healthcheck": {"interval": 10}},
        {"ports": ["28000"]},
        {"deploy": {"resources": {"limits": {"cpu": "1"}}}},
        {"depends_on": {"rabbitmq": {"condition": "healthy"}}},
        {"volumes": ["materials"]},
    ],
    ids=str,
)
def test_the_specification_refuses_what_compose_would_refuse(change: dict) -> None:
    broken = COMPOSE | {
        "services": COMPOSE["services"] | {"gateway": COMPOSE["services"]["gateway"] | change}
    }
    assert not SPECIFICATION.is_valid(broken)


def test_compose_prepares_before_anybody_speaks() -> None:
    prepare = COMPOSE["services"]["prepare"]
    script = prepare["command"][-1]
    assert script.index("services.chassis.migrate upgrade") < script.index(
        "services.chassis.topology declare"
    )
    assert {f"DATABASE_URL_{service.upper()}" for service in SERVICES} <= prepare["environment"].keys()


def test_compose_names_only_what_it_has() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= services.keys(), name
        assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys(), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], (
                name
            )
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert services[needed].get("healthcheck", {}).get("test"), f"{name} waits for {needed}"


def test_compose_holds_references_to_secrets_and_no_secret() -> None:
    made = new_secrets.fresh()
    text = (DEPLOY / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(YIKOU_[A-Z_]+):\?", text))
    asked |= {how["environment"] for how in COMPOSE["secrets"].values()}
    assert asked <= made.keys()
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASS|SECRET|DATABASE_URL|AMQP_URI", variable):
                assert secret_reference(value) or value.startswith("/run/secrets/"), (name, variable)
    assert not re.search(r"PRIVATE KEY", text)


def test_compose_shows_nothing_beyond_this_machine_unless_asked() -> None:
    for service in COMPOSE["services"].values():
        for port in service.get("ports", ()):
            assert port.startswith(("127.0.0.1:", "${YIKOU_BIND:-127.0.0.1}:")), port


def test_the_device_door_stands_on_the_brokers_loopback() -> None:
    door = COMPOSE["services"]["device-door"]
    assert door["network_mode"] == "service:rabbitmq"
    assert door["environment"]["YIKOU_HTTP_HOST"] == "127.0.0.1"
    asked = f"http://127.0.0.1:{door['environment']['YIKOU_HTTP_PORT_GATEWAY']}/internal/rabbitmq/"
    assert (DEPLOY / "rabbitmq" / "rabbitmq.conf").read_text().count(asked) == 4


# -- the image and its parts -----------------------------------------------------------------------------


def test_images_are_pinned() -> None:
    images = [service["image"] for service in COMPOSE["services"].values()]
    for file in K8S.rglob("*.yaml"):
        images += re.findall(r"image: (\S+)", file.read_text())
    images += re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    for image in images:
        if image != "yikou":  # a name that kustomization.yaml gives its tag
            tag = image.partition(":")[2]
            assert re.search(r"\d", tag) and "latest" not in tag, image


def test_the_image_runs_as_nobody_in_particular_with_everything_locked() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert "-c requirements.lock" in text
    assert text.index("USER 10001:10001") < text.index("ENTRYPOINT")
    for instruction in ("HEALTHCHECK", "ENTRYPOINT", "CMD"):
        line = re.search(rf"^{instruction}.*?(\[.*\])$", text, re.MULTILINE)
        assert line and json.loads(line[1]), instruction


def test_the_image_builds_the_faces_from_the_lock_and_the_document() -> None:
    stages = (DEPLOY / "Dockerfile").read_text().split("\nFROM ")
    (faces,) = [stage for stage in stages if stage.partition("\n")[0].endswith(" AS faces")]
    steps = [
        faces.index(step) for step in ("npm ci", "docs/openapi.json", "COPY gateway/web ./", "npm run build")
    ]
    assert steps == sorted(steps)
    copied = stages[-1]
    assert "COPY --from=faces /build/gateway/web/dist gateway/web/dist" in copied
    assert copied.index("COPY gateway gateway") < copied.index("--from=faces")
    sent = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {"!docs/openapi.json", "gateway/web/dist", "**/node_modules"} <= set(sent)


def test_the_faces_packages_are_pinned_and_name_no_registry() -> None:
    web = ROOT / "gateway" / "web"
    told = json.loads((web / "package.json").read_text())
    for name, version in {**told["dependencies"], **told["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
    lock = (web / "package-lock.json").read_text()
    assert '"resolved"' not in lock and '"integrity"' in lock
    assert "omit-lockfile-registry-resolved=true" in (web / ".npmrc").read_text()
    assert json.loads(lock)["packages"][""]["dependencies"] == told["dependencies"]


def test_the_image_holds_every_package_that_is_imported() -> None:
    """The Dockerfile leaves out what only checks; nothing that runs may need that."""
    checking = (ROOT / "requirements.in").read_text().partition("# checking")[2]
    left_out = {re.split(r"[\[>=<# ]", line)[0].replace("-", "_") for line in checking.splitlines() if line}
    assert "pytest" in left_out
    for room in ("services", "gateway", "deploy"):
        for file in (ROOT / room).rglob("*.py"):
            assert not imported(file) & left_out, file


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_the_broker_in_containers_is_set_up_as_the_local_one() -> None:
    enabled = (DEPLOY / "rabbitmq" / "enabled_plugins").read_text().strip()
    assert enabled == f"[{','.join(rabbitmq.PLUGINS)}]."
    theirs = settings_of((DEPLOY / "rabbitmq" / "rabbitmq.conf").read_text())
    ours = settings_of(rabbitmq.CONFIGURATION)
    alike = [name for name in ours if name.startswith(("auth_", "mqtt.allow", "mqtt.vhost", "mqtt.exchange"))]
    assert len(alike) >= 10
    for name in alike:
        assert theirs[name] == ours[name].replace("{gateway}", str(PORT["gateway"])), name


def settings_of(text: str) -> dict[str, str]:
    lines = (line.split(" = ", 1) for line in text.splitlines() if " = " in line and not line.startswith("#"))
    return dict(lines)


def test_fresh_secrets_are_all_there_and_never_twice_the_same() -> None:
    one, other = new_secrets.fresh(), new_secrets.fresh()
    assert {f"YIKOU_PASSWORD_{account.upper()}" for account in ACCOUNTS} <= one.keys()
    assert all(one[name] != other[name] for name in one)
    lines = dict(line.split("=", 1) for line in new_secrets.compose(one).splitlines())
    assert {name: json.loads(value) for name, value in lines.items()} == one
    for manifest in yaml.safe_load_all(new_secrets.kubernetes(one)):
        kubernetes_validate.validate(manifest, "1.37", strict=True)


# -- Kubernetes ------------------------------------------------------------------------------------------


def manifests(file: Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


def patches() -> set[Path]:
    found = set()
    for file in K8S.rglob("kustomization.yaml"):
        for patch in yaml.safe_load(file.read_text()).get("patches", ()):
            found.add(file.parent / patch["path"])
    return found


def plain_manifests() -> list[Path]:
    """What is a resource by itself: no patch, no kustomization, none of somebody else's kinds."""
    skipped = patches() | set(K8S.rglob("kustomization.yaml")) | set(K8S.rglob("*.example.yaml"))
    return sorted(set(K8S.rglob("*.yaml")) - skipped)


@pytest.mark.parametrize("file", plain_manifests(), ids=lambda file: str(file.relative_to(K8S)))
def test_manifests_are_valid(file: Path) -> None:
    assert manifests(file)
    for manifest in manifests(file):
        kubernetes_validate.validate(manifest, "1.37", strict=True)


def test_kustomizations_name_every_file_and_only_files_there_are() -> None:
    for file in K8S.rglob("kustomization.yaml"):
        told = yaml.safe_load(file.read_text())
        named = {*told.get("resources", ()), *(patch["path"] for patch in told.get("patches", ()))}
        for generator in told.get("configMapGenerator", ()):
            named |= {entry.partition("=")[2] for entry in generator["files"]}
        assert all((file.parent / name).exists() for name in named), file
        there = {str(path.relative_to(file.parent)) for path in file.parent.rglob("*.yaml")}
        there -= {"kustomization.yaml", "rabbitmq-cluster.example.yaml"}
        assert there <= named, file


@each_process
def test_kubernetes_runs_each_process_as_compose_does(process: Process) -> None:
    (manifest,) = manifests(K8S / "base" / "processes" / f"{process.name}.yaml")
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    port = PORT[process.name]
    assert container["args"] == words(process)
    doors = [{"name": door.split("_")[-1].lower(), "containerPort": DOOR[door]} for door in process.doors]
    assert container["ports"] == [{"name": "http", "containerPort": port}, *doors]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert environment["YIKOU_PROCESS"] == process.name
    assert environment[process.port_variable] == str(port)
    assert all(environment[door] == str(DOOR[door]) for door in process.doors)
    assert manifest["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    secrets = {source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source}
    owner = process.kind.removesuffix("-ingest")
    own = {f"yikou-database-{owner}"} if owner in SERVICES else set()
    made_from = {
        "frontdesk": {"yikou-tracking"},  # receipts' tokens
        "property": {"yikou-webhooks"},  # companies' signing secrets
    }
    assert secrets == {"yikou-broker"} | own | made_from.get(owner, set())


def test_every_deployment_is_probed_limited_locked_down_and_drained() -> None:
    kustomization = yaml.safe_load((K8S / "base" / "kustomization.yaml").read_text())
    assert {"path": "every-process.yaml", "target": {"kind": "Deployment"}} in kustomization["patches"]
    (common,) = manifests(K8S / "base" / "every-process.yaml")
    hold(common["spec"]["template"]["spec"])


def hold(pod: dict) -> None:
    container = next(container for container in pod["containers"] if container["name"] == "process")
    assert container["startupProbe"]["httpGet"]["path"] == "/readyz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= pause + DRAIN
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_local_overlay_configures_broker_and_database_as_compose_does() -> None:
    for copy in (K8S / "overlays" / "local" / "parts").iterdir():
        (original,) = DEPLOY.glob(f"*/{copy.name}")
        assert copy.read_text() == original.read_text(), f"copy {original} to {copy}"


def test_what_an_upgrade_applies_first_can_be_selected() -> None:
    """docs/operations.md, Upgrade without loss: the settings and the job, by their label, before the rest."""
    label, value = "app.kubernetes.io/component", "before"
    assert f"-l {label}={value}" in (ROOT / "docs" / "operations.md").read_text()
    for file in ("settings.yaml", "prepare.yaml"):
        (manifest,) = manifests(K8S / "base" / file)
        assert manifest["metadata"]["labels"][label] == value


def test_secrets_that_are_referred_to_are_made_and_none_is_committed() -> None:
    made = {m["metadata"]["name"] for m in yaml.safe_load_all(new_secrets.kubernetes(new_secrets.fresh()))}
    text = "".join(file.read_text() for file in K8S.rglob("*.yaml"))
    assert set(re.findall(r"secretRef: {name: ([\w-]+)}", text)) <= made
    assert set(re.findall(r"secretName: ([\w-]+)", text)) <= made
    assert "kind: Secret\n" not in text


@overlays
@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_an_overlay_builds_into_valid_manifests(overlay: str) -> None:
    command = ["kubectl", "kustomize", str(K8S / "overlays" / overlay)]
    built = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    found = [manifest for manifest in yaml.safe_load_all(built) if manifest]
    for manifest in found:
        kubernetes_validate.validate(manifest, "1.37", strict=True)
    deployments = [manifest for manifest in found if manifest["kind"] == "Deployment"]
    assert {deployment["metadata"]["name"] for deployment in deployments} == set(NAMES)
    for deployment in deployments:
        hold(deployment["spec"]["template"]["spec"])
        assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "yikou:1.0.0"
    if overlay == "production":
        budgets = {
            manifest["metadata"]["name"] for manifest in found if manifest["kind"] == "PodDisruptionBudget"
        }
        assert budgets == {name for name in NAMES if not name.startswith("meters-ingest")}
        scaled = {m["metadata"]["name"] for m in found if m["kind"] == "HorizontalPodAutoscaler"}
        for deployment in deployments:  # two who set the same number would fight over it
            counted = "replicas" in deployment["spec"]
            assert not (counted and deployment["metadata"]["name"] in scaled)


# -- watching --------------------------------------------------------------------------------------------


def metrics_in_code() -> set[str]:
    """Every series name that our processes give, by reading the code."""
    found: set[str] = set()
    for room in ("services", "gateway"):
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                    name = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
                    if isinstance(name, str) and name.startswith("yikou_"):
                        found |= {
                            "Counter": {name},
                            "Gauge": {name},
                            "Histogram": {f"{name}_bucket", f"{name}_sum", f"{name}_count"},
                        }.get(node.func.id, set())
    return found


def metrics_of(expression: str) -> set[str]:
    return set(re.findall(r"\b(yikou_\w+|rabbitmq_\w+|up(?=[{ ]))", expression))


def rules() -> list[dict]:
    told = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())
    return [rule for group in told["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "yikou.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def test_alerts_and_panels_use_metrics_that_exist() -> None:
    known = metrics_in_code() | OF_OTHERS
    for expression in [*(rule["expr"] for rule in rules()), *expressions()]:
        assert metrics_of(expression), expression
        assert metrics_of(expression) <= known, expression


def test_the_dashboard_shows_every_metric_of_the_chassis() -> None:
    text = (ROOT / "services" / "chassis" / "metrics.py").read_text()
    shown = " ".join(expressions())
    assert [name for name in re.findall(r'"(yikou_\w+)"', text) if name not in shown] == []


def test_what_must_wake_somebody_does() -> None:
    watched = {name for rule in rules() for name in metrics_of(rule["expr"])}
    assert {
        "yikou_outbox_oldest_seconds",
        "yikou_dead_letters_total",
        "yikou_hub_lag_seconds",
        "up",
    } <= watched
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "description"}


def test_prometheus_asks_every_process_at_its_port() -> None:
    told = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    job = next(job for job in told["scrape_configs"] if job["job_name"] == "yikou")
    asked = {target for config in job["static_configs"] for target in config["targets"]}
    assert asked == {f"{name}:{port}" for name, port in PORT.items()}


def test_promtool_agrees() -> None:
    for what, file in (("rules", "rules.yml"), ("config", "prometheus.yml")):
        command = ["promtool", "check", what, str(DEPLOY / "prometheus" / file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
