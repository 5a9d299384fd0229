"""Counts what goes wrong and says which breakers trip: one rule for the trace as a whole and for a run going on. Pure.

A breaker trips at the record that makes its count full, under the breakers its run began with. So the trace alone says
what is tripped, whatever became of the process, the clock or the policy since.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from agentctl.facts import dataclass
from agentctl.model.breaker import Breaker, Gauge, Mishap, Trouble
from agentctl.model.canonical import digest
from agentctl.model.halt import Event, Halt, Scope, Tripped, scope_from_wire, scope_to_wire, standing
from agentctl.model.plan import Plan, Step
from agentctl.model.run import Act, History

_EVENTS_TOLD = 20


@dataclass(frozen=True, kw_only=True)
class Trip:
    """A breaker that tripped, what that halts, and the mishaps that made its count full, oldest first."""

    breaker: Breaker
    scope: Scope
    mishaps: tuple[Mishap, ...]

    @property
    def halt(self) -> Halt:
        """The halt this is, the same whoever works it out."""
        last = self.mishaps[-1]
        named = digest([self.breaker.id, scope_to_wire(self.scope), last.run, last.step, last.at])
        return Halt(
            id=f"breaker-{named.removeprefix('sha256:')[:16]}",
            scope=self.scope,
            by=f"breaker {self.breaker.id}",
            host="",
            at=f"{last.at[:19]}Z",
            reason=self.breaker.rule,
            tripped=Tripped(
                breaker=self.breaker.id,
                counted=len(self.mishaps),
                events=tuple(
                    Event(run=mishap.run, step=mishap.step, at=mishap.at) for mishap in self.mishaps[-_EVENTS_TOLD:]
                ),
            ),
        )


class Watch:
    """What went wrong so far, and what that tripped. Mishaps are heard in the order of the trace."""

    def __init__(self, acts: Iterable[Act] = ()) -> None:
        self._lifted = _lifted(acts)
        self._heard: dict[tuple[Trouble, Scope], list[Mishap]] = {}
        self._counts: dict[tuple[Breaker, Scope], _Count] = {}
        self._trips: dict[tuple[str, Scope], Trip] = {}

    def hear(self, mishap: Mishap, breakers: Iterable[Breaker]) -> None:
        """Count ``mishap`` for the ``breakers`` that its run began with."""
        for scope in mishap.scopes:
            self._heard.setdefault((mishap.kind, scope), []).append(mishap)
        for breaker in breakers:
            for scope in breaker.scopes(mishap):
                # What tripped stays tripped until a person lifts it, so more of the same is no news.
                if not self._stands(self._trips.get((breaker.id, scope)), before=mishap.number):
                    self._count(breaker, scope, mishap)

    @property
    def trips(self) -> tuple[Trip, ...]:
        """The trips that nobody has lifted."""
        return tuple(trip for trip in self._trips.values() if self._stands(trip))

    def counted(self, breaker: Breaker, scope: Scope, now: datetime) -> int:
        """Return how much counts for ``breaker`` against ``scope`` at ``now``, no more than trips it."""
        since, latest = self._last_lift(scope), self._latest(breaker, scope)
        return sum(mishap.number > since and breaker.spans(_moment(mishap), now) for mishap in latest)

    def _count(self, breaker: Breaker, scope: Scope, mishap: Mishap) -> None:
        latest = self._latest(breaker, scope)
        first = latest[0]
        fresh = first.number > self._last_lift(scope, before=mishap.number)
        if len(latest) == breaker.count and fresh and breaker.spans(_moment(first), _moment(mishap)):
            self._trips[breaker.id, scope] = Trip(breaker=breaker, scope=scope, mishaps=tuple(latest))

    def _latest(self, breaker: Breaker, scope: Scope) -> Sequence[Mishap]:
        """Return the latest mishaps of ``breaker``, oldest first, no more than trip it."""
        count = self._counts.setdefault((breaker, scope), _Count(latest=deque(maxlen=breaker.count)))
        heard = self._heard.get((breaker.on, scope), [])
        for mishap in heard[count.heard :]:
            if scope in breaker.scopes(mishap):
                count.latest.append(mishap)
        count.heard = len(heard)
        return count.latest

    def _last_lift(self, scope: Scope, before: int | None = None) -> int:
        return max((lift for lift in self._lifted.get(scope, ()) if before is None or lift < before), default=0)

    def _stands(self, trip: Trip | None, before: int | None = None) -> bool:
        return trip is not None and trip.mishaps[-1].number > self._last_lift(trip.scope, before)


@dataclass
class _Count:
    """The latest of what one breaker counts, out of the first ``heard`` mishaps of its kind and scope."""

    latest: deque[Mishap]
    heard: int = 0


def watch(history: History) -> Watch:
    """Return the watch that has heard everything ``history`` tells."""
    watching = Watch(history.acts)
    breakers = {run.id: run.breakers for run in history.runs}
    for mishap in history.mishaps:
        watching.hear(mishap, breakers[mishap.run])
    return watching


def untold(trips: Iterable[Trip], acts: Iterable[Act]) -> tuple[Halt, ...]:
    """Return the halts of ``trips`` that ``acts`` do not tell yet: the process that was to record them died first."""
    told = {(halt.tripped.breaker, halt.scope) for halt in standing(acts) if halt.tripped}
    return tuple(trip.halt for trip in trips if (trip.breaker.id, trip.scope) not in told)


def gauges(history: History, breakers: Iterable[Breaker], plan: Plan, now: datetime) -> tuple[Gauge, ...]:
    """Return how far each of ``breakers`` that watches a step of ``plan`` is from halting it."""
    watching, found = watch(history), []
    tripped = {(trip.breaker.id, trip.scope) for trip in watching.trips}
    for breaker in breakers:
        steps: dict[Scope, list[str]] = {}
        for step in plan.steps:
            for scope in breaker.scopes(_imagined(breaker, plan.agent, step)):
                steps.setdefault(scope, []).append(step.id)
        for scope, named in steps.items():
            gauge = Gauge(
                breaker=breaker,
                scope=scope,
                counted=watching.counted(breaker, scope, now),
                tripped=(breaker.id, scope) in tripped,
                steps=tuple(named),
            )
            found.append(gauge)
    return tuple(found)


def _imagined(breaker: Breaker, agent: str, step: Step) -> Mishap:
    return Mishap(kind=breaker.on, agent=agent, connectors=(step.instance,), run="", step=step.id, number=0, at="")


def _moment(mishap: Mishap) -> datetime:
    return datetime.fromisoformat(mishap.at)


def _lifted(acts: Iterable[Act]) -> Mapping[Scope, Sequence[int]]:
    found: dict[Scope, list[int]] = {}
    for act in acts:
        if act.kind == "unhalt":
            found.setdefault(scope_from_wire(act.body["scope"]), []).append(act.number)
    return found
