"""When the next request may go: after what the system asked for, told to whoever waits, and never once it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from agentctl.connectors.rest.http.failed import Limited, NotSent
from agentctl.connectors.rest.http.limits import Pause
from agentctl.connectors.rest.http.timing import Timing
from agentctl.errors import AgentctlError
from agentctl.facts import dataclass

_WORTH_TELLING = 1.0
_FAR = 10 * 365 * 86400.0


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What is told before a wait, as a line for a person. ``why`` is fixed words; ``system`` is host and port."""

    system: str
    why: str
    seconds: float
    until: datetime

    def __str__(self) -> str:
        return f"waiting {self.seconds:,.0f} s for {self.system}, until {self.until:%H:%M:%S} UTC: {self.why}"


class Turns:
    """What one thread hears of a limit holds for all. Safe from several threads."""

    def __init__(self, system: str, timing: Timing, tell: Callable[[Waiting], None]) -> None:
        self._system = system
        self._timing = timing
        self._tell = tell
        self._lock = threading.Lock()
        self._held_until = self._told_until = 0.0       # in the time of `now`
        self._busy = False
        self._over = threading.Event()

    def hold(self, asked: Pause) -> Limited:
        """Send nothing for as long as the system asked; return how to tell it of the request that was refused."""
        with self._lock:
            self._held_until = max(self._held_until, self._timing.now() + asked.seconds)
            self._busy = asked.busy
        return self._limited(asked.seconds, passing=True)

    def wait(self, deadline: float) -> None:
        """Return once a request may go. Raises Limited where that is past the deadline, NotSent where it is over."""
        while not self._over.is_set():
            seconds = self._held_until - self._timing.now()
            if seconds <= 0:
                return
            if self._timing.now() + seconds >= deadline:
                raise self._limited(seconds, passing=False)
            # Not all at once: the threads that waited for the same moment would be refused together again.
            self.rest(seconds, "it is busy" if self._busy else "its rate limit is reached", self._timing.chance())
        raise NotSent("Stopped", "The run was ended before this was sent.", passing=False)

    def rest(self, seconds: float, why: str, spread: float = 0.0) -> None:
        """Wait so many seconds, told once for all threads, or until it is over."""
        until = self._timing.now() + seconds
        with self._lock:
            untold = seconds >= _WORTH_TELLING and until > self._told_until + _WORTH_TELLING
            self._told_until = until if untold else self._told_until
        if untold:
            # Nobody to tell it to (a full disk, a closed terminal) is no reason to doubt the request.
            with suppress(AgentctlError, OSError):
                self._tell(Waiting(system=self._system, why=why, seconds=seconds, until=self._moment(seconds)))
        self._timing.wait(self._over, seconds + spread)

    def end(self) -> None:
        """End every wait; nothing goes after that."""
        self._over.set()

    def _limited(self, seconds: float, *, passing: bool) -> Limited:
        until = self._moment(seconds)
        day = "" if seconds < 12 * 3600 else f"{until:%Y-%m-%d} "
        return Limited(
            "System busy" if self._busy else "Rate limited",
            f"{self._system} takes no more requests until {day}{until:%H:%M:%S} UTC.",
            hint="This was not sent. Go on after that time.", passing=passing,
        )

    def _moment(self, seconds: float) -> datetime:
        return self._timing.wall() + timedelta(seconds=min(seconds, _FAR))
