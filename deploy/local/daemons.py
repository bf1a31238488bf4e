"""Programs we start and leave running: found again, signalled and ended by process id, never by name."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class NotReady(RuntimeError):
    """Something did not come up in time, or went down while we waited."""


@dataclass(frozen=True)
class Daemon:
    name: str
    directory: Path

    @property
    def pid_file(self) -> Path:
        return self.directory / "pids" / self.name

    @property
    def log(self) -> Path:
        return self.directory / "log" / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process id while it lives. The start time tells it from a stranger who got the same number."""
        try:
            pid, started = self.pid_file.read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        return int(pid) if _started(int(pid)) == started else None

    def start(
        self, command: Sequence[str], env: Mapping[str, str], user: str | None = None, cwd: Path | None = None
    ) -> None:
        raise_file_limit()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                command,
                env=dict(env),
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is not meant for it
            )
        _CHILDREN[child.pid] = child
        self.remember(child.pid)

    def remember(self, pid: int) -> None:
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.pid_file.write_text(f"{pid} {_started(pid)}")

    def send(self, number: signal.Signals) -> None:
        if pid := self.pid:
            os.kill(pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM, patience: float = 30) -> None:
        """Ask, wait, insist. A paused program is woken, or it could not hear us."""
        if self.pid:
            self.send(number)
            self.send(signal.SIGCONT)
            if not _until(lambda: self.pid is None, patience):
                self.send(signal.SIGKILL)
                _until(lambda: self.pid is None, 10)
        self.pid_file.unlink(missing_ok=True)

    def wait(self, ready: Callable[[], bool], deadline: float) -> None:
        """Until it is ready; says which one and shows its last lines when it is not."""
        if not _until(lambda: self.pid is None or ready(), deadline):
            raise NotReady(f"{self.name} is not ready after {deadline:.0f} s.\n{tail(self.log)}")
        if self.pid is None:
            raise NotReady(f"{self.name} ended while starting.\n{tail(self.log)}")


def tail(path: Path, lines: int = 25) -> str:
    if not path.exists():
        return f"  (no {path})"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 32_768))
        last = file.read().decode(errors="replace").splitlines()[-lines:]
    return f"  {path}:\n" + "\n".join(f"  | {line}" for line in last)


def raise_file_limit(wanted: int = 65_536) -> None:
    """Brokers and gateways hold many sockets; shells often allow 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}  # kept, so that those we started ourselves are reaped


def _started(pid: int) -> str | None:
    """When the process began, in the kernel's ticks; None when there is none, or only its zombie.

    A killed program whose first thread is a zombie lives on in the others for a moment, with its sockets open.
    """
    try:
        with open(f"/proc/{pid}/stat") as file:
            state, *rest = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    threads, started = rest[16], rest[18]
    if state not in "ZX" or int(threads) > 1:
        return started
    if child := _CHILDREN.pop(pid, None):
        child.wait()  # at once, it has ended: after our None, nothing is left of it
    return None


def _until(true: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
