"""Stands before a system, on a free port of this machine: keeps what was asked, and does to it what networks do.

What the system answers is somebody else's: another server's, or a simulator's in this process.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from tests.systems.mishaps import Cut, Mishap, Pass, Question, Reply

Answerer: TypeAlias = Callable[[Question], Reply]
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-connection", "te", "upgrade"})


@dataclass(slots=True)
class Exchange:
    """One request, and what became of it: ``reply`` is what the system said, where it acted."""

    question: Question
    mishap: Mishap
    reply: Reply | None = None


@dataclass(slots=True)
class _Order:
    mishap: Mishap
    method: str
    path: re.Pattern[str]
    skip: int
    left: int


@dataclass(slots=True)
class Front:
    """``url`` is where to ask. ``journal`` holds every request, in the order in which they came."""

    answer: Answerer
    port: int = 0
    tls: bool = False
    journal: list[Exchange] = field(default_factory=list)
    _orders: list[_Order] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def when(self, mishap: Mishap, method: str = "", path: str = "", *, nth: int = 1, times: int = 1) -> None:
        """Let ``mishap`` happen to the ``nth`` request of this kind from now on, and to ``times - 1`` after it.

        ``path`` is a regular expression that the whole path fits, without the query. Empty means any.
        """
        with self._lock:
            self._orders.append(_Order(mishap, method, re.compile(path or ".*"), nth - 1, times))

    def asked(self, method: str = "", path: str = "") -> list[Question]:
        """Return the requests of this kind that came."""
        wanted = re.compile(path or ".*")
        return [
            one.question for one in list(self.journal)
            if method in {"", one.question.method} and wanted.fullmatch(one.question.path)
        ]

    def forget(self) -> None:
        """Forget what was asked, and what was to happen: a test begins."""
        with self._lock:
            self.journal.clear()
            self._orders.clear()

    def begin(self, question: Question) -> Exchange:
        """Note a request, and decide what happens to it."""
        with self._lock:
            exchange = Exchange(question, self._next(question))
            self.journal.append(exchange)
        return exchange

    def _next(self, question: Question) -> Mishap:
        for order in self._orders:
            if order.left and order.method in {"", question.method} and order.path.fullmatch(question.path):
                if order.skip:
                    order.skip -= 1
                    continue
                order.left -= 1
                return order.mishap
        return Pass()


@contextmanager
def front(answer: Answerer, *, tls: ssl.SSLContext | None = None) -> Iterator[Front]:
    """Open the front; all its connections end with the context."""
    made = Front(answer, tls=tls is not None)
    server = _Server(("127.0.0.1", 0), made, tls)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.hang_up()
        server.server_close()


def forwarded(port: int) -> Answerer:
    """Answer with what a server on this machine answers. Each request has a connection of its own."""

    def answer(question: Question) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            headers = {name: value for name, value in question.headers.items() if name not in _HOP}
            connection.request(question.method, question.target, question.body or None, headers)
            response = connection.getresponse()
            body = response.read()
            said = {name.lower(): value for name, value in response.getheaders() if name.lower() not in _HOP}
            return Reply(response.status, said, body)
        finally:
            connection.close()

    return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], made: Front, tls: ssl.SSLContext | None) -> None:
        self.front = made
        self._tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def finish_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        spoken = request
        with suppress(OSError):     # who hangs up is no news to a server
            if self._tls is not None:
                spoken = self._tls.wrap_socket(request, server_side=True)
            self._open.add(spoken)
            super().finish_request(spoken, client_address)
        self._open.discard(spoken)
        spoken.close()

    def hang_up(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        exchange = self.server.front.begin(self._question())
        try:
            exchange.mishap(exchange.question, self._answer(exchange), self._tell)
        except Cut:
            self._hang_up()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  (the names are the library's)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the journal is kept by the front."""

    def version_string(self) -> str:
        return "front"

    def _question(self) -> Question:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Question(self.command, self.path, headers, self.rfile.read(length) if length else b"")

    def _answer(self, exchange: Exchange) -> Callable[[], Reply]:
        def answer() -> Reply:
            exchange.reply = self.server.front.answer(exchange.question)
            return exchange.reply

        return answer

    def _tell(self, reply: Reply, most: int | None = None) -> None:
        """Send the reply; of its body at most so many bytes, and then hang up."""
        self._head(reply)
        if self.command != "HEAD":
            self.wfile.write(reply.body if most is None else reply.body[:most])
        if most is not None:
            raise Cut

    def _head(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        bodiless = reply.status in {204, 304}
        length = {} if bodiless else {"content-length": str(len(reply.body))}
        headers: Mapping[str, str] = {"date": self.date_time_string(), **length, **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
