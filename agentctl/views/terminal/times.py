"""Times and durations as people say them."""

from __future__ import annotations

from agentctl.views import safe


def when(time: str) -> str:
    """Return ``2026-02-03 09:15:02 UTC`` for a recorded time."""
    if not time.endswith("Z") or "T" not in time:
        return safe.line(time)
    day, _, clock = time.removesuffix("Z").partition("T")
    return safe.line(f"{day} {clock.partition('.')[0]} UTC")


def took(milliseconds: int | None) -> str:
    """Return ``0.12 s``, ``3 min 20 s``, or nothing where it is not known."""
    if milliseconds is None:
        return ""
    seconds = milliseconds // 1000
    if seconds < 60:
        return f"{seconds}.{milliseconds % 1000 // 10:02} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
