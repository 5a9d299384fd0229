"""Halts: what a person or a breaker stopped, and why. Where they are kept and how they are lifted is not told here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, assert_never

from agentctl.facts import dataclass

if TYPE_CHECKING:
    from agentctl.model.run import Act


class Reach(StrEnum):
    """What kind of thing is halted."""

    AGENT = "agent"
    CONNECTOR = "connector"
    ALL = "all"


@dataclass(frozen=True)
class Scope:
    """What is halted: an agent's plans, one connector, or everything (``name`` is then empty)."""

    reach: Reach
    name: str = ""

    def covers(self, agent: str, connector: str) -> bool:
        match self.reach:
            case Reach.AGENT:
                return self.name == agent
            case Reach.CONNECTOR:
                return self.name == connector
            case Reach.ALL:
                return True
        assert_never(self.reach)

    def __str__(self) -> str:
        return "everything" if self.reach is Reach.ALL else f"{self.reach} `{self.name}`"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that made a breaker trip. Of a rollback, ``run`` is the rollback and ``step`` is empty."""

    run: str
    step: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Tripped:
    """Which breaker halted, and the latest of the ``counted`` events that made it."""

    breaker: str
    counted: int
    events: tuple[Event, ...]


@dataclass(frozen=True, kw_only=True)
class Halt:
    """One halt. ``id`` is its request's; ``at`` is when it was asked for, by the clock of whoever asked.

    A breaker's has ``tripped`` and took effect with the last of its events.
    """

    id: str
    scope: Scope
    by: str
    host: str
    at: str
    reason: str
    tripped: Tripped | None = None

    @property
    def why(self) -> str:
        """The halt in words, for the step it keeps from running."""
        return f"{self.scope} is halted since {self.at} by {self.by}: {self.reason}"


def concerning(halts: Iterable[Halt], agent: str, action: str) -> Halt | None:
    """Return the first halt that keeps ``agent`` from ``action``."""
    connector = action.partition(".")[0]
    return next((halt for halt in halts if halt.scope.covers(agent, connector)), None)


def standing(acts: Iterable[Act]) -> tuple[Halt, ...]:
    """Return the halts that the recorded ``acts`` leave standing: an unhalt lifts all before it of the same scope."""
    halts: dict[str, Halt] = {}
    for act in acts:
        if act.kind == "halt":
            halt = halt_from_wire(act.body)
            halts[halt.id] = halt
        elif act.kind == "unhalt":
            scope = scope_from_wire(act.body["scope"])
            halts = {id: halt for id, halt in halts.items() if halt.scope != scope}
    return tuple(halts.values())


def recorded_ids(acts: Iterable[Act]) -> frozenset[str]:
    """Return the ids of all halts there ever were: a request of such an id is told already, lifted or not."""
    return frozenset(str(act.body["id"]) for act in acts if act.kind == "halt")


def halt_to_wire(halt: Halt) -> dict[str, Any]:
    return {
        "id": halt.id,
        "scope": scope_to_wire(halt.scope),
        "by": halt.by,
        "host": halt.host,
        "at": halt.at,
        "reason": halt.reason,
        **({"tripped": tripped_to_wire(halt.tripped)} if halt.tripped else {}),
    }


def halt_from_wire(wire: Mapping[str, Any]) -> Halt:
    """Return the halt. Raises KeyError, TypeError or ValueError where ``wire`` is none."""
    facts = {name: wire[name] for name in ("id", "by", "host", "at", "reason")}
    if not all(isinstance(fact, str) for fact in facts.values()):
        raise TypeError("a halt's facts are texts")
    tripped = tripped_from_wire(wire["tripped"]) if "tripped" in wire else None
    return Halt(scope=scope_from_wire(wire["scope"]), tripped=tripped, **facts)


def tripped_to_wire(tripped: Tripped) -> dict[str, Any]:
    events = [{"run": event.run, "step": event.step, "at": event.at} for event in tripped.events]
    return {"breaker": tripped.breaker, "counted": tripped.counted, "events": events}


def tripped_from_wire(wire: Mapping[str, Any]) -> Tripped:
    events = tuple(Event(run=event["run"], step=event["step"], at=event["at"]) for event in wire["events"])
    return Tripped(breaker=wire["breaker"], counted=wire["counted"], events=events)


def scope_to_wire(scope: Scope) -> dict[str, str]:
    return {"reach": scope.reach.value, "name": scope.name}


def scope_from_wire(wire: Mapping[str, Any]) -> Scope:
    if not isinstance(wire["name"], str):
        raise TypeError("a scope's name is a text")
    return Scope(Reach(wire["reach"]), wire["name"])
