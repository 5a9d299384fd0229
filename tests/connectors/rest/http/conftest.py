"""Time that tests hold, and clients that are closed after them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentctl.connectors.rest.http import Endpoint
from agentctl.connectors.rest.http.client import Client
from agentctl.connectors.rest.http.timing import Timing


class Hours:
    """Time that passes only while somebody waits; ``waits`` are the seconds of each."""

    def __init__(self):
        self.elapsed = 0.0
        self.waits = []
        self.told = []
        self.start = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
        self.timing = Timing(
            now=lambda: self.elapsed, wall=lambda: self.start + timedelta(seconds=self.elapsed), chance=lambda: 1.0,
            wait=self._wait,
        )

    def _wait(self, closed, seconds):
        self.waits.append(seconds)
        self.elapsed += seconds


@pytest.fixture
def hours():
    return Hours()


@pytest.fixture
def client():
    """Return a maker of clients, closed at the end."""
    made = []

    def make(url, *, hours=None, limit=16 * 1024 * 1024, tell=None, timing=None, **endpoint):
        timing = hours.timing if hours else timing
        tell = tell or (hours.told.append if hours else lambda _: None)
        made.append(Client(Endpoint.at(url, environ={}, **endpoint), tell=tell, limit=limit, timing=timing))
        return made[-1]

    yield make
    for one in made:
        one.close()
