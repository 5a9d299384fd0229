"""What the system shows after an effect, compared with what was foreseen: 2xx is not "it happened"."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from agentctl.connectors.base import Receipt, read_many
from agentctl.engine.moved import fits
from agentctl.engine.ports import Systems, Timer
from agentctl.errors import ConnectorError, Indeterminate
from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec, Readback
from agentctl.model.change import Change, Effect
from agentctl.model.run import Observed, StepStatus
from agentctl.model.snapshot import instance_of
from agentctl.model.values import Fields

_PAUSE = 0.2    # seconds between reads of a system that shows its writes late


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The records as read back, and what that makes of the step."""

    status: StepStatus
    observed: tuple[Observed, ...] = ()
    reason: str = ""


def read_back(change: Change, receipt: Receipt, spec: ActionSpec, systems: Systems, timer: Timer) -> Reading:
    """Read what ``change`` left behind, waiting as long as ``spec`` says its system may take to show it.

    Raises Indeterminate where it cannot be read.
    """
    if change.effect is Effect.READ:
        seen = tuple(Observed(address=address, value=value) for address, value in receipt.read.items())
        return Reading(status=StepStatus.CONFIRMED, observed=seen)
    if spec.readback is Readback.NONE:
        return Reading(status=StepStatus.ACCEPTED)
    due = timer.now() + spec.consistency
    while True:
        observed = tuple(_observe(change, receipt, systems))
        wrong = "; ".join(_deviations(change, observed, spec))
        if not wrong:
            return Reading(status=StepStatus.CONFIRMED, observed=observed)
        if timer.now() >= due:
            return Reading(status=StepStatus.DEVIATED, observed=observed, reason=wrong)
        timer.sleep(_PAUSE)


def _observe(change: Change, receipt: Receipt, systems: Systems) -> Iterator[Observed]:
    addresses = [receipt.addresses.get(record.address, record.address) for record in change.records]
    for instance, several in groupby(addresses, instance_of):
        asked = tuple(several)
        try:
            for snapshot in read_many(systems.of(instance), asked):
                yield Observed(address=snapshot.address, value=snapshot.value)
        except ConnectorError as error:
            what = f"{asked[0]}{f' and {len(asked) - 1} more' if len(asked) > 1 else ''}"
            raise Indeterminate("The result could not be read back", f"{what}: {error}") from error


def _deviations(change: Change, observed: tuple[Observed, ...], spec: ActionSpec) -> Iterator[str]:
    for record, seen in zip(change.records, observed, strict=True):
        if record.after is None and seen.value is not None:
            yield f"{seen.address} still exists"
        elif record.after is not None and seen.value is None:
            yield f"{seen.address} does not exist"
        elif not fits(_steady(record.after, spec), seen.value):
            fields = [
                name for name in (_steady(record.after, spec) or {})
                if not fits({name: (record.after or {})[name]}, seen.value)
            ]
            yield f"{seen.address} shows another value in {', '.join(fields)}"


def _steady(fields: Fields | None, spec: ActionSpec) -> Fields | None:
    if fields is None or not spec.volatile:
        return fields
    return {name: value for name, value in fields.items() if name not in spec.volatile}
