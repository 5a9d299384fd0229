"""Halts as a document, and the command that lifts one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.halt import Halt, Reach, Scope, halt_to_wire
from agentctl.views import safe


def halts(standing: Iterable[Halt]) -> list[dict[str, Any]]:
    """Return the halts in force, each with the command that lifts it."""
    return [halted(halt) for halt in standing]


def halted(halt: Halt) -> dict[str, Any]:
    return {**halt_to_wire(halt), "why": halt.why, "lift": lifting(halt.scope)}


def lifting(scope: Scope) -> str:
    """Return the command that lifts every halt of ``scope``."""
    named = "--all" if scope.reach is Reach.ALL else f"--{scope.reach} {safe.shell_word(scope.name) or 'NAME'}"
    return f"agentctl unhalt {named} --reason …"
