"""Halts as a document, and the command that lifts one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.halt import Halt, Reach, Scope, halt_to_wire, tripped_to_wire
from agentctl.views import safe


def halts(standing: Iterable[Halt]) -> list[dict[str, Any]]:
    """Return the halts in force, each with the command that lifts it, and what to look at before."""
    return [halted(halt) for halt in standing]


def halted(halt: Halt) -> dict[str, Any]:
    """Return one halt; of a breaker's with what tripped it, and the command that shows it."""
    return {
        **halt_to_wire(halt),
        "tripped": tripped_to_wire(halt.tripped) if halt.tripped else None,
        "why": halt.why,
        "look": looking(halt),
        "lift": lifting(halt.scope),
    }


def looking(halt: Halt) -> str:
    """Return the command that shows what a breaker halted for; nothing for a person's halt, which says why itself."""
    if halt.tripped is None or not (run := safe.shell_word(halt.tripped.events[-1].run)):
        return ""
    return f"agentctl show {run}"


def lifting(scope: Scope) -> str:
    """Return the command that lifts every halt of ``scope``."""
    named = "--all" if scope.reach is Reach.ALL else f"--{scope.reach} {safe.shell_word(scope.name) or 'NAME'}"
    return f"agentctl unhalt {named} --reason …"
