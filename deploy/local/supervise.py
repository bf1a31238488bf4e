"""Our own processes under supervisord: the table in `processes.py`, started, watched, restarted."""

import os
import shlex
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Container, Mapping
from configparser import ConfigParser
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.daemons import Daemon, NotReady, tail
from deploy.local.processes import PROCESSES, Process

SOCKET_PATH_LIMIT = 90  # the kernel allows 107 characters; supervisord appends to it while binding
NAMES = frozenset(process.name for process in PROCESSES)
ATTEMPTS = 3  # a process that could not start three times will not start the fourth time either


@dataclass(frozen=True)
class State:
    name: str
    state: str  # supervisor's word: RUNNING, BACKOFF, FATAL…
    pid: int
    port: int
    ready: bool
    attempt: int  # when it was last started, in seconds
    complaint: str  # why that did not work


def supervisor(directory: Path) -> Daemon:
    return Daemon("supervisord", directory)


def start(directory: Path, env: Mapping[str, str], root: Path) -> None:
    """Idempotent: what runs already is restarted only when its code or its environment is another by now."""
    fingerprint, running = _fingerprint(env, root), directory / "running"
    if supervisor(directory).pid and running.exists() and running.read_text() == fingerprint:
        return
    stop(directory)
    running.write_text(fingerprint)
    configuration = directory / "supervisord.conf"
    with configuration.open("w") as file:
        configure(directory, root).write(file)
    command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(configuration)]
    # Many interpreters on one machine: what each does not load (a DNS resolver of its own) or reserve counts.
    thrift = {"MALLOC_ARENA_MAX": "1", "EVENTLET_NO_GREENDNS": "yes"}
    surroundings = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **thrift}
    supervisor(directory).start(command, {**os.environ, **surroundings, **env}, cwd=root)
    supervisor(directory).wait(_socket(directory).exists, 15)


def stop(directory: Path) -> None:
    """Every process drains: TERM, then up to 25 seconds, all at once. (supervisord alone ends one after another.)"""
    with suppress(OSError, Fault):
        if supervisor(directory).pid:
            _remote(directory).supervisor.stopAllProcesses(False)
    supervisor(directory).stop(patience=40)
    _socket(directory).unlink(missing_ok=True)


def configure(directory: Path, root: Path) -> ConfigParser:
    socket, log = _socket(directory), directory / "log"
    config = ConfigParser(interpolation=None)
    config["unix_http_server"] = {"file": literal(socket), "chmod": "0600"}
    config["supervisord"] = {
        "nodaemon": "true",
        "identifier": "yikou",
        "pidfile": literal(directory / "supervisord.pid"),
        "logfile": "/dev/null",  # what it says to its terminal is kept already, in supervisord.log
        "logfile_maxbytes": "0",
        "childlogdir": literal(log),
    }
    if os.geteuid() == 0:
        config["supervisord"]["user"] = "root"  # said aloud, or supervisord warns on every start
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    config["supervisorctl"] = {"serverurl": f"unix://{literal(socket)}"}
    for process in PROCESSES:
        config[f"program:{process.name}"] = _program(process, log, root)
    return config


def wait_until_ready(
    directory: Path, env: Mapping[str, str], deadline: float, progress: Callable[[int], None]
) -> None:
    """Until every process says it is ready; otherwise an error that names the first which is not, and why."""
    waiting = {process.name: process for process in PROCESSES}
    failures: dict[str, set[int]] = {name: set() for name in waiting}
    until = time.monotonic() + deadline
    while waiting:
        for state in states(directory, env, waiting):
            if state.ready:
                waiting.pop(state.name, None)
            elif state.state in ("BACKOFF", "FATAL"):
                failures[state.name].add(state.attempt)
            if state.state == "FATAL" or len(failures[state.name]) >= ATTEMPTS:
                lines = tail(_log(directory, state.name))
                raise NotReady(f"{state.name} does not start: {state.complaint}.\n{lines}")
        progress(len(PROCESSES) - len(waiting))
        if time.monotonic() > until:
            name, *others = waiting
            more = f" (nor are {', '.join(others)})" if others else ""
            raise NotReady(
                f"{name} is not ready after {deadline:.0f} s{more}.\n{tail(_log(directory, name))}"
            )
        time.sleep(0.2 if waiting else 0)


def states(directory: Path, env: Mapping[str, str], names: Container[str] = NAMES) -> list[State]:
    """What supervisor and the processes themselves say, in the order of the table."""
    told = {info["name"]: info for info in _ask(directory)}
    return [
        _state(process, told.get(process.name, {}), env) for process in PROCESSES if process.name in names
    ]


def _state(process: Process, told: Mapping[str, Any], env: Mapping[str, str]) -> State:
    port = int(env[process.port_variable])
    state = told.get("statename", "STOPPED")
    ready = state in ("STARTING", "RUNNING") and is_ready(port)
    return State(
        process.name, state, told.get("pid", 0), port, ready, told.get("start", 0), told.get("spawnerr", "")
    )


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=3) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _program(process: Process, log: Path, root: Path) -> dict[str, str]:
    return {
        "command": literal(shlex.join(process.command)),
        "directory": literal(root),
        "environment": ",".join(f'{name}="{value}"' for name, value in process.environment.items()),
        "autorestart": "true",
        "startsecs": "3",
        "startretries": "20",
        "stopsignal": "TERM",
        "stopwaitsecs": "25",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": literal(log / f"{process.name}.log"),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "2",
    }


def _fingerprint(env: Mapping[str, str], root: Path) -> str:
    """Of all that a process reads when it starts."""
    told = {name: value for name, value in os.environ.items() if name.startswith("YIKOU_")} | dict(env)
    seen = sha256(repr(sorted(told.items())).encode())
    for room in ("services", "gateway", "deploy/local"):
        for file in sorted((root / room).rglob("*")):
            if file.suffix in (".py", ".json", ".yaml"):
                seen.update(f"{file} {file.stat().st_mtime_ns}".encode())
    return seen.hexdigest()


def literal(text: object) -> str:
    """supervisord expands what follows a percent sign, and a path may hold one."""
    return str(text).replace("%", "%%")


def _ask(directory: Path) -> list[dict[str, Any]]:
    if not supervisor(directory).pid:
        return []
    try:
        return _remote(directory).supervisor.getAllProcessInfo()  # type: ignore[return-value]
    except (OSError, Fault):
        return []  # it is just starting, or ending


def _remote(directory: Path) -> ServerProxy:
    transport = SupervisorTransport(None, None, serverurl=f"unix://{_socket(directory)}")
    return ServerProxy("http://supervisor", transport=transport)


def _socket(directory: Path) -> Path:
    """In our directory, unless its path is too long for a socket."""
    socket = directory / "supervisor.sock"
    if len(str(socket)) < SOCKET_PATH_LIMIT:
        return socket
    return (
        Path(gettempdir()) / f"yikou-{os.geteuid()}-{sha256(str(directory).encode()).hexdigest()[:12]}.sock"
    )


def _log(directory: Path, name: str) -> Path:
    return directory / "log" / f"{name}.log"
