"""What people made of an agent's plan as document parts: the agent's version beside the person's, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.model.action import ActionSpec
from agentctl.model.edit import StepEdit, differences, step_edits
from agentctl.model.plan import Plan, Step
from agentctl.views.document.records import arguments, revealed


def edits(plan: Plan, specs: Mapping[str, ActionSpec] | None, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what became of each step that people edited; ``before`` is the agent's version, ``after`` the person's.

    Hidden ``values`` are shown unless ``specs`` call their field sensitive or do not know the action.
    """
    return [_edit(item, (specs or {}).get(item.wrote.action), values) for item in step_edits(plan)]


def _edit(item: StepEdit, spec: ActionSpec | None, values: Mapping[str, Any]) -> dict[str, Any]:
    fields = [] if item.made is None else differences(_shown(item.wrote, spec), _shown(item.made, spec))
    return {
        "step": item.wrote.id,
        "kind": item.kind.value,
        "action": item.wrote.action,
        "target": item.wrote.target,
        "fields": revealed(list(fields), values if spec else {}),
        "waits_for": [] if item.made is None else list(item.made.needs),
    }


def _shown(step: Step, spec: ActionSpec | None) -> dict[str, Any]:
    return arguments(step.with_, spec.sensitive if spec else frozenset())
