"""A company's own software: a real HTTP server that verifies what comes with the client and answers as it is told."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from yikou_client import NotFromYikou, Webhook


class CompanyServer:
    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/yikou"
        self.secrets = []
        self.answers = []
        """Statuses of the next answers; 200 when there are none."""
        self.messages = []
        self.refused = 0

    def take(self, headers, body):
        try:
            self.messages.append(Webhook(self.secrets).verify(headers, body))
        except (NotFromYikou, ValueError):
            self.refused += 1
            return 400
        return self.answers.pop(0) if self.answers else 200

    def kinds(self):
        return [message.kind for message in self.messages]

    def ids(self):
        return [message.id for message in self.messages]


@contextmanager
def company_server():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(company.take(dict(self.headers), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        company = CompanyServer(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield company
        finally:
            server.shutdown()
            thread.join(10)
