"""The whole platform of one directory, without a word on the terminal: for tests and whoever else needs all of it.

with running(Path(".run/test-platform")) as env:
    ...
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import stack, supervise
from deploy.local.daemons import NotReady

READY_DEADLINE = 240  # seconds; several platforms may start at once on a small machine


@contextmanager
def running(directory: Path) -> Iterator[dict[str, str]]:
    """Everything runs inside, and nothing of it afterwards; rows and messages stay for the next time.

    Two who want the same platform at once: the second waits until the first has left.
    """
    directory = Path(directory).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "in-use").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield bring_up(directory)
        finally:
            take_down(directory)


def bring_up(directory: Path) -> dict[str, str]:
    """Parts, migrations, topology, every process ready, the demonstration community loaded. Its environment."""
    directory = Path(directory).resolve()
    env = stack.start_parts(directory, then=lambda env: _run(env, "services.chassis.migrate", "upgrade"))
    _run(env, "services.chassis.topology", "declare")
    supervise.start(directory, env, stack.ROOT)
    supervise.wait_until_ready(directory, env, READY_DEADLINE, lambda ready: None)
    _run(env, "deploy.cli", "demo", "load")
    return env


def take_down(directory: Path) -> None:
    directory = Path(directory).resolve()
    supervise.stop(directory)
    stack.stop_parts(directory)


def _run(env: dict[str, str], module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, env={**os.environ, **env}, cwd=stack.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotReady(f"{module} {' '.join(arguments)} failed.\n{done.stdout}{done.stderr}")
