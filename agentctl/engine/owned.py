"""Which fields of which records are as we left them, as far as the history tells; and the State that follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentctl.engine.keys import undone_step
from agentctl.engine.ports import Commitments
from agentctl.facts import dataclass, field
from agentctl.model.change import Change
from agentctl.model.changeset import Purpose
from agentctl.model.run import History, StepRun
from agentctl.model.snapshot import Address
from agentctl.model.state import Head, Known, State
from agentctl.model.values import Fields, Hidden, Value, differing, to_wire


@dataclass(slots=True)
class Owned:
    """One record: the values of the fields we wrote (None: we removed the record), by which run and step last."""

    fields: dict[str, Value] | None
    run: str
    step: str


@dataclass
class _Ledger:
    records: dict[Address, Owned] = field(default_factory=dict)

    def wrote(self, address: Address, names: set[str] | None, value: Fields | None, run: str, step: str) -> None:
        if value is None:
            self.records[address] = Owned(None, run, step)
            return
        held = self.records.get(address)
        fields = {} if held is None or held.fields is None else held.fields
        fields.update({name: item for name, item in value.items() if names is None or name in names})
        self.records[address] = Owned(fields, run, step)

    def gave_back(self, address: Address, names: set[str] | None) -> None:
        held = self.records.get(address)
        if held is None:
            return
        if names is None or held.fields is None:
            del self.records[address]
            return
        for name in names:
            held.fields.pop(name, None)
        if not held.fields:
            del self.records[address]


def owned(history: History, since: State | None = None, after: int = 0) -> Mapping[Address, Owned]:
    """Return every record we wrote and did not give back by a rollback, in order of address.

    ``since`` is the state that everything up to file number ``after`` of the trace leaves behind.
    """
    ledger = _Ledger({} if since is None else {address: _known(known) for address, known in since.records.items()})
    runs = {run.id: run for run in history.runs}
    for run in history.runs:
        if run.number <= after:
            continue
        undone = runs.get(run.undoes)
        originals = {step.id: step for step in undone.steps} if undone else {}
        for step in run.steps:
            if step.id in run.carried or not step.status.done or step.change is None:
                continue
            for address, names, value in _written(step, step.change):
                if run.purpose is Purpose.ROLLBACK:
                    ledger.gave_back(address, _names_undone(originals.get(undone_step(step.id)), address))
                else:
                    ledger.wrote(address, names, value, run.id, step.id)
    return dict(sorted(ledger.records.items()))


def project(
    history: History, lineage: str, head: Head | None, serial: int, commitments: Commitments,
    since: State | None = None, after: int = 0,
) -> State:
    """Return the State that ``history`` up to ``head`` leaves behind: the same bytes whenever it is computed.

    ``since`` is the one that everything up to file number ``after`` left, where what came later only adds to that.
    """
    return State(
        lineage=lineage,
        serial=serial,
        head=head,
        records={
            address: Known(
                fields=None if item.fields is None else {
                    name: commitment(address, name, value, commitments) for name, value in sorted(item.fields.items())
                },
                run=item.run,
                step=item.step,
            )
            for address, item in owned(history, since, after).items()
        },
    )


def commitment(address: Address, name: str, value: Value, commitments: Commitments) -> str:
    """Return the commitment of a field's value, which a hidden value already is."""
    return value.bare if isinstance(value, Hidden) else commitments.commit(address, name, to_wire(value))


def _known(known: Known) -> Owned:
    """Return a record as the state knows it: by commitments, which is all that is said of it again."""
    if known.fields is None:
        return Owned(None, known.run, known.step)
    return Owned({name: Hidden(said) for name, said in known.fields.items()}, known.run, known.step)


def _written(step: StepRun, change: Change) -> Iterator[tuple[Address, set[str] | None, Fields | None]]:
    observed = {item.address: item.value for item in step.observed}
    for record in change.records:
        address = step.addresses.get(record.address, record.address)
        if address not in observed:
            continue
        value = observed[address]
        if record.before is None or value is None:
            yield address, None, value
        elif names := differing(record.before, value):
            yield address, set(names), value


def _names_undone(original: StepRun | None, address: Address) -> set[str] | None:
    """Return the fields the undone step had written; None for the whole record."""
    if original is None or original.change is None:
        return None
    for written, names, _ in _written(original, original.change):
        if written == address:
            return names
    return set()
