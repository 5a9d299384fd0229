"""The steps of a changeset as document parts. What they come to together is the changeset's part."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Inverse, unknown_paths
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Decision, Hold, Refuse, Ruling
from agentctl.model.plan import Step
from agentctl.views.document.decision import decided, ruled
from agentctl.views.document.records import arguments, record, revealed


def steps(
    changeset: ChangeSet,
    rulings: Mapping[str, Ruling],
    specs: Mapping[str, ActionSpec],
    values: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return what each step does, in order, with what was ruled and the hidden ``values`` that may be shown.

    Steps that were ruled alike share that part of their documents: nobody changes what is in one.
    """
    planned = {step.id: step for step in changeset.plan.steps}
    shared = _Shared()
    return [
        _step(change, rulings[change.step], specs[change.action], planned.get(change.step), values, shared)
        for change in changeset.changes
    ]


class _Shared:
    """The parts that were made already, by what they are made of: a plan's steps have but few of each."""

    def __init__(self) -> None:
        self.nothing: list[Any] = []
        self._stated: dict[str, dict[str, str]] = {}
        self._ruled: dict[Hashable, dict[str, Any]] = {}
        self._decided: dict[Hashable, tuple[object, dict[str, Any]]] = {}

    def stated(self, action: str, spec: ActionSpec) -> dict[str, str]:
        if (found := self._stated.get(action)) is None:
            found = self._stated[action] = {
                "tier": spec.tier.value,
                "preview": spec.preview.value,
                "precondition": spec.precondition.value,
                "settlement": spec.settlement.value,
                "readback": spec.readback.value,
            }
        return found

    def ruled(self, ruling: Ruling) -> dict[str, Any]:
        if isinstance(ruling, Refuse):
            return ruled(ruling)
        needs = ruling.needs if isinstance(ruling, Hold) else None
        part = None if needs is None else tuple([(need.what, need.kind, need.command) for need in needs])
        if (found := self._ruled.get(part)) is None:
            found = self._ruled[part] = ruled(ruling)
        return found

    def decided(self, decision: Decision) -> dict[str, Any]:
        told = decision.verdict, decision.mode, decision.signatures, decision.findings, decision.roles, decision.reads
        made_of = (*map(id, told), decision.otherwise is None)      # what is equal, but another object, is made again
        if (found := self._decided.get(made_of)) is None:
            found = self._decided[made_of] = told, decided(decision)    # kept, so that no other object gets such an id
        return {**found[1], "step": decision.step}


def _step(
    change: Change,
    ruling: Ruling,
    spec: ActionSpec,
    planned: Step | None,
    values: Mapping[str, Any],
    shared: _Shared,
) -> dict[str, Any]:
    nothing, stated = shared.nothing, shared.stated(change.action, spec)
    records: Any = [record(item, spec.sensitive) for item in change.records]
    given, receipt = arguments(change.arguments, spec.sensitive), arguments(change.receipt, spec.sensitive)
    if values:
        records, given, receipt = (revealed(wire, values) for wire in (records, given, receipt))
    return {
        "id": change.step,
        "place": _place(planned),
        "action": change.action,
        "target": change.target,
        "effect": change.effect.value,
        "tier": stated["tier"],
        **shared.ruled(ruling),
        "decision": shared.decided(ruling.decision),
        "records": records,
        "reads": list(change.reads) or nothing,
        "arguments": given,
        "receipt": receipt,
        "inverse": _inverse(change.inverse),
        "preview": stated["preview"],
        "precondition": stated["precondition"],
        "settlement": stated["settlement"],
        "readback": stated["readback"],
        "unknown": list(unknown_paths(change)) or nothing,
        "notes": list(change.notes) or nothing,
        "needs_steps": nothing if planned is None else list(planned.needs) or nothing,
        "evidence": nothing if planned is None else list(planned.evidence) or nothing,
    }


def _place(planned: Step | None) -> dict[str, Any] | None:
    """Return where the step stands in the plan file, known only to who has just read it."""
    span = None if planned is None else planned.span
    return None if span is None else {"file": span.file, "line": span.line, "column": span.column}


def _inverse(inverse: Inverse) -> dict[str, Any]:
    """Return how a change is undone: kind, by which action on what, and what stays even then."""
    step = inverse.step
    return {
        "kind": inverse.kind.value,
        "action": "" if step is None else step.action,
        "target": "" if step is None else step.target,
        "stays": inverse.stays,
    }
