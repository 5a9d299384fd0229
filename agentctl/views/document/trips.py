"""Which breakers a run tripped, and who lifted the halts since, as a part of the run's document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agentctl.model.halt import Halt, halt_from_wire, scope_from_wire
from agentctl.model.run import Act, History


def trips(history: History, run: str, halts: Iterable[Halt]) -> list[dict[str, Any]]:
    """Return the halts of breakers that ``run`` had a part in; ``halts`` are those in force, told or not yet."""
    told = [halt_from_wire(act.body) for act in history.acts if act.kind == "halt"]
    known = {halt.id for halt in told}
    lifted = _lifted(history.acts)
    return [
        {
            "breaker": halt.tripped.breaker,
            "reason": halt.reason,
            "halted": str(halt.scope),
            "at": halt.at,
            "lifted": lifted.get(halt.id),
        }
        for halt in (*told, *(halt for halt in halts if halt.id not in known))
        if halt.tripped and run in {event.run for event in halt.tripped.events}
    ]


def _lifted(acts: Iterable[Act]) -> dict[str, dict[str, str]]:
    """Return who lifted each halt that no longer stands, when and why."""
    standing: dict[str, Halt] = {}
    return {id: found for act in acts for id, found in _over(act, standing)}


def _over(act: Act, standing: dict[str, Halt]) -> Iterator[tuple[str, dict[str, str]]]:
    if act.kind == "halt":
        halt = halt_from_wire(act.body)
        standing[halt.id] = halt
    elif act.kind == "unhalt":
        scope = scope_from_wire(act.body["scope"])
        by = act.body.get("person") or act.body["by"]
        for id in [id for id, halt in standing.items() if halt.scope == scope]:
            del standing[id]
            yield id, {"by": by, "at": act.at, "reason": act.body["reason"]}
