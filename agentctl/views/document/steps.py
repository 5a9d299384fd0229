"""The steps of a changeset as document parts. What they come to together is the changeset's part."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Set
from typing import Any

from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Inverse, unknown_paths
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Decision, Hold, Refuse, Ruling
from agentctl.model.plan import Step
from agentctl.model.values import Unknown
from agentctl.views.document.blank import blank
from agentctl.views.document.decision import decided, ruled
from agentctl.views.document.records import arguments, record, revealed


def steps(
    changeset: ChangeSet,
    rulings: Mapping[str, Ruling],
    specs: Mapping[str, ActionSpec],
    values: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return what each step does, in order, with what was ruled and the hidden ``values`` that may be shown.

    Steps of one action that were ruled alike share those parts of their documents: nobody changes what is in one.
    """
    planned = {step.id: step for step in changeset.plan.steps}
    alike = _Alike()
    found = []
    for change in changeset.changes:
        spec = specs[change.action]
        step = alike.copy(change.action, spec, rulings[change.step])
        _fill(step, change, spec.sensitive, planned.get(change.step), values, alike)
        found.append(step)
    return found


class _Alike:
    """What steps of one action that were ruled alike have in common: made once, then copied for each."""

    def __init__(self) -> None:
        self._made: dict[Hashable, dict[str, Any]] = {}
        self._decided: dict[Hashable, tuple[object, dict[str, Any]]] = {}
        self._receipts: dict[Hashable, dict[str, Any]] = {}

    def copy(self, action: str, spec: ActionSpec, ruling: Ruling) -> dict[str, Any]:
        """Return the document of a step with all its keys, to be filled."""
        if isinstance(ruling, Refuse):
            found = _unfilled(action, spec, ruling)
        else:
            needs = ruling.needs if isinstance(ruling, Hold) else None
            like = action, None if needs is None else tuple([(need.what, need.kind, need.command) for need in needs])
            made = self._made.get(like)
            if made is None:
                made = self._made[like] = blank(_unfilled(action, spec, ruling))
            found = made.copy()
        found["decision"] = self._decision(ruling.decision)
        return found

    def receipt(self, change: Change, sensitive: Set[str]) -> dict[str, Any]:
        """Return what a step will be receipted with; most know no more of it than its names."""
        for value in change.receipt.values():
            if not isinstance(value, Unknown) or value.expression is not None:
                return arguments(change.receipt, sensitive)
        names = change.action, *change.receipt
        if (found := self._receipts.get(names)) is None:
            found = self._receipts[names] = arguments(change.receipt, sensitive)
        return found

    def _decision(self, decision: Decision) -> dict[str, Any]:
        told = decision.verdict, decision.mode, decision.signatures, decision.findings, decision.roles, decision.reads
        made_of = (*map(id, told), decision.otherwise is None)      # what is equal, but another object, is made again
        if (made := self._decided.get(made_of)) is None:
            made = self._decided[made_of] = told, decided(decision)     # kept, so that no other object gets such an id
        found = made[1].copy()
        found["step"] = decision.step
        return found


def _unfilled(action: str, spec: ActionSpec, ruling: Ruling) -> dict[str, Any]:
    nothing: list[Any] = []
    return {
        "id": "",
        "place": None,
        "action": action,
        "target": "",
        "effect": "",
        "tier": spec.tier.value,
        **ruled(ruling),
        "decision": {},
        "records": nothing,
        "reads": nothing,
        "arguments": {},
        "receipt": {},
        "inverse": {},
        "preview": spec.preview.value,
        "precondition": spec.precondition.value,
        "settlement": spec.settlement.value,
        "readback": spec.readback.value,
        "unknown": nothing,
        "notes": nothing,
        "needs_steps": nothing,
        "evidence": nothing,
    }


def _fill(
    step: dict[str, Any],
    change: Change,
    sensitive: Set[str],
    planned: Step | None,
    values: Mapping[str, Any],
    alike: _Alike,
) -> None:
    step["id"] = change.step
    step["target"] = change.target
    step["effect"] = change.effect.value
    step["records"] = _shown([record(item, sensitive) for item in change.records], values)
    step["inverse"] = _inverse(change.inverse)
    if change.arguments:
        step["arguments"] = _shown(arguments(change.arguments, sensitive), values)
    if change.receipt:
        step["receipt"] = _shown(alike.receipt(change, sensitive), values)
    if change.reads:
        step["reads"] = list(change.reads)
    if unknown := unknown_paths(change):
        step["unknown"] = list(unknown)
    if change.notes:
        step["notes"] = list(change.notes)
    if planned is not None:
        step["place"] = _place(planned)
        if planned.needs:
            step["needs_steps"] = list(planned.needs)
        if planned.evidence:
            step["evidence"] = list(planned.evidence)


def _shown(wire: Any, values: Mapping[str, Any]) -> Any:
    return revealed(wire, values) if values else wire


def _place(planned: Step) -> dict[str, Any] | None:
    """Return where the step stands in the plan file, known only to who has just read it."""
    span = planned.span
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
