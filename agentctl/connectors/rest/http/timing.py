"""Elapsed time, wall time, chance and waiting, in one place so that a test can hold them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

from agentctl.facts import dataclass


def _wait(closed: Event, seconds: float) -> None:
    closed.wait(seconds)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """``wait`` returns after the seconds, or as soon as the event is set."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = random.random
    wait: Callable[[Event, float], None] = _wait
