"""A clock that stands still until it is told otherwise. Nothing here waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FrozenClock:
    """Call it for the time; ``advance`` moves it."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def advance(self, **delta: float) -> None:
        """Move by a ``timedelta`` given in its own words: ``advance(minutes=5)``."""
        self._now += timedelta(**delta)
