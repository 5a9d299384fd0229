"""What people made of an agent's plan, told apart: the plan as it was written, and each thing that became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass, replace
from agentctl.model.canonical import digest
from agentctl.model.plan import Edited, Plan, Step, step_to_wire

_ABSENT = object()


class EditKind(StrEnum):
    """``freed`` is a step that waits for another one, because the one it waited for was left out."""

    CHANGED = "changed"
    LEFT_OUT = "left-out"
    FREED = "freed"


@dataclass(frozen=True, kw_only=True)
class StepEdit:
    """What became of one step: as the agent wrote it and as it is now (None: left out)."""

    kind: EditKind
    wrote: Step
    made: Step | None


class NotAnEdit(ValueError):
    """What a plan says of its editing does not lead back to any plan an agent wrote."""


def original(plan: Plan) -> Plan:
    """Return ``plan`` as its agent wrote it. Raises NotAnEdit.

    People change arguments and leave steps out: they add none, and none becomes another action or goes elsewhere.
    """
    if plan.edited is None:
        return plan
    now = {step.id: step for step in plan.steps}
    wrote, order = plan.edited.steps, plan.edited.order
    kept = [name for name in order if name in now]
    if kept != [step.id for step in plan.steps] or not {*wrote} <= {*order} <= {*now, *wrote} or not plan.edited.by:
        raise NotAnEdit("its steps are not the agent's less some")
    for name in kept:
        if name in wrote and _fixed(wrote[name]) != _fixed(now[name]):
            raise NotAnEdit(f"step `{name}` became another")
    return replace(plan, steps=tuple(wrote.get(name) or now[name] for name in order), edited=None)


def edited(wrote: Plan, steps: Sequence[Step], by: tuple[str, ...], from_: str) -> Plan:
    """Return ``wrote``, an agent's plan, with ``steps`` in the place of its own; itself where they are the same."""
    now = {step.id: step for step in steps}
    differing = {step.id: step for step in wrote.steps if step.id not in now or not _same(step, now[step.id])}
    if not differing:
        return wrote
    note = Edited(from_=from_, by=by, order=tuple(step.id for step in wrote.steps), steps=differing)
    return replace(wrote, steps=steps, edited=note, source="")


def step_edits(plan: Plan) -> Iterator[StepEdit]:
    """Yield what became of each step that people edited, in the agent's order."""
    if plan.edited is None:
        return
    now = {step.id: step for step in plan.steps}
    for name in plan.edited.order:
        wrote = plan.edited.steps.get(name)
        if wrote is None:
            continue
        made = now.get(name)
        if made is None:
            yield StepEdit(kind=EditKind.LEFT_OUT, wrote=wrote, made=None)
        else:
            freed = _same(replace(wrote, needs=made.needs), made)
            yield StepEdit(kind=EditKind.FREED if freed else EditKind.CHANGED, wrote=wrote, made=made)


def differences(wrote: Any, made: Any, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Yield ``{path, before?, after?}`` where two JSON forms of arguments differ, mappings entered."""
    for name in [*wrote, *(name for name in made if name not in wrote)]:
        old, new = wrote.get(name, _ABSENT), made.get(name, _ABSENT)
        if _is_plain(old) and _is_plain(new):
            yield from differences(old, new, f"{prefix}{name}.")
        elif old is _ABSENT or new is _ABSENT or digest([old]) != digest([new]):
            yield {
                "path": f"{prefix}{name}",
                **({} if old is _ABSENT else {"before": old}),
                **({} if new is _ABSENT else {"after": new}),
            }


def _fixed(step: Step) -> Step:
    return replace(step, with_={}, needs=())


def _is_plain(wire: Any) -> bool:
    return isinstance(wire, Mapping) and not any(key.startswith("$") for key in wire)


def _same(one: Step, other: Step) -> bool:
    """By their canonical forms: to Python ``1`` equals ``True``."""
    return digest(step_to_wire(one)) == digest(step_to_wire(other))
