"""Looks once more before a hook acts, where GitHub itself compares nothing. Changes nothing."""

from __future__ import annotations

from agentctl.connectors.base import Call, Connector
from agentctl.errors import Rejected
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change
from agentctl.model.snapshot import Snapshot, within
from agentctl.model.values import same


def unmoved(connector: Connector, spec: ActionSpec, change: Change, call: Call) -> None:
    """Raise Rejected where a record is not what ``call.before`` saw, less what changes by itself."""
    for record in change.records:
        if "/new:" in record.address:
            continue
        before, now = call.before.get(record.address), connector.read(record.address)
        if before is None or not _as_it_was(before, now, spec):
            raise Rejected(
                "Record changed since it was read", f"{within(record.address)} is not what it was just now."
            )


def _as_it_was(before: Snapshot, now: Snapshot, spec: ActionSpec) -> bool:
    if before.value is None or now.value is None:
        return before.value is now.value
    one, other = (
        {name: value for name, value in side.items() if name not in spec.volatile} for side in (before.value, now.value)
    )
    return same(one, other)
