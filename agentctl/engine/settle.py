"""What became of steps that began and never said so: decided by the system where it can tell, else left to a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from agentctl.connectors.base import Call, Connector, Found, Located, Receipt
from agentctl.engine.moved import fits
from agentctl.engine.ports import Systems
from agentctl.engine.protect import reveal_change
from agentctl.errors import ConnectorError
from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec, Settlement
from agentctl.model.change import Change
from agentctl.model.plan import Step
from agentctl.model.run import Observed, StepRun, StepStatus
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields, Hidden

_DEADLINE = 60.0


class Became(StrEnum):
    """What became of a step that never said so. ``again``: sending it once more as it was tells, and harms not."""

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


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one step, and why we say so.

    ``sending`` is what may be sent again; ``receipt`` is what was found of a record the system named itself.
    """

    step: str
    became: Became
    reason: str
    observed: tuple[Observed, ...] = ()
    receipt: Receipt | None = None
    sending: Sending | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A recorded change with all its values, and the key and reads it was sent under."""

    change: Change
    key: str
    before: Mapping[Address, Snapshot]


def settle(step: StepRun, systems: Systems, values: Mapping[str, Any], now: datetime) -> Answer:
    """Return what became of ``step``. Reads only. ``values`` are the run's hidden values, as far as they are known."""
    if step.change is None:
        raise ValueError(f"{step.id} never started")
    change = reveal_change(step.change, values)
    if _hides_something(change):
        return _doubt(step.id, "its values cannot be read without the workspace key")
    connector = systems.of(change.instance)
    spec = systems.spec(change.action)
    before = _before(step, change, now)
    if spec.settlement is Settlement.KEYED and not _forgotten(step, spec, now):
        sending = Sending(change=change, key=step.key, before=before)
        return Answer(step=step.id, became=Became.AGAIN, reason="the same key acts once", sending=sending)
    try:
        located = connector.locate(change, Call(key=step.key, before=before, deadline=_DEADLINE))
        match located:
            case Snapshot() | Found():
                return _happened(change, connector, spec, located)
            case Located.ABSENT if spec.settlement is not Settlement.FIND:
                return Answer(step=step.id, became=Became.DID_NOT, reason="the system shows that it did not happen")
        return _by_look(step, change, before, spec, connector)
    except ConnectorError as error:
        return _doubt(step.id, str(error))


def _before(step: StepRun, change: Change, now: datetime) -> dict[Address, Snapshot]:
    return {
        record.address: Snapshot(
            address=record.address, value=record.before, at=now, token=step.tokens.get(record.address)
        )
        for record in change.records
    }


def observe(
    change: Change, connector: Connector, spec: ActionSpec, receipt: Receipt | None = None
) -> tuple[Observed, ...]:
    """Read what ``change`` left behind; nothing where any record is not as it was to become.

    What somebody else made of it since is theirs: called ours, a rollback would overwrite it.
    """
    became = receipt.addresses if receipt else {}
    observed = []
    for record in change.records:
        address = became.get(record.address, record.address)
        value = connector.read(address).value
        if not fits(_steady(record.after, spec), value):
            return ()
        observed.append(Observed(address=address, value=value))
    return tuple(observed)


def seen(step: StepRun, systems: Systems, values: Mapping[str, Any], now: datetime) -> Answer:
    """Return what can be found of a step that a person says happened: what its records show, what one is called."""
    nothing = Answer(step=step.id, became=Became.HAPPENED, reason="")
    if step.change is None or _hides_something(change := reveal_change(step.change, values)):
        return nothing
    connector, spec = systems.of(change.instance), systems.spec(change.action)
    try:
        located = connector.locate(change, Call(key=step.key, before=_before(step, change, now), deadline=_DEADLINE))
        receipt = located.receipt if isinstance(located, Found) else None
        return replace(nothing, observed=observe(change, connector, spec, receipt), receipt=receipt)
    except ConnectorError:
        return nothing      # a person's word needs no system that answers


