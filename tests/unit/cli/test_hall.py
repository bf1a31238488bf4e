"""The client of the public door, against a door that misbehaves on purpose."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy.cli.hall import Deadline, Hall, NotInTime, Refused

LINES = [{"seq": seq, "kind": kind} for seq, kind in ((1, "filed"), (2, "assigned"), (3, "closed"))]


class Door(BaseHTTPRequestHandler):
    """Signs everybody in, hangs up in the middle of each stream, refuses what it does not know."""

    protocol_version = "HTTP/1.1"
    asked: list = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body, self.headers.get("Idempotency-Key")))
        if self.path == "/v1/tokens":
            return self._answer(200, {"access_token": "t"})
        problem = {"slug": "incomplete-form", "detail_zh": "不完整", "detail_en": "Incomplete",
                   "errors": [{"path": "form.name", "zh": "请填写姓名。", "en": "Name is missing."}]}  # fmt: skip
        return self._answer(422, problem)

    def do_GET(self):
        after = int(self.headers.get("Last-Event-ID", 0))
        self.asked.append((self.path, after, self.headers["Authorization"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        line = LINES[after]
        self.wfile.write(b"retry: 10\n\n: still here\n\n")
        self.wfile.write(f"id: {line['seq']}\nevent: noted\ndata: {json.dumps(line)}\n\n".encode())
        self.wfile.write(b'id: 9\ndata: {"half":')
        self.close_connection = True

    def _answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hall():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    Door.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Hall("clerk", f"http://127.0.0.1:{server.server_port}", "secret")
    server.shutdown()
    server.server_close()


def test_a_stream_that_breaks_off_is_taken_up_where_it_ended(hall):
    seen = []
    for line in hall.lines("20260302-0000017", deadline=Deadline(20)):
        seen.append(line)
        if line["kind"] == "closed":
            break
    assert seen == LINES
    streams = [asked for asked in Door.asked if asked[0].endswith("/events")]
    assert [after for _, after, _ in streams] == [0, 1, 2]
    assert {authorization for *_, authorization in streams} == {"Bearer t"}


def test_a_refusal_is_told_in_both_languages_with_its_fields(hall):
    with pytest.raises(Refused) as refusal:
        hall.post("/v1/cases", matter="moving-in")
    assert (refusal.value.status, refusal.value.slug) == (422, "incomplete-form")
    assert "不完整 Incomplete" in str(refusal.value)
    assert "form.name: 请填写姓名。 Name is missing." in str(refusal.value)


def test_every_order_has_a_key_of_its_own(hall):
    for _ in range(2):
        with pytest.raises(Refused):
            hall.post("/v1/cases", matter="moving-in")
    keys = [key for path, _, key in Door.asked if path == "/v1/cases"]
    assert len(set(keys)) == 2 and all(keys)


def test_a_wait_says_what_it_waited_for():
    with pytest.raises(NotInTime, match=r"派出志愿者.*a volunteer is asked"):
        Deadline(0.3).until("派出志愿者", "a volunteer is asked", lambda: None)
    assert Deadline(5).until("", "", lambda: 7) == 7
    assert Deadline(1).within(60).left <= 1
