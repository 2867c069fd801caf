"""A sidecar for the tests of an application: it says what the test wants it to say."""

from __future__ import annotations

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeSidecar:
    """Answers on a port of the system's choosing, on loopback, until it is stopped.

    It grants and ends terms as the test says, and keeps what the application says.
    """

    def __init__(self, identity: str = "me") -> None:
        self.identity = identity
        self.signals: dict[str, Any] = {}
        """What the application has set, by key."""
        self.ready: bool | None = None
        """Whether the application said that it is ready."""
        self.released: list[int] = []
        """The tokens of the terms that the application has let go of."""
        self.changed = threading.Condition()
        """Notified with every change; `wait_for` waits on it."""
        self._token, self._changes = 0, 0
        self._answer = {"self": False, "name": "", "token": None, "remaining_ms": 0}
        fake = self

        class Handler(_Handler):
            sidecar = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeSidecar:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def lead(self, remaining: float = 60.0, token: int | None = None) -> int:
        """The application's pod leads from now on, in a new term; its token."""
        self._token = self._token + 1 if token is None else token
        self._say(True, self.identity, self._token, remaining)
        return self._token

    def stand_by(self, leader: str = "", remaining: float = 60.0) -> None:
        """Another pod leads from now on, or nobody."""
        self._say(False, leader, None, remaining if leader else 0.0)

    def wait_for(self, condition: Any, timeout: float = 30.0) -> None:
        """Waits until the condition holds, which is looked at with each change.

        Raises TimeoutError if it does not.
        """
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise TimeoutError(f"the condition did not hold within {timeout} s")

    def stop(self) -> None:
        """Answers no more: connections are refused from now on."""
        with self.changed:
            self._changes = -1
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def _say(self, leads: bool, name: str, token: int | None, remaining: float) -> None:
        with self.changed:
            left = round(remaining * 1000)
            self._answer = {"self": leads, "name": name, "token": token, "remaining_ms": left}
            self._changes += 1
            self.changed.notify_all()

    def _put(self, path: str, query: str, value: Any) -> None:
        with self.changed:
            if path == "/v1/ready":
                self.ready = value
            elif path == "/v1/released":
                self.released.append(int(query.partition("token=")[2]))
            else:
                self.signals[urllib.parse.unquote(path.rpartition("/")[2])] = value
            self.changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    sidecar: FakeSidecar

    def do_GET(self) -> None:
        if self.path == "/v1/leader":
            self._say(json.dumps(self.sidecar._answer))
        elif self.path == "/v1/watch":
            self._watch()
        else:
            self.send_error(404)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        self.sidecar._put(path, query, json.loads(body) if body else None)
        self._say("ok")

    def do_DELETE(self) -> None:
        key = urllib.parse.unquote(self.path.rpartition("/")[2])
        if self.sidecar.signals.pop(key, self) is self:
            self.send_error(404, "no such signal")
        else:
            self._say("ok")

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _watch(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        sent, sidecar = -2, self.sidecar
        while True:
            with sidecar.changed:
                sidecar.changed.wait_for(lambda sent=sent: sidecar._changes != sent, 1.0)
                sent, answer = sidecar._changes, json.dumps(sidecar._answer)
            if sent == -1:
                return
            try:
                self.wfile.write(f"event: leader\ndata: {answer}\n\n".encode())
            except OSError:
                return  # the client has gone

    def log_message(self, *_: Any) -> None:
        """A test's output is its own."""
