"""The stack of one directory: its parts (broker and database), and what goes wrong with them in drills.

Tests need no more than this:

    env = start_parts(Path(".run/test"))     # idempotent, a few seconds
    ...
    stop_parts(Path(".run/test"))
"""

import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local import environment, ports, postgres, rabbitmq, secrets
from deploy.local.daemons import Daemon
from deploy.local.processes import DOORS, PROCESSES, SERVICES

ROOT = Path(__file__).resolve().parents[2]
PLACE = "110105001001"  # the community of the demonstration
_BORROWED = count()


def start_parts(
    directory: Path,
    given: Mapping[str, str] | None = None,
    then: Callable[[dict[str, str]], None] | None = None,
) -> dict[str, str]:
    """Broker and database of this directory, running; the environment of everything that wants to use them.

    `given` may name an `AMQP_URI` or a `DATABASE_URL` to use instead of starting one. `make run` gives its own
    environment; tests give nothing, so that they can never touch somebody's real broker.
    `then` happens as soon as the databases are there, while the broker, much the slower, is still starting.
    """
    directory = _made(directory)
    with _alone(directory):
        env = _environment(directory, given or {})
        environment.write(directory / "env", env)
        with ThreadPoolExecutor(max_workers=1) as pool:
            broker = pool.submit(rabbitmq.start, directory, env) if _own_broker(env) else None
            if _own_database(env):
                postgres.start(directory, env)
            postgres.ensure_databases(env["POSTGRES_ADMIN_URL"], _databases(env))
            if then:
                then(env)
            if broker:
                broker.result()
    return env


def stop_parts(directory: Path) -> None:
    directory = Path(directory).resolve()
    if directory.exists():
        with _alone(directory):
            _stop(directory)


@contextmanager
def borrowed_parts(directory: Path) -> Iterator[dict[str, str]]:
    """Parts shared by parallel test runs and xdist workers: the last one to leave stops them."""
    directory = _made(directory)
    me = Daemon(f"user-{os.getpid()}-{next(_BORROWED)}", directory)
    me.remember(os.getpid())  # before starting, so that whoever is just leaving sees that somebody comes
    try:
        yield start_parts(directory)
    finally:
        with _alone(directory):
            me.pid_file.unlink(missing_ok=True)
            users = (Daemon(file.name, directory) for file in me.pid_file.parent.glob("user-*"))
            if not any(user.pid for user in users):
                _stop(directory)


def remove_parts(directory: Path) -> None:
    """Stopped, and every row and message gone."""
    directory = Path(directory).resolve()
    stop_parts(directory)
    postgres.remove(directory)
    shutil.rmtree(directory, ignore_errors=True)


# What drills do to the parts. Each returns when it has happened.


def pause_broker(directory: Path) -> None:
    """Frozen: connections stay open and nobody answers."""
    rabbitmq.broker(Path(directory).resolve()).send(signal.SIGSTOP)


def resume_broker(directory: Path) -> None:
    rabbitmq.broker(Path(directory).resolve()).send(signal.SIGCONT)


def kill_broker(directory: Path) -> None:
    """Dead at once, as by a power cut of the broker's machine; `start_broker` brings it back."""
    _kill(rabbitmq.broker(Path(directory).resolve()))


def start_broker(directory: Path) -> None:
    directory = Path(directory).resolve()
    rabbitmq.start(directory, environment.read(directory / "env"))


def restart_broker(directory: Path) -> None:
    rabbitmq.broker(Path(directory).resolve()).stop()
    start_broker(directory)


def kill_postgres(directory: Path) -> None:
    _kill(postgres.server(Path(directory).resolve()))


def start_postgres(directory: Path) -> None:
    directory = Path(directory).resolve()
    postgres.start(directory, environment.read(directory / "env"))


def restart_postgres(directory: Path) -> None:
    """Sessions are cut, open transactions are lost, committed ones are not."""
    postgres.stop(Path(directory).resolve())
    start_postgres(directory)


def _stop(directory: Path) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        for stopped in [pool.submit(part.stop, directory) for part in (rabbitmq, postgres)]:
            stopped.result()


