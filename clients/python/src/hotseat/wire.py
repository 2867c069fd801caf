"""HTTP to the sidecar over plain sockets: bounded in bytes, and in time as a whole.

It speaks HTTP/1.0, so that an answer ends with its connection and is not cut into chunks.
"""

from __future__ import annotations

import socket
import time
import urllib.parse
from typing import Callable

LONGEST_ANSWER = 64 << 10
LONGEST_LINE = 64 << 10
SILENCE = 10.0  # after so many seconds without an event the watch is given up
REST = 2.0  # and after so many without a watch it is begun anew


class SidecarError(Exception):
    """The sidecar cannot be reached, or has refused the request; the message says why."""


class Refused(SidecarError):
    """It has answered with a status that says no."""

    def __init__(self, what: str, status: int, text: str) -> None:
        super().__init__(f"{what}: {status}: {text}")
        self.status = status


class Sidecar:
    """Where the sidecar answers."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        try:
            port = parts.port or 80
        except ValueError:
            port = 0
        if parts.scheme != "http" or not parts.hostname or not port or parts.path not in ("", "/"):
            raise ValueError(f"{url!r} is not an address of a sidecar: give http://127.0.0.1:4040")
        self.address, self._host = (parts.hostname, port), parts.netloc

    def ask(self, method: str, path: str, within: float, body: bytes = b"") -> bytes:
        """One request and its body, within so many seconds.

        Raises Refused for any status but 200, and SidecarError if there is no whole answer.
        """
        deadline, answer = time.monotonic() + within, bytearray()
        what = f"{method} http://{self._host}{path}"
        try:
            with self._connect(method, path, within, body) as stream:
                while piece := receive(stream, deadline - time.monotonic()):
                    answer += piece
                    if len(answer) > LONGEST_ANSWER:
                        raise SidecarError(f"{what}: longer than {LONGEST_ANSWER} bytes")
        except OSError as error:
            raise SidecarError(f"{what}: {error}") from error
        head, _, rest = bytes(answer).partition(b"\r\n\r\n")
        status = status_in(head)
        if status != 200:
            text = rest.decode(errors="replace").strip()[:500] or "no HTTP answer"
            raise Refused(what, status, text)
        return rest

    def watch(self, heard: Callable[[], bool]) -> None:
        """Says when it hears something, the head of the stream or an event, until that says no.

        Raises Refused where there is no watch, and SidecarError when it breaks or is silent.
        """
        rest, goes_on, status = b"", True, 0
        try:
            with self._connect("GET", "/v1/watch", SILENCE, b"") as stream:
                while goes_on and (piece := receive(stream, SILENCE)):
                    *lines, rest = (rest + piece).split(b"\n")
                    if lines and not status:
                        status = status_in(lines[0])
                        if status != 200:
                            raise Refused("GET /v1/watch", status, "no events")
                        goes_on = heard()
                    if any(line.startswith(b"data:") for line in lines):
                        goes_on = heard()
                    if len(rest) > LONGEST_LINE:
                        raise SidecarError(f"/v1/watch: a line longer than {LONGEST_LINE} bytes")
        except OSError as error:
            raise SidecarError(f"/v1/watch: {error}") from error

    def _connect(self, method: str, path: str, within: float, body: bytes) -> socket.socket:
        stream = socket.create_connection(self.address, timeout=within)
        head = f"{method} {path} HTTP/1.0\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n"
        try:
            stream.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        except BaseException:
            stream.close()
            raise
        return stream


def receive(stream: socket.socket, within: float) -> bytes:
    if within <= 0:
        raise TimeoutError("timed out")
    stream.settimeout(within)
    return stream.recv(16 << 10)


def status_in(head: bytes) -> int:
    """The status in the first line of an answer; 0 if it is none."""
    words = head.split(b"\r\n")[0].split(b" ")
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        return 0
    return int(words[1][:3])


def signal_path(key: str) -> str:
    return "/v1/signals/" + urllib.parse.quote(key, safe="")
