"""What became of steps that began and never said so: decided by the system where it can tell, else left to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from agentctl.connectors.base import Call, Connector, Located
from agentctl.engine.moved import fits
from agentctl.engine.ports import Systems
from agentctl.engine.protect import reveal_change
from agentctl.errors import ConnectorError
from agentctl.model.action import ActionSpec, Settlement
from agentctl.model.change import Change
from agentctl.model.run import Observed, Run, StepRun, StepStatus
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields, Hidden

_DEADLINE = 60.0


class Became(StrEnum):
    """What became of a step that never said so. ``again``: sending it once more under its key tells, and harms not."""

    HAPPENED = "happened"
    DID_NOT = "did-not"
    AGAIN = "again"
    IN_DOUBT = "in-doubt"

    @property
    def status(self) -> StepStatus:
        return _STANDS[self]


_STANDS = {
    Became.HAPPENED: StepStatus.CONFIRMED,
    Became.DID_NOT: StepStatus.FAILED,
    Became.AGAIN: StepStatus.IN_DOUBT,
    Became.IN_DOUBT: StepStatus.IN_DOUBT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one step, and why we say so. ``sending`` is what may be sent again."""

    step: str
    became: Became
    reason: str
    observed: tuple[Observed, ...] = ()
    sending: Sending | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A recorded change with all its values, and the key and reads it was sent under."""

    change: Change
    key: str
    before: Mapping[Address, Snapshot]


def unsettled(run: Run) -> tuple[StepRun, ...]:
    """Return the steps of ``run`` that began and of which nobody knows how they ended."""
    return tuple(step for step in run.steps if step.status in (StepStatus.STARTED, StepStatus.IN_DOUBT))


def settle(step: StepRun, systems: Systems, values: Mapping[str, Any], now: datetime) -> Answer:
    """Return what became of ``step``. Reads only. ``values`` are the run's hidden values, as far as they are known."""
    if step.change is None:
        raise ValueError(f"{step.id} never started")
    change = reveal_change(step.change, values)
    if _hides_something(change):
        return _doubt(step.id, "its values cannot be read without the workspace key")
    connector = systems.of(change.instance)
    spec = systems.spec(change.action)
    before = {
        record.address: Snapshot(
            address=record.address, value=record.before, at=now, token=step.tokens.get(record.address)
        )
        for record in change.records
    }
    if spec.settlement is Settlement.KEYED:
        sending = Sending(change=change, key=step.key, before=before)
        return Answer(step=step.id, became=Became.AGAIN, reason="the same key acts once", sending=sending)
    try:
        located = connector.locate(change, Call(key=step.key, before=before, deadline=_DEADLINE))
        if isinstance(located, Snapshot):
            return _happened(change, connector, "what it made was found")
        if located is Located.ABSENT:
            return Answer(step=step.id, became=Became.DID_NOT, reason="the system shows that it did not happen")
        return _by_look(change, step.tokens, spec, connector)
    except ConnectorError as error:
        return _doubt(step.id, str(error))


def _by_look(change: Change, tokens: Mapping[str, str], spec: ActionSpec, connector: Connector) -> Answer:
    if spec.settlement not in (Settlement.LOCAL, Settlement.CONDITIONAL):
        return _doubt(change.step, "the system cannot tell")
    live = {record.address: connector.read(record.address) for record in change.records}
    if all(fits(_steady(record.after, spec), live[record.address].value) for record in change.records):
        return _happened(change, connector, "the system shows the result")
    if _untouched(change, tokens, live, spec):
        return Answer(step=change.step, became=Became.DID_NOT, reason="the system shows the state before it")
    return _doubt(change.step, "the system shows neither the state before nor after it")


def _untouched(
    change: Change, tokens: Mapping[str, str], live: Mapping[Address, Snapshot], spec: ActionSpec
) -> bool:
    """A local effect died with our process, so equal values prove it; elsewhere only an unmoved token makes a
    repetition harmless: a request still on its way would then be refused."""
    if spec.settlement is Settlement.CONDITIONAL and any(
        tokens.get(address) is not None and tokens[address] != snapshot.token for address, snapshot in live.items()
    ):
        return False
    return all(fits(_steady(record.before, spec), live[record.address].value) for record in change.records)


def _happened(change: Change, connector: Connector, reason: str) -> Answer:
    observed = tuple(
        Observed(address=record.address, value=connector.read(record.address).value) for record in change.records
    )
    return Answer(step=change.step, became=Became.HAPPENED, reason=reason, observed=observed)


def _doubt(step: str, reason: str) -> Answer:
    return Answer(step=step, became=Became.IN_DOUBT, reason=reason)


def _steady(fields: Fields | None, spec: ActionSpec) -> Fields | None:
    return None if fields is None else {name: value for name, value in fields.items() if name not in spec.volatile}


def _hides_something(change: Change) -> bool:
    return any(
        isinstance(value, Hidden)
        for record in change.records
        for fields in (record.before, record.after)
        for value in (fields or {}).values()
    )
