"""This machine's clocks, and whether a workspace may go by them. What may be believed is ``model.clock``'s part."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from agentctl.errors import Refused
from agentctl.model import clock
from agentctl.model.clock import Clocks, Doubt, corrections
from agentctl.model.run import History

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_TIME_NAMESPACE = Path("/proc/self/ns/time")


def machine() -> Clocks:
    """Read the wall clock and, where the system has one that goes on in sleep, the clock since it started."""
    boot = _boot()
    if not boot:
        return Clocks(wall=datetime.now(UTC))
    since = timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))
    return Clocks(wall=datetime.now(UTC), boot=boot, since=since)


def last_record(history: History) -> datetime | None:
    return datetime.fromisoformat(history.last) if history.last else None


def in_doubt(clocks: Clocks, history: History) -> Doubt | None:
    """Return why the clock can't be believed, going by what ``history`` tells of it."""
    return clock.doubt(clocks, last_record(history), _anchor(clocks, history))


def check(clocks: Clocks, history: History) -> None:
    """Raise Refused where nothing may begin by this clock."""
    if found := in_doubt(clocks, history):
        raise Refused(
            "The clock cannot be believed",
            f"{found.why} Approvals and limits would be counted by a wrong clock. Nothing was done.",
            hint="If it is wrong, set it and try again. If it is right now, say so, and that is recorded:",
            command="agentctl clock trust --reason …",
        )


def _anchor(clocks: Clocks, history: History) -> Clocks | None:
    """Return what was last said to be right of this boot, or what its first run saw.

    Later runs don't count: many small steps, each too small to notice, would go unnoticed altogether.
    """
    said = [correction.clocks for correction in corrections(history.acts) if correction.clocks.boot == clocks.boot]
    seen = (run.clock for run in history.runs if run.clock is not None and run.clock.boot == clocks.boot)
    return said[-1] if said else next(seen, None)


@cache
def _boot() -> str:
    """Return what names this boot, and the time namespace its clocks are seen from; empty where that can't be told.

    No process outlives a boot, and ours stays in its namespace.
    """
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return ""
    try:
        boot = _BOOT.read_text().strip()
    except OSError:
        return ""
    try:
        seen_from = _TIME_NAMESPACE.readlink()
    except OSError:     # a kernel without time namespaces has one clock for all
        return boot
    return f"{boot} {seen_from}"
