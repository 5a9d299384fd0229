"""Freezes: what nobody may do between two moments, whatever is granted. Reading them from text is done elsewhere."""

from __future__ import annotations

from datetime import datetime, tzinfo

from agentctl.facts import dataclass
from agentctl.model.action import Tier
from agentctl.model.change import Change
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Finding, Outcome
from agentctl.model.diagnostic import Span
from agentctl.policy.constraints import Circumstances
from agentctl.policy.globs import Glob


@dataclass(frozen=True, kw_only=True)
class Freeze:
    """From ``start`` until just before ``end``. Without ``actions`` everything but reads is frozen."""

    id: str
    place: Span
    start: datetime
    end: datetime
    zone: tzinfo
    message: str = ""
    actions: tuple[Glob, ...] | None = None
    environments: tuple[str, ...] | None = None
    excepted: frozenset[Purpose] = frozenset()


def judge(freeze: Freeze, change: Change, around: Circumstances) -> Finding:
    """Return whether ``freeze`` denies ``change`` now."""
    why = _spared(freeze, change, around)
    outcome = Outcome.NOT_APPLICABLE if why else Outcome.DENIES
    return Finding(rule=freeze.id, place=freeze.place, outcome=outcome, reason=why or _reason(freeze))


def _spared(freeze: Freeze, change: Change, around: Circumstances) -> str:
    if around.now < freeze.start:
        return f"it begins at {_shown(freeze.start, freeze)}"
    if around.now >= freeze.end:
        return f"it was over at {_shown(freeze.end, freeze)}"
    if freeze.environments is not None and around.environment not in freeze.environments:
        return f"it freezes {' and '.join(freeze.environments)}, and this is `{around.environment}`"
    if freeze.actions is None:
        return "it freezes no reads" if around.spec.tier is Tier.READ else ""
    if not any(glob(change.action) for glob in freeze.actions):
        return f"it does not freeze `{change.action}`"
    return ""


def _reason(freeze: Freeze) -> str:
    until = f"frozen until {_shown(freeze.end, freeze)}"
    return f"{freeze.message} — {until}" if freeze.message else until


def _shown(moment: datetime, freeze: Freeze) -> str:
    from agentctl.policy.zones import shown

    return shown(moment, freeze.zone)
