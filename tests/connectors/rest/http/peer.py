"""The other end of a connection, on a real port: it says what its script says, byte by byte, and keeps what it heard."""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

Act: TypeAlias = "bytes | Callable[[socket.socket], None] | Echo"
"""What follows a request: these bytes, or whatever is done to the connection."""


def reply(body: object = None, status: int = 200, **headers: str) -> bytes:
    """Return a whole answer of JSON; ``x_y`` names the header x-y."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "application/json", "content-length": str(len(data))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value != "none")
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + data


def cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())       # whoever else reads from it keeps nothing open


def then(data: bytes, act: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Say ``data``, and do something to the connection."""

    def both(connection: socket.socket) -> None:
        connection.sendall(data)
        act(connection)

    return both


def silent(connection: socket.socket) -> None:
    """Say nothing until the other side goes."""
    with suppress(OSError):
        connection.recv(1)
    cut(connection)


def endless(first: bytes, more: bytes) -> Callable[[socket.socket], None]:
    """Say ``first``, and then ``more`` for as long as anybody listens."""

    def talk(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(first)
            while True:
                connection.sendall(more)
        cut(connection)

    return talk


def dripping(first: bytes, more: bytes, every: float) -> Callable[[socket.socket], None]:
    """Say ``first``, and then ``more`` every so often: never silent, never done."""
    gone = threading.Event()

    def talk(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(first)
            while not gone.wait(every):
                connection.sendall(more)
        cut(connection)

    return talk


class Echo:
    """Answers each request with its own target."""


@dataclass(slots=True)
class Heard:
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]


@dataclass(slots=True)
class Peer:
    """``acts`` answer the requests in the order in which they come; the last one answers all that follow."""

    acts: list[Act] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    tls: ssl.SSLContext | None = None
    scheme: str = "http"
    lock: threading.Lock = field(default_factory=threading.Lock)
    listener: socket.socket | None = None
    raw: Callable[[socket.socket], None] | None = None      # what is done to a connection instead of reading requests

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [heard.target for heard in self.heard]

    def leave(self) -> None:
        """Answer no new connection: it is refused."""
        cut(self.listener)

    def serve(self, connection: socket.socket) -> None:
        try:
            if self.raw:
                with connection:
                    self.raw(connection)
                return
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                while (heard := _request(lines)) is not None:
                    act = self._next(heard)
                    if isinstance(act, Echo):
                        connection.sendall(reply(heard.target))
                    elif isinstance(act, bytes):
                        connection.sendall(act)
                    else:
                        act(connection)
        except (OSError, ValueError):
            pass

    def _next(self, heard: Heard) -> Act:
        with self.lock:
            self.heard.append(heard)
            return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]


def _request(lines) -> Heard | None:
    line = lines.readline().decode("latin-1").strip()
    if not line:
        return None
    headers = {}
    while text := lines.readline().decode("latin-1").strip():
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    return Heard(line, headers, lines.read(int(headers.get("content-length", 0))))


@contextmanager
def peer(
    *acts: Act, tls: ssl.SSLContext | None = None, raw: Callable[[socket.socket], None] | None = None
) -> Iterator[Peer]:
    """Start a peer on a free port of this machine; every connection of it ends with the context."""
    made = Peer(acts=list(acts), tls=tls, raw=raw, scheme="https" if tls else "http")
    made.listener = listener = socket.create_server(("127.0.0.1", 0))
    made.port = listener.getsockname()[1]
    opened: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                made.connections += 1
                opened.append(connection)
                threading.Thread(target=made.serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        for end in [listener, *opened]:
            cut(end)
        thread.join(5)
        listener.close()
        for end in opened:
            end.close()