def _forgotten(step: StepRun, spec: ActionSpec, now: datetime) -> bool:
    """Whether the system may have forgotten the key by the time a call under it could reach it."""
    if not spec.key_lifetime:
        return False
    first = step.first_sent or step.started_at
    last = now + timedelta(seconds=_DEADLINE)
    return not first or last >= datetime.fromisoformat(first) + timedelta(seconds=spec.key_lifetime)


def _by_look(
    step: StepRun, change: Change, before: Mapping[Address, Snapshot], spec: ActionSpec, connector: Connector
) -> Answer:
    match spec.settlement:
        case Settlement.LOCAL:
            return _by_value(change, spec, connector)
        case Settlement.CONDITIONAL:
            return _by_token(change, before, step.key, spec, connector)
        case Settlement.KEYED:
            return _doubt(
                step.id,
                f"the system remembers a key for {spec.key_lifetime:,} s, and those are over: it could act twice",
            )
        case Settlement.FIND:
            return _doubt(step.id, "nothing bears its mark, which proves nothing: it may still be on its way")
        case Settlement.ASK:
            return _doubt(step.id, "nothing that the system shows would prove it")


def _by_value(change: Change, spec: ActionSpec, connector: Connector) -> Answer:
    """A local effect died with our process: nothing is on its way any more, so values prove."""
    live = {record.address: connector.read(record.address).value for record in change.records}
    if all(fits(_steady(record.after, spec), live[record.address]) for record in change.records):
        observed = tuple(Observed(address=address, value=value) for address, value in live.items())
        reason = "the system shows the result"
        return Answer(step=change.step, became=Became.HAPPENED, reason=reason, observed=observed)
    if all(fits(_steady(record.before, spec), live[record.address]) for record in change.records):
        return Answer(step=change.step, became=Became.DID_NOT, reason="the system shows the state before it")
    return _doubt(change.step, "the system shows neither the state before nor after it")


def _by_token(
    change: Change, before: Mapping[Address, Snapshot], key: str, spec: ActionSpec, connector: Connector
) -> Answer:
    """Over a network equal values prove nothing: others may have written them, and ours may still be on its way.

    While no token has moved, sending it again under the same tokens acts once: the system refuses the later of the two.
    """
    live = _looked(change, connector)
    if all(_unmoved(snapshot, live[address]) for address, snapshot in before.items()) and _nothing_new(live, before):
        sending = Sending(change=change, key=key, before=live)
        reason = "its precondition still holds: the system takes it once"
        return Answer(step=change.step, became=Became.AGAIN, reason=reason, sending=sending)
    if all(fits(_steady(record.after, spec), live[record.address].value) for record in change.records):
        return _doubt(change.step, "the system shows the result, but not who brought it about")
    if all(fits(_steady(record.before, spec), live[record.address].value) for record in change.records):
        return _doubt(change.step, "the system shows the values before it, in another version: they may have come back")
    return _doubt(change.step, "the system shows neither the state before nor after it")


def _looked(change: Change, connector: Connector) -> dict[Address, Snapshot]:
    """Read all that the step looks at, as it was read before the effect."""
    step = Step(id=change.step, action=change.action, target=change.target, with_=change.arguments)
    live: dict[Address, Snapshot] = {}
    for address in connector.addresses(step):
        live[address] = connector.read(address)
        live.update({member.address: member for member in live[address].members})
    for record in change.records:
        if record.address not in live:
            live[record.address] = connector.read(record.address)
    return live


def _unmoved(before: Snapshot, live: Snapshot) -> bool:
    return before.token is not None and before.token == live.token


def _nothing_new(live: Mapping[Address, Snapshot], before: Mapping[Address, Snapshot]) -> bool:
    """Whether no condition of the step matches a record that it did not match before."""
    return all(member.address in before for snapshot in live.values() for member in snapshot.members)


def _happened(change: Change, connector: Connector, spec: ActionSpec, located: Snapshot | Found) -> Answer:
    receipt = located.receipt if isinstance(located, Found) else None
    return Answer(
        step=change.step,
        became=Became.HAPPENED,
        reason="what it made was found",
        observed=observe(change, connector, spec, receipt),
        receipt=receipt,
    )


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
