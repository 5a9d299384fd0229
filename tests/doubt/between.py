"""A proxy before a PostgreSQL server that does to a COMMIT what networks do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum


class Cut(Enum):
    """What becomes of the next COMMIT."""

    NONE = "none"
    BEFORE = "before it arrives"
    AFTER = "after it was done"
    SILENT = "reply swallowed"
    LATE = "late"                   # held back until the test lets it go, the client long gone


class Between:
    """Passes bytes on, but for one COMMIT."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.cut = Cut.NONE
        self.landing = threading.Event()
        self.landed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.landing.set()
        for opened in self._open:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                self._open += [client, server]
                deaf = threading.Event()
                threading.Thread(target=self._forth, args=(client, server, deaf), daemon=True).start()
                threading.Thread(target=self._back, args=(client, server, deaf), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        writing = False
        with suppress(OSError):
            while data := client.recv(65536):
                writing = writing or b"READ WRITE\0" in data
                if writing and b"COMMIT\0" in data and self.cut is not Cut.NONE:
                    cut, self.cut = self.cut, Cut.NONE
                    self._cut(cut, data, client, server, deaf)
                    return
                server.sendall(data)
        self._shut(server)

    def _cut(
        self, cut: Cut, data: bytes, client: socket.socket, server: socket.socket, deaf: threading.Event
    ) -> None:
        deaf.set()
        if cut is Cut.BEFORE:
            self._shut(server)
            self._shut(client)
            return
        if cut is Cut.LATE:
            self.landing.wait()
        server.sendall(data)
        with suppress(OSError):
            server.recv(65536, socket.MSG_PEEK)     # it has answered: it is done
        self.landed.set()
        if cut is Cut.AFTER:
            self._shut(client)

    def _back(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536, socket.MSG_PEEK):
                if deaf.is_set():
                    return
                client.sendall(server.recv(len(data)))
        if not deaf.is_set():
            self._shut(client)

    @staticmethod
    def _shut(end: socket.socket) -> None:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(path: str) -> Iterator[Between]:
    proxy = Between(path)
    try:
        yield proxy
    finally:
        proxy.close()
