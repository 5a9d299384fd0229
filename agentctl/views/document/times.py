"""Recorded times as numbers. Words for them are the drawing's."""

from __future__ import annotations

from datetime import datetime, timedelta


def milliseconds(start: str, end: str) -> int | None:
    """Return how long something took, None where one of its ends is not known."""
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)) // timedelta(milliseconds=1)
