"""What time is gone by, and whether this machine's clock is believed, as a document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agentctl.model.clock import Clocks, Doubt


def clock(clocks: Clocks, time: datetime, doubt: Doubt | None) -> dict[str, Any]:
    """Return the document of ``clock show``."""
    return {
        "version": 1,
        "kind": "ClockDocument",
        "wall": _text(clocks.wall),
        "time": _text(time),
        "boot": clocks.boot,
        "believed": doubt is None,
        "why": doubt.why if doubt else "",
        "next": [{"why": "If it is right now:", "command": "agentctl clock trust --reason …"}] if doubt else [],
    }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
