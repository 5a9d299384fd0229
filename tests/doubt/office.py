"""A system of record on a real TCP port that does what real ones do to a request: loses it, its reply, or does it late.

It counts what it did. Nothing here knows agentctl.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Fault(Enum):
    """What becomes of one writing request. The first ones have the effect, the others have it not, or not yet."""

    NONE = "none"
    REPLY_LOST = "reply lost"               # done, and the connection is closed
    RESET_AFTER = "reset after"             # done, and the connection is reset
    HALF_A_REPLY = "half a reply"
    NO_REPLY = "no reply"                   # done, and nothing comes back
    RESET_BEFORE = "reset before"
    UNHEARD = "unheard"                     # neither done nor answered
    LATE = "late"                           # not answered; done when the test says so
    CLAIMED = "claimed"                     # 2xx, and nothing was done


DONE = {Fault.NONE, Fault.REPLY_LOST, Fault.RESET_AFTER, Fault.HALF_A_REPLY, Fault.NO_REPLY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    body: Any
    key: str
    match: str


@dataclass(slots=True)
class Office:
    """What the system holds. ``effects`` is every change it ever made, with the key it came under."""

    url: str = ""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    effects: list[tuple[str, str]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)       # for the next writing requests, in order
    pending: list[Request] = field(default_factory=list)
    lands_before: bool = False              # what is pending lands just before the next writing request
    serial: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    got: threading.Event = field(default_factory=threading.Event)       # a faulty request is here
    over: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, value: dict[str, Any] | None) -> None:
        """Change a record as somebody else would."""
        with self.lock:
            self._set(path, value, "")

    def land(self) -> None:
        """Do what is on its way."""
        with self.lock:
            late, self.pending = self.pending, []
            for request in late:
                self.act(request)

    def act(self, request: Request) -> tuple[int, Any]:
        with self.lock:
            if request.method == "POST":
                return self._make(request)
            held = self.versions.get(request.path)
            if held is None:
                return 404, {}
            if str(held) != request.match:
                return 412, self.records[request.path]
            self._set(request.path, request.body if request.method == "PUT" else None, request.key)
            self.effects.append((request.method, request.key))
            return 200, {}

    def shown(self, path: str) -> tuple[int, Any]:
        url = urlsplit(path)
        with self.lock:
            if mark := parse_qs(url.query).get("mark"):
                found = [name for name, key in self.marks.items() if key == mark[0] and name.startswith(url.path + "/")]
                return 200, found
            if url.path not in self.records:
                return 404, {}
            value = {"value": self.records[url.path], "version": self.versions[url.path]}
            return 200, {**value, "mark": self.marks.get(url.path, "")}

    def _make(self, request: Request) -> tuple[int, Any]:
        if request.path == "/tickets" and request.key in self.keys:
            return 200, {"id": self.keys[request.key]}
        self.serial += 1
        self.effects.append(("POST", request.key))
        self._set(f"{request.path}/{self.serial}", request.body, request.key)
        if request.path == "/tickets":
            self.keys[request.key] = str(self.serial)
        return 201, {"id": str(self.serial)}

    def _set(self, path: str, value: dict[str, Any] | None, mark: str) -> None:
        if value is None:
            for kept in (self.records, self.versions, self.marks):
                kept.pop(path, None)    # type: ignore[attr-defined]
            return
        self.records[path] = value
        self.versions[path] = self.versions.get(path, 0) + 1
        self.marks[path] = mark


@contextmanager
def served() -> Iterator[Office]:
    """Yield an office that answers on a port of its own."""
    office = Office()
    server = _Server(("127.0.0.1", 0), _handler(office))
    office.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield office
    finally:
        office.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what these tests are about."""


def _handler(office: Office) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(*office.shown(self.path))

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            request = Request(
                method=self.command, path=self.path, body=json.loads(self.rfile.read(length) or b"null"),
                key=self.headers.get("Idempotency-Key", ""), match=self.headers.get("If-Match", ""),
            )
            with office.lock:
                office.requests.append(request)
                if office.lands_before:
                    office.land()
                fault = office.faults.pop(0) if office.faults else Fault.NONE
                if fault is Fault.LATE:
                    office.pending.append(request)
                status, body = office.act(request) if fault in DONE else (201, {"id": "none"})
            if fault is not Fault.NONE:
                office.got.set()
            self._answer(fault, status, body)

        do_PUT = do_DELETE = do_POST    # noqa: N815  # the names http.server looks for

        def _answer(self, fault: Fault, status: int, body: Mapping[str, Any]) -> None:
            match fault:
                case Fault.NONE | Fault.CLAIMED:
                    self._reply(status, body)
                case Fault.REPLY_LOST:
                    self.connection.shutdown(socket.SHUT_RDWR)
                case Fault.RESET_AFTER | Fault.RESET_BEFORE:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                case Fault.HALF_A_REPLY:
                    text = json.dumps({"id": "a" * 100}).encode()
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text[:20])
                case Fault.NO_REPLY | Fault.UNHEARD | Fault.LATE:
                    with suppress(OSError):
                        while not office.over.is_set() and self.connection.recv(1):     # until the client hangs up
                            pass
            self.close_connection = True

        def _reply(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
