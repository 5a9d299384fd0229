"""Connections of one client: at most so many at once, and used again where that is safe."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from agentctl.connectors.rest.http.exchange import Wire
from agentctl.connectors.rest.http.failed import NotSent

CONNECTIONS = 50


class Pool:
    """Safe from several threads."""

    def __init__(self, open: Callable[[float], Wire], now: Callable[[], float]) -> None:
        self._open = open
        self._now = now
        self._slots = threading.Semaphore(CONNECTIONS)
        self._lock = threading.Lock()
        self._idle: list[tuple[Wire, float]] = []
        self._closed = False

    def take(self, deadline: float, freshness: float) -> Wire:
        """Return a connection: one that rested no longer than ``freshness`` seconds, or a new one. Raises NotSent."""
        if not self._slots.acquire(timeout=max(0.0, deadline - self._now())):
            raise NotSent("No answer in time", f"All {CONNECTIONS} connections were busy until the time was over.")
        try:
            return self._rested(freshness) or self._open(deadline)
        except BaseException:
            self._slots.release()
            raise

    def give(self, wire: Wire) -> None:
        """Take a connection back after use: kept where the next request can follow, else closed."""
        try:
            if wire.reusable:
                wire.again()
                with self._lock:
                    if not self._closed:
                        self._idle.append((wire, self._now()))
                        return
            wire.stream.close()
        finally:
            self._slots.release()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for wire, _ in idle:
            with suppress(OSError):
                wire.stream.close()

    def _rested(self, freshness: float) -> Wire | None:
        """Return the one that rested least; those that rested too long, or were closed meanwhile, are let go."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                wire, since = self._idle.pop()
            if self._now() - since <= freshness and wire.stream.quiet:
                return wire
            wire.stream.close()
