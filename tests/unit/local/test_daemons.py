"""Daemons are known by process id and start time, and only what we started is ever signalled."""

import os
import signal
import sys
import time

import pytest

from deploy.local.daemons import Daemon, NotReady

SLEEPER = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)",
]


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon("sleeper", tmp_path)
    yield daemon
    daemon.stop(signal.SIGKILL)


def test_started_found_again_and_stopped(daemon, tmp_path):
    daemon.start(SLEEPER, os.environ)
    pid = daemon.pid
    assert pid == Daemon("sleeper", tmp_path).pid
    daemon.stop()
    assert daemon.pid is None
    assert not os.path.exists(f"/proc/{pid}")


def test_a_stranger_with_the_same_number_is_left_alone(daemon):
    daemon.pid_file.parent.mkdir(parents=True)
    daemon.pid_file.write_text(f"{os.getpid()} 1")  # our number, another start
    assert daemon.pid is None
    daemon.stop(signal.SIGKILL)  # would end this very test


def test_a_paused_one_can_be_stopped(daemon):
    daemon.start(SLEEPER, os.environ)
    daemon.send(signal.SIGSTOP)
    daemon.stop(patience=5)
    assert daemon.pid is None


def test_one_that_does_not_listen_is_killed(daemon):
    daemon.start(STUBBORN, os.environ)
    daemon.wait(lambda: "here" in daemon.log.read_text(), 10)
    began = time.monotonic()
    daemon.stop(patience=0.3)
    assert daemon.pid is None
    assert time.monotonic() - began < 5


def test_not_ready_in_time_names_it_and_shows_its_log(daemon):
    daemon.start(SLEEPER, os.environ)
    daemon.wait(lambda: "here" in daemon.log.read_text(), 10)
    with pytest.raises(NotReady, match=r"(?s)sleeper is not ready after 0 s.*here"):
        daemon.wait(lambda: False, 0.1)


def test_one_that_ends_while_starting_is_reported_at_once(daemon):
    daemon.start([sys.executable, "-c", "raise SystemExit('no such luck')"], os.environ)
    with pytest.raises(NotReady, match=r"(?s)sleeper ended while starting.*no such luck"):
        daemon.wait(lambda: False, 10)
