"""What is halted now: by people, and by breakers, of which a run going on counts its own mishaps as it writes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agentctl.engine.breakers import untold, watch
from agentctl.model.breaker import Breaker
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.halt import Halt, recorded_ids, standing
from agentctl.model.run import History, StepRun
from agentctl.store.halts import Request
from agentctl.trace.mishaps import mishap_of_step
from agentctl.trace.record import Kind, Record
from agentctl.trace.steps import tell

if TYPE_CHECKING:
    from agentctl.trace.journal import Journal


def in_force(history: History, asked: Iterable[Request]) -> tuple[Halt, ...]:
    """Return the halts that stand in ``history``, those ``asked`` for and those tripped that it does not tell yet."""
    return (*standing(history.acts), *_asked_only(asked, recorded_ids(history.acts)), *tripped(history))


def tripped(history: History) -> tuple[Halt, ...]:
    """Return the halts of breakers that ``history`` does not tell yet: whoever holds the lock next records them."""
    return untold(watch(history).trips, history.acts)


class Watched:
    """The journal of a run, which knows how its ``steps`` stand by what was written, and counts what goes wrong in it
    the moment it is; and what is halted by now.

    Nobody else writes the trace meanwhile, so all else that can be halted is ``asked`` for in a file.
    """

    def __init__(
        self,
        journal: Journal,
        history: History,
        changeset: ChangeSet,
        breakers: tuple[Breaker, ...],
        asked: Callable[[], Collection[Request]],
    ) -> None:
        self._journal = journal
        self._asked = asked
        self._watch = watch(history)
        self._breakers = breakers
        self._counts = changeset.purpose is Purpose.APPLY
        self._agent = changeset.plan.agent
        self._actions = {step.id: step.action for step in changeset.plan.steps}
        self._number = journal.file.number
        self._acts = history.acts
        self._told = recorded_ids(history.acts)
        self._halts = in_force(history, ())
        self.steps = {
            step.id: StepRun(id=step.id, action=step.action, target=step.target) for step in changeset.plan.steps
        }

    def append(self, kind: Kind, body: Mapping[str, Any], *, sync: bool) -> Record:
        record = self._journal.append(kind, body, sync=sync)
        if "step" in body:
            self.steps[body["step"]] = tell(self.steps[body["step"]], record)
        if self._counts and "step" in body and (action := self._actions.get(body["step"])):
            mishap = mishap_of_step(record, self._number, self._agent, action)
            if mishap is not None:
                self._watch.hear(mishap, self._breakers)
                self._halts = (*standing(self._acts), *untold(self._watch.trips, self._acts))
        return record

    def halts(self) -> Collection[Halt]:
        """Return what is halted at this moment."""
        asked = self._asked()
        return (*self._halts, *_asked_only(asked, self._told)) if asked else self._halts


def _asked_only(asked: Iterable[Request], told: Collection[str]) -> Iterable[Halt]:
    return (request.halt for request in asked if request.halt.id not in told)
