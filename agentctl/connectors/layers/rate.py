"""Spreads calls over time, so that a plan of ten thousand steps does not overrun the system it is for."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable

from agentctl.connectors.base import Call, Connector, Location, Receipt
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.errors import Invalid
from agentctl.facts import dataclass
from agentctl.model.change import Change
from agentctl.model.snapshot import Address, Snapshot

PATTERN = r"^[1-9][0-9]{0,6}/(s|min|h)$"
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, kw_only=True)
class Rates:
    """At most ``calls`` within any ``seconds``."""

    calls: int
    seconds: float

    @classmethod
    def of(cls, text: str) -> Rates:
        """Read ``60/min``. Raises Invalid where it is not a number per ``s``, ``min`` or ``h``."""
        if not re.fullmatch(PATTERN, text):
            raise Invalid("Rate malformed", f"`rate: {text}` is not a number per s, min or h, as in 60/min.")
        calls, _, unit = text.partition("/")
        return cls(calls=int(calls), seconds=_SECONDS[unit])


class Rate(Wrapped):
    """Waits before a read, a location or an effect that would come too soon. Safe from several threads."""

    def __init__(
        self,
        inner: Connector,
        rates: Rates,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(inner)
        self._rates = rates
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._starts: deque[float] = deque(maxlen=rates.calls)

    def read(self, address: Address) -> Snapshot:
        self._wait()
        return self.inner.read(address)

    def execute(self, change: Change, call: Call) -> Receipt:
        self._wait()
        return self.inner.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        self._wait()
        return self.inner.locate(change, call)

    def _wait(self) -> None:
        """Take the next start; the window is full while as many starts as allowed lie within it."""
        with self._lock:
            now = self._clock()
            start = now
            if len(self._starts) == self._rates.calls:
                start = max(now, self._starts[0] + self._rates.seconds)
            self._starts.append(start)
        if start > now:
            self._sleep(start - now)
