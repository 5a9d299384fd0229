"""Hidden values that undoing a step rests on, and comparing with those that can't be read. Reads none itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentctl.engine.ports import Commitments
from agentctl.engine.protect import commitments
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields, Hidden, Unknown, Value, to_wire


def needed(step: Step | None) -> frozenset[str]:
    """Return the commitments of what the inverse ``step`` puts back; what it has in clear needs none."""
    arguments = step.with_.values() if step is not None else ()
    return frozenset(found for argument in arguments for found in commitments(argument))


def as_kept(kept: Fields | None, live: Fields | None, address: Address, by: Commitments) -> Fields | None:
    """Return ``live`` with each field hidden that is so in ``kept``: what can't be read can be compared even so."""
    if kept is None or live is None:
        return live
    return {name: _as_kept(kept.get(name), value, by.commit, address, name) for name, value in live.items()}


def _as_kept(kept: Value, live: Value, commit: Callable[[str, str, Any], str], address: Address, name: str) -> Value:
    if not isinstance(kept, Hidden) or isinstance(live, Unknown):
        return live
    commitment = commit(address, name, to_wire(live))
    return kept if kept.bare == commitment else Hidden(commitment)
