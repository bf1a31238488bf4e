"""An HTTP/1.1 client with next to no cost of its own, so that the load generator does not measure itself."""

import asyncio
import json
import os
from urllib.parse import urlsplit


class Line:
    """One kept-alive connection; one request at a time."""

    def __init__(self, headers: dict[str, str] | None = None) -> None:
        address = urlsplit(os.environ["YIKOU_URL"])
        self.host, self.port = address.hostname, address.port
        self.headers = headers or {}

    async def __aenter__(self) -> "Line":
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
        return await self.send(method, path, b"" if body is None else json.dumps(body).encode(), **headers)

    async def send(self, method: str, path: str, payload: bytes, **headers: str) -> tuple[int, bytes]:
        """The same, with the JSON written already."""
        lines = [f"{method} {path} HTTP/1.1", f"host: {self.host}", f"content-length: {len(payload)}"]
        if payload:
            lines.append("content-type: application/json")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in {**self.headers, **headers}.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + payload)
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = next(
            int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        )
        return status, await self.reader.readexactly(length)


async def sign_in(account: str) -> dict[str, str]:
    password = os.environ[f"YIKOU_PASSWORD_{account.upper()}"]
    async with Line() as line:
        status, body = await line.ask(
            "POST", "/v1/tokens", {"grant": "password", "account": account, "password": password}
        )
    assert status in (200, 201), body
    return {"authorization": "Bearer " + json.loads(body)["access_token"]}
