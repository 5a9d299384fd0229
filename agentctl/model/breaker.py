"""Circuit breakers: what goes wrong in runs, how often it may, what is halted then. Counting is the engine's part."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from agentctl.facts import dataclass, field
from agentctl.model.diagnostic import Span
from agentctl.model.duration import spoken
from agentctl.model.halt import Reach, Scope


class Trouble(StrEnum):
    """What a breaker counts: steps that ended badly, or runs that had to be rolled back."""

    FAILURES = "failures"
    REFUSALS = "refusals"
    ROLLBACKS = "rollbacks"
    DEVIATIONS = "deviations"
    DOUBTS = "doubts"

    def times(self, count: int) -> str:
        """Return the trouble in words: ``1 failure``, ``3 failures``."""
        return f"{count:,} {self.value if count != 1 else self.value[:-1]}"


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """One thing that went wrong, as the trace tells it. Of a rollback, ``step`` is empty and ``run`` was undone.

    ``number`` is that of the trace file that tells it: acts of a higher number came after it.
    """

    kind: Trouble
    agent: str
    connectors: tuple[str, ...]
    run: str
    step: str
    number: int
    at: str

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Everything that could be halted for it."""
        on = (Scope(Reach.CONNECTOR, name) for name in self.connectors)
        return Scope(Reach.AGENT, self.agent), *on, Scope(Reach.ALL)


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """So many mishaps of a kind within ``seconds``, counted per what ``halt`` says, halt it.

    Without ``agents`` or ``connectors`` every one is counted. ``place`` is where policy has it, None as recorded.
    """

    id: str
    on: Trouble
    count: int
    seconds: int
    halt: Reach
    agents: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    place: Span | None = field(default=None, compare=False)

    @property
    def rule(self) -> str:
        """The breaker in words: ``3 failures within 1h``."""
        return f"{self.on.times(self.count)} within {spoken(self.seconds)}"

    def spans(self, first: datetime, last: datetime) -> bool:
        """Whether two moments lie within one window. Where a clock was set back, they do."""
        return last - first <= timedelta(seconds=self.seconds)

    def scopes(self, mishap: Mishap) -> tuple[Scope, ...]:
        """Return what ``mishap`` counts towards halting: nothing where it is none of this breaker's."""
        if mishap.kind is not self.on or (self.agents and mishap.agent not in self.agents):
            return ()
        on = tuple(name for name in mishap.connectors if not self.connectors or name in self.connectors)
        if not on:
            return ()
        match self.halt:
            case Reach.AGENT:
                return (Scope(Reach.AGENT, mishap.agent),)
            case Reach.CONNECTOR:
                return tuple(Scope(Reach.CONNECTOR, name) for name in on)
            case Reach.ALL:
                return (Scope(Reach.ALL),)
        assert_never(self.halt)


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """How far a breaker is from halting ``scope``, which ``steps`` of a plan would count towards; or that it has."""

    breaker: Breaker
    scope: Scope
    counted: int
    tripped: bool
    steps: tuple[str, ...]


def breaker_to_wire(breaker: Breaker) -> dict[str, Any]:
    return {
        "id": breaker.id,
        "on": breaker.on.value,
        "count": breaker.count,
        "seconds": breaker.seconds,
        "halt": breaker.halt.value,
        "agents": list(breaker.agents),
        "connectors": list(breaker.connectors),
    }


def breaker_from_wire(wire: Mapping[str, Any]) -> Breaker:
    return Breaker(
        id=wire["id"],
        on=Trouble(wire["on"]),
        count=wire["count"],
        seconds=wire["seconds"],
        halt=Reach(wire["halt"]),
        agents=tuple(wire["agents"]),
        connectors=tuple(wire["connectors"]),
    )
