"""Ports: preferred when free, remembered over runs, others when somebody sits on them, never doubled."""

import socket

import pytest

from deploy.local import ports

NAMES = ["gateway", "frontdesk", "amqp"]


@pytest.fixture
def free(monkeypatch):
    busy: set[int] = set()
    monkeypatch.setattr(ports, "is_free", lambda port: port not in busy)
    return busy


def test_preferred_ports_follow_the_order_of_the_names(free):
    assert ports.choose(NAMES, 28_000, {}, ()) == {"gateway": 28_000, "frontdesk": 28_001, "amqp": 28_002}


def test_a_busy_port_is_stepped_over_by_a_whole_span(free):
    free.add(28_001)
    assert ports.choose(NAMES, 28_000, {}, ())["frontdesk"] == 28_101


def test_remembered_ports_stay(free):
    assert ports.choose(NAMES, 28_000, {"amqp": 30_000}, ())["amqp"] == 30_000


def test_a_remembered_port_that_somebody_took_is_replaced(free):
    free.add(30_000)
    assert ports.choose(NAMES, 28_000, {"amqp": 30_000}, ())["amqp"] == 28_002


def test_what_runs_already_keeps_its_port_though_it_is_busy(free):
    free.add(30_000)
    assert ports.choose(NAMES, 28_000, {"amqp": 30_000}, {"amqp"})["amqp"] == 30_000


def test_no_port_is_given_twice(free):
    free.update(range(28_000, 32_000))
    chosen = ports.choose(NAMES, 28_000, {"amqp": 32_000}, ())
    assert len(set(chosen.values())) == len(NAMES)


def test_other_stacks_have_a_hundred_of_their_own_below_the_ephemeral_range():
    assert ports.base_of(".run") == ports.FIRST
    for directory in (".run/test", ".run/bench", "../elsewhere"):
        assert ports.FIRST < ports.base_of(directory) <= ports.LAST - ports.SPAN


def test_a_listener_makes_a_port_busy():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.listens(port)
    assert not ports.listens(port)
