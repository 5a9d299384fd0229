"""Durations as people write them (``30s``, ``15m``, ``4h``, ``7d``) and as whole seconds."""

from __future__ import annotations

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def seconds(text: str) -> int:
    """Return the seconds of a duration the schema lets through. Raises KeyError or ValueError where it is none."""
    return int(text[:-1]) * _SECONDS[text[-1]]


def spoken(whole: int) -> str:
    """Return ``whole`` seconds in the largest unit that says them exactly: 3600 is ``1h``, 5400 is ``90m``."""
    unit, size = next((unit, size) for unit, size in _SECONDS.items() if whole % size == 0)
    return f"{whole // size}{unit}"