def _kill(daemon: Daemon) -> None:
    daemon.stop(signal.SIGKILL)


# How the environment is put together.


def _environment(directory: Path, given: Mapping[str, str]) -> dict[str, str]:
    known = environment.read(directory / "env")
    # Who sourced our own `env` and starts us again hands us our own addresses: those are not somebody else's.
    amqp_uri, database_url = (
        given.get(name, "") if given.get(name) != known.get(own) else ""
        for name, own in (("AMQP_URI", "AMQP_URI"), ("DATABASE_URL", "POSTGRES_ADMIN_URL"))
    )
    env = secrets.complete(known, SERVICES) | _ports(directory, known)
    gateway = env["YIKOU_HTTP_PORT_GATEWAY"]
    env |= {
        "YIKOU_URL": f"http://127.0.0.1:{gateway}",
        "YIKOU_DATA": str(directory / "data"),
        "YIKOU_PLACE": given.get("YIKOU_PLACE", PLACE),
        "YIKOU_SIGNING_KEY": str(secrets.signing_key(directory / "signing-key.pem")),
    }
    if amqp_uri:
        host = urlsplit(amqp_uri).hostname or "127.0.0.1"
        env |= {
            "AMQP_URI": amqp_uri,
            "MQTT_HOST": given.get("MQTT_HOST", host),
            "MQTT_PORT": given.get("MQTT_PORT", "1883"),
            "RABBITMQ_MANAGEMENT_URL": given.get("RABBITMQ_MANAGEMENT_URL", f"http://{host}:15672"),
        }
    else:
        env |= {
            "AMQP_URI": rabbitmq.uri(env),
            "MQTT_HOST": "127.0.0.1",
            "RABBITMQ_MANAGEMENT_URL": f"http://127.0.0.1:{env['YIKOU_PORT_MANAGEMENT']}",
        }
    env["POSTGRES_ADMIN_URL"] = database_url.replace("+psycopg", "") or postgres.admin_url(env)
    for service in SERVICES:
        name = _database(env, service)
        secret = env[f"YIKOU_DATABASE_PASSWORD_{service.upper()}"]
        env[f"DATABASE_URL_{service.upper()}"] = postgres.database_url(
            env["POSTGRES_ADMIN_URL"], name, secret
        )
    return env


def _ports(directory: Path, known: Mapping[str, str]) -> dict[str, str]:
    processes = [process.port_variable for process in PROCESSES]
    ours = {*processes, *DOORS} if Daemon("supervisord", directory).pid else set()
    ours |= set(rabbitmq.PORTS.values()) if rabbitmq.broker(directory).pid else set()
    ours |= {rabbitmq.PORTS["epmd"]} if rabbitmq.mapper(directory).pid else set()
    ours |= {postgres.PORT} if postgres.server(directory).pid else set()
    names = [*processes, *rabbitmq.PORTS.values(), postgres.PORT, *DOORS]
    remembered = {name: int(known[name]) for name in names if name in known}
    relative = os.path.relpath(directory, ROOT)
    chosen = ports.choose(names, ports.base_of(relative, str(ROOT)), remembered, ours)
    return {name: str(port) for name, port in chosen.items()}


def _own_broker(env: Mapping[str, str]) -> bool:
    return env["AMQP_URI"] == rabbitmq.uri(env)


def _own_database(env: Mapping[str, str]) -> bool:
    return env["POSTGRES_ADMIN_URL"] == postgres.admin_url(env)


def _database(env: Mapping[str, str], service: str) -> str:
    """On a server of somebody else's, names as common as `identity` are not ours to take."""
    return service if _own_database(env) else f"yikou_{service}"


def _databases(env: Mapping[str, str]) -> dict[str, str]:
    return {
        _database(env, service): env[f"YIKOU_DATABASE_PASSWORD_{service.upper()}"] for service in SERVICES
    }


def _made(directory: Path) -> Path:
    directory = Path(directory).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "data").mkdir(exist_ok=True, mode=0o700)
    return directory


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Two who start the same stack at once: the second waits and finds it running."""
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
