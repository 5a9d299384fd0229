"""The words of the core as symbols and colours: the one table; nothing else draws them."""

from __future__ import annotations

from agentctl.views.page import Ink

EFFECTS: dict[str, tuple[str, Ink]] = {
    "create": ("+", Ink.ADD),
    "update": ("~", Ink.CHANGE),
    "delete": ("-", Ink.DESTROY),
    "no-op": ("=", Ink.FAINT),
    "read": ("<=", Ink.READ),
    "side-effect": (">", Ink.ACT),
}

STEPS: dict[str, tuple[str, Ink]] = {
    "pending": (".", Ink.FAINT),
    "started": ("?", Ink.RISK),
    "confirmed": ("ok", Ink.GOOD),
    "accepted": ("ok", Ink.GOOD),
    "no-op": ("=", Ink.FAINT),
    "already-done": ("=", Ink.FAINT),
    "deviated": ("!", Ink.RISK),
    "failed": ("x", Ink.RISK),
    "in-doubt": ("?", Ink.RISK),
    "held": ("..", Ink.CAUTION),
    "refused": ("x", Ink.RISK),
    "skipped": (".", Ink.CAUTION),
}

RUNS: dict[str, Ink] = {
    "open": Ink.CAUTION,
    "complete": Ink.GOOD,
    "incomplete": Ink.RISK,
    "abandoned": Ink.RISK,
}
