"""Draws what is halted, above everything else, and how each halt is lifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.times import when

_EVENTS_SHOWN = 5


def draw_halts(page: Page, halts: Sequence[Mapping[str, Any]]) -> None:
    """Draw each halt with who, when and why; nothing where there is none."""
    for halt in halts:
        page.line(Inked("! halted: ", Ink.RISK), safe.line(halt["why"]), hang=2)
        if tripped := halt["tripped"]:
            page.line(Inked(_events(tripped), Ink.FAINT), indent=4)
        for command in filter(None, (halt["look"], halt["lift"])):
            page.line(Inked(safe.line(command), Ink.COMMAND), indent=4, whole=True)
    if halts:
        page.blank()


def trip_in_words(trip: Mapping[str, Any]) -> str:
    """Return in words which breaker a run tripped, and who lifted that."""
    said = f"breaker {trip['breaker']}, {trip['reason']}: {trip['halted']} halted"
    if lifted := trip["lifted"]:
        said += f", lifted by {lifted['by']}, {when(lifted['at'])}: {lifted['reason']}"
    return safe.line(said)


def _events(tripped: Mapping[str, Any]) -> str:
    """Say what tripped a breaker, the latest first."""
    events = tripped["events"][-_EVENTS_SHOWN:]
    shown = [
        f"step {safe.line(event['step'])} of run {safe.line(event['run'])}" if event["step"]
        else f"rollback {safe.line(event['run'])}"
        for event in reversed(events)
    ]
    more = tripped["counted"] - len(shown)
    return ", ".join([*shown, f"and {more:,} more"] if more else shown)
