import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.stack import borrowed_parts
from gateway.access import AUDIENCE, ISSUER
from gateway.app import build
from gateway.limits import Limits
from gateway.routes import TABLE
from services.chassis.settings import settings
from tests.integration.gateway.wire import Wire

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def broker():
    """A real broker's address. Parallel workers get one each: their stand-in offices would answer each other's calls."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    with borrowed_parts(ROOT / ".run" / f"test-gateway{worker}") as env:
        yield env["AMQP_URI"]


def open_offices(script, broker, **env):
    process = subprocess.Popen(
        [sys.executable, str(HERE / script)],
        cwd=ROOT,
        env={
            "AMQP_URI": broker,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            "PATH": "/usr/bin",
            **env,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if line.strip() == "open":
            return process
    raise AssertionError(f"{script} did not open: {process.wait()}")


def close_offices(process):
    process.stdin.close()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def stock_offices(broker):
    process = open_offices("stock_offices.py", broker)
    yield
    close_offices(process)


@pytest.fixture(scope="session")
def signing_key():
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="session")
def stand_in_offices(broker, signing_key):
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(signing_key.public_key()))
    jwk |= {"kid": "test", "use": "sig", "alg": "EdDSA"}
    process = open_offices("stand_in_offices.py", broker, PUBLIC_JWK=json.dumps(jwk))
    yield
    close_offices(process)


@pytest.fixture(scope="session")
def sign(signing_key):
    """A token as identity would make it; any claim can be changed, None leaves it out."""

    def make(key=signing_key, kid="test", algorithm="EdDSA", **changed):
        now = time.time()
        claims = {
            "sub": "li",
            "kind": "staff",
            "department": None,
            "roles": [{"role": "clerk", "scope": "110105001001"}],
            "iss": ISSUER,
            "aud": AUDIENCE,
            "nbf": now - 1,
            "exp": now + 600,
            "jti": uuid.uuid4().hex,
        } | changed
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key, algorithm, headers={"kid": kid})

    return make


class Served(uvicorn.Server):
    """uvicorn in the test's own loop: signals stay the test runner's."""

    @contextlib.contextmanager
    def capture_signals(self):
        yield


@pytest.fixture
async def wire(broker):
    wire = Wire(broker)
    await wire.join()
    yield wire
    await wire.cut()


@pytest.fixture
def limits():
    return Limits(scale=1000)


@pytest.fixture
def rows():
    return TABLE


@pytest.fixture
async def app(wire, rows, limits, stand_in_offices, tmp_path, monkeypatch, broker):
    monkeypatch.setenv("AMQP_URI", broker)
    monkeypatch.setenv("YIKOU_DATA", str(tmp_path))
    settings.cache_clear()
    yield build(rows, amqp_uri=wire.uri, limits=limits)
    settings.cache_clear()


@pytest.fixture
async def client(app):
    """An HTTP client of a gateway that is open for business on a real socket."""
    server = Served(
        uvicorn.Config(app, port=0, log_config=None, server_header=False, timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(server.serve())
    gate = app.state.gate
    async with asyncio.timeout(15):
        while not server.started:
            await asyncio.sleep(0.01)
        await gate.line.is_open.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        yield client
        gate.live.end_all("stopping")
    server.should_exit = True
    await serving
