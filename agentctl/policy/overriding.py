"""Who may override a soft rule, or break the glass, and for how long. Weighing what they sign is the engine's part."""

from __future__ import annotations

from agentctl.facts import dataclass
from agentctl.model.diagnostic import Span


@dataclass(frozen=True, kw_only=True)
class Overriders:
    """``override:`` of a soft invariant: people of which groups may override it, for at most how many seconds."""

    groups: tuple[str, ...]
    seconds: int


@dataclass(frozen=True, kw_only=True)
class BreakGlass:
    """``break_glass:``: who may act alone in an emergency, for at most how many seconds, and when that is reviewed."""

    place: Span
    groups: tuple[str, ...]
    seconds: int
    review_within: int
