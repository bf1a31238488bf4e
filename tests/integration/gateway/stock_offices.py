"""Stock nameko services, nothing of ours in them: what the gateway speaks must be nameko's protocol and not a dialect.

`python stock_offices.py` prints "open" when every queue is being read; it stops when its standard input closes.
"""

import eventlet

eventlet.monkey_patch()

import os
import sys

import eventlet.greenio
from nameko.containers import ServiceContainer
from nameko.dependency_providers import DependencyProvider
from nameko.rpc import RpcProxy, rpc

from services.chassis.errors import Problem


class Context(DependencyProvider):
    """What a worker was told about its call."""

    def get_dependency(self, worker_ctx):
        return worker_ctx.context_data


class Echo:
    name = "echo"
    context = Context()
    held = []

    @rpc
    def say(self, **fields):
        return fields

    @rpc
    def tell_context(self):
        return dict(self.context)

    @rpc
    def refuse(self, slug, status):
        facts = {
            "slug": slug,
            "kind": "conflict",
            "status": status,
            "zh": "不行。",
            "en": "No.",
            "fields": [],
            "extras": {},
        }
        problem = Problem()
        problem.args = (facts,)
        raise problem

    @rpc
    def break_down(self):
        raise RuntimeError("the password is hunter2")

    @rpc
    def be_slow(self):
        """Answers when `hurry` is called, never by the clock."""
        waiting = eventlet.Event()
        self.held.append(waiting)
        return waiting.wait()

    @rpc
    def hurry(self):
        count = len(self.held)
        while self.held:
            self.held.pop().send("at last")
        return count


class Relay:
    """Calls on, with nameko's own client: both ends of the protocol in one picture."""

    name = "relay"
    echo = RpcProxy("echo")

    @rpc
    def say(self, **fields):
        return self.echo.say(**fields)


def main():
    config = {"AMQP_URI": os.environ["AMQP_URI"], "max_workers": 50}
    containers = [ServiceContainer(service, config=config) for service in (Echo, Relay)]
    for container in containers:
        container.start()
    print("open", flush=True)
    eventlet.greenio.GreenPipe(sys.stdin.fileno(), "rb").read()
    for container in containers:
        container.kill()


main()
