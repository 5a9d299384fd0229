"""Which later steps of a run rest on an earlier one: they touched what it wrote, or used what it brought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentctl.engine.ports import Systems
from agentctl.model.plan import From, Step, references
from agentctl.model.run import Run, StepRun
from agentctl.model.snapshot import instance_of


def dependents(run: Run, acted: Iterable[StepRun], systems: Systems) -> dict[str, set[str]]:
    """Return, for each step that acted, the later ones that rest on it directly.

    Of those that touch a record it wrote, these are the next that writes it and who reads it before that; and those
    that use what it brought. Whatever touched the record after them rests on it through them.
    """
    plan = {step.id: step for step in run.plan.steps}
    writer: dict[str, str] = {}
    found: dict[str, set[str]] = {}
    for step in acted:
        found[step.id] = set()
        touched = {writer[resource] for resource in _resources(step, systems, reads=True) if resource in writer}
        for earlier in touched | (found.keys() & set(_used(plan[step.id]))) - {step.id}:
            found[earlier].add(step.id)
        for resource in _resources(step, systems, reads=False):
            writer[resource] = step.id
    return found


class Standing:
    """Steps that stay done, told from the last to the first."""

    def __init__(self, run: Run, systems: Systems) -> None:
        self._plan = {step.id: step for step in run.plan.steps}
        self._systems = systems
        self._touching: dict[str, str] = {}
        self._using: dict[str, str] = {}

    def add(self, step: StepRun) -> None:
        """Note that ``step`` stays done."""
        self._touching |= dict.fromkeys(_resources(step, self._systems, reads=True), step.id)
        self._using |= dict.fromkeys(_used(self._plan[step.id]), step.id)

    def rests_on(self, step: StepRun) -> str | None:
        """Return the first step of those noted that rests on ``step``, however many touched the same between them."""
        if step.id in self._using:
            return self._using[step.id]
        written = _resources(step, self._systems, reads=False)
        return next((self._touching[resource] for resource in written if resource in self._touching), None)


def _resources(step: StepRun, systems: Systems, *, reads: bool) -> Iterator[str]:
    if step.change is None:
        return
    addresses = [step.addresses.get(record.address, record.address) for record in step.change.records]
    for address in (*addresses, *(step.change.reads if reads else ())):
        if (connector := systems.connectors.get(instance_of(address))) is not None:
            yield connector.resource(address)


def _used(step: Step) -> Iterator[str]:
    for argument in step.with_.values():
        for reference in references(argument):
            if isinstance(reference, From):
                yield reference.step
