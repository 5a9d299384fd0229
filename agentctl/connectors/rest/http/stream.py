"""Bytes over one connection under one deadline: it bounds the whole exchange, not each pause within it."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable

_CHUNK = 65536


class Stream:
    """A connected socket. ``touched`` from the moment on in which a byte of the request may have left."""

    def __init__(self, connection: socket.socket, now: Callable[[], float]) -> None:
        self._connection = connection
        self._now = now
        self.deadline = 0.0
        self.touched = False

    def write(self, data: bytes) -> None:
        """Send all of ``data``. Raises OSError; how much was sent until then is not known."""
        left = memoryview(data)
        while left:
            self._arm()
            self.touched = True
            left = left[self._connection.send(left) :]

    def read(self) -> bytes:
        """Return what is there, or nothing at the end. Raises OSError, TimeoutError once the deadline has passed."""
        self._arm()
        return self._connection.recv(_CHUNK)

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on encrypted, the other end's certificate verified for ``host``. Raises OSError."""
        self._arm()
        # An end without goodbye may be a cut made by somebody else: it must not pass for the end of an answer.
        self._connection = context.wrap_socket(
            self._connection, server_hostname=host, suppress_ragged_eofs=False, do_handshake_on_connect=False
        )
        self._handshake(self._connection)

    def _handshake(self, secured: ssl.SSLSocket) -> None:
        """Shake hands within the deadline, however slowly the other end speaks: each flight has what is left."""
        secured.setblocking(False)
        while True:
            try:
                return secured.do_handshake()
            except ssl.SSLWantReadError:
                self._until(secured, select.POLLIN)
            except ssl.SSLWantWriteError:
                self._until(secured, select.POLLOUT)

    def _until(self, secured: ssl.SSLSocket, event: int) -> None:
        poll = select.poll()
        poll.register(secured, event)
        if not poll.poll(self._left() * 1000):
            raise TimeoutError("handshake")

    @property
    def quiet(self) -> bool:
        """Whether the other end neither left nor spoke out of turn while nobody asked it anything."""
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return False
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self._connection.close()

    def _arm(self) -> None:
        self._connection.settimeout(self._left())

    def _left(self) -> float:
        left = self.deadline - self._now()
        if left <= 0:
            raise TimeoutError("deadline")
        return left
