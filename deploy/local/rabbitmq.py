"""A private RabbitMQ node from Debian's package, started as whoever we are.

Debian's wrappers in /usr/sbin change to the user `rabbitmq`; the scripts below them do not, and take every
path from the environment. So nothing of ours is written outside our directory, and any user can run it.
"""

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import amqp

from deploy.local import ports
from deploy.local.daemons import Daemon
from deploy.local.secrets import password, private

SCRIPTS = Path("/usr/lib/rabbitmq/bin")
PLUGINS = (
    "rabbitmq_auth_backend_cache",
    "rabbitmq_auth_backend_http",
    "rabbitmq_consistent_hash_exchange",
    "rabbitmq_management",
    "rabbitmq_mqtt",
    "rabbitmq_prometheus",
)
ASLEEP = "+sbwt none +sbwtdcpu none +sbwtdio none"
PORTS = {
    "amqp": "YIKOU_PORT_AMQP",
    "mqtt": "MQTT_PORT",
    "management": "YIKOU_PORT_MANAGEMENT",
    "prometheus": "YIKOU_PORT_RABBITMQ_METRICS",
    "distribution": "YIKOU_PORT_ERLANG",
    "epmd": "YIKOU_PORT_EPMD",
}

# Our own user is known to the broker itself; everybody else (devices, above all) is asked of the gateway.
CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{amqp}
mqtt.listeners.tcp.1 = 127.0.0.1:{mqtt}
mqtt.allow_anonymous = false
mqtt.vhost = /
mqtt.exchange = amq.topic
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
distribution.listener.interface = 127.0.0.1

default_user = yikou
default_pass = {password}
default_user_tags.administrator = true
auth_backends.1 = internal
auth_backends.2 = cache
auth_cache.cached_backend = http
auth_cache.cache_ttl = 15000
auth_http.http_method = post
auth_http.user_path = http://127.0.0.1:{gateway}/internal/rabbitmq/user
auth_http.vhost_path = http://127.0.0.1:{gateway}/internal/rabbitmq/vhost
auth_http.resource_path = http://127.0.0.1:{gateway}/internal/rabbitmq/resource
auth_http.topic_path = http://127.0.0.1:{gateway}/internal/rabbitmq/topic

vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 200MB
raft.wal_max_size_bytes = 67108864
management.rates_mode = basic

log.console = false
log.file = {log}/rabbitmq-node.log
log.file.level = info
log.file.rotation.size = 10485760
log.file.rotation.count = 3
"""


def broker(directory: Path) -> Daemon:
    return Daemon("rabbitmq", directory)


def mapper(directory: Path) -> Daemon:
    """Erlang's port mapper. The node would start one that outlives it; we start our own and end it."""
    return Daemon("epmd", directory)


def start(directory: Path, env: Mapping[str, str]) -> None:
    """Idempotent; returns when people and devices can connect. A node that runs by other settings is restarted."""
    if _prepare(directory, env):
        broker(directory).stop()
    if not mapper(directory).pid:
        command = ["epmd", "-port", env[PORTS["epmd"]], "-address", "127.0.0.1"]
        mapper(directory).start(command, _environment(directory, env))
        mapper(directory).wait(lambda: ports.listens(int(env[PORTS["epmd"]])), 10)
    if not broker(directory).pid:
        broker(directory).start(
            [str(SCRIPTS / "rabbitmq-server")], _environment(directory, env), cwd=directory
        )
    broker(directory).wait(lambda: _answers(env), 60)


def stop(directory: Path) -> None:
    broker(directory).stop(signal.SIGTERM, patience=30)
    mapper(directory).stop()


def control(directory: Path, env: Mapping[str, str], *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command and environment of `rabbitmqctl …` for this node."""
    return [str(SCRIPTS / "rabbitmqctl"), *arguments], _environment(directory, env)


def uri(env: Mapping[str, str]) -> str:
    return f"amqp://yikou:{env['YIKOU_BROKER_PASSWORD']}@127.0.0.1:{env[PORTS['amqp']]}/%2F"


def _prepare(directory: Path, env: Mapping[str, str]) -> bool:
    """Writes what the node reads when it starts; true when that is new."""
    home = directory / "rabbitmq"
    for folder in (home, directory / "log"):
        folder.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    numbers = {name: env[variable] for name, variable in PORTS.items()}
    text = CONFIGURATION.format(
        **numbers,
        password=env["YIKOU_BROKER_PASSWORD"],
        gateway=env["YIKOU_HTTP_PORT_GATEWAY"],
        log=directory / "log",
    )
    configuration = home / "rabbitmq.conf"
    news = not configuration.exists() or configuration.read_text() != text
    private(configuration, text.encode())
    (home / "enabled_plugins").write_text(f"[{','.join(PLUGINS)}].\n")
    cookie = home / ".erlang.cookie"
    if not cookie.exists():
        private(cookie, password().encode(), 0o400)
    return news


def _environment(directory: Path, env: Mapping[str, str]) -> dict[str, str]:
    home = directory / "rabbitmq"
    schedulers = min(os.cpu_count() or 1, 4)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "ERL_EPMD_PORT": env[PORTS["epmd"]],
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"yikou{env[PORTS['distribution']]}@localhost",
        "RABBITMQ_DIST_PORT": env[PORTS["distribution"]],
        "RABBITMQ_CONF_ENV_FILE": str(
            home / "none"
        ),  # or the machine's /etc/rabbitmq/rabbitmq-env.conf is read
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(home / "none"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_SCHEMA_DIR": str(home / "schema"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        # The broker shares the machine: few schedulers, asleep when there is nothing to do.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S {schedulers}:{schedulers} {ASLEEP}",
        "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the node: one process id to stop
    }


def _answers(env: Mapping[str, str]) -> bool:
    if not all(ports.listens(int(env[PORTS[name]])) for name in ("amqp", "mqtt", "management")):
        return False
    where = urlsplit(uri(env))
    try:
        with amqp.Connection(
            f"{where.hostname}:{where.port}",
            userid=where.username,
            password=where.password,
            connect_timeout=5,
        ):
            return True
    except (OSError, amqp.AMQPError):
        return False


def remove(directory: Path) -> None:
    shutil.rmtree(directory / "rabbitmq", ignore_errors=True)
