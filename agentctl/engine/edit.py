"""A plan with a step's arguments changed by a person, or with steps left out; and what a person may see of a draft."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from agentctl.errors import Invalid, Usage
from agentctl.facts import replace
from agentctl.model.action import ActionSpec
from agentctl.model.diagnostic import Diagnostic
from agentctl.model.edit import edited, original
from agentctl.model.plan import Argument, From, Plan, Step, argument_to_wire, references
from agentctl.model.values import Hidden
from agentctl.planfile.catalog import Catalog
from agentctl.planfile.draft import as_file
from agentctl.planfile.load import loads

_HIDDEN = "it can be read only with the workspace's key and the changeset's pack"


def step_of(plan: Plan, name: str) -> Step:
    """Return the step called ``name``. Raises Usage."""
    found = next((step for step in plan.steps if step.id == name), None)
    if found is None:
        known = ", ".join(f"`{step.id}`" for step in plan.steps[:20])
        raise Usage("No such step", f"There is no step `{name}`; there are {known}.")
    return found


def draft(step: Step, spec: ActionSpec) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what a person may see and change of a step's arguments, in JSON form, and the names kept from that.

    Sensitive values are in no draft, at whatever depth: not even in a private file. Raises Usage where a value is not
    known here.
    """
    wire: dict[str, Any] = {}
    order = [*spec.arguments.get("properties", ()), *step.with_]
    for name, argument in sorted(step.with_.items(), key=lambda item: order.index(item[0])):
        if name in spec.sensitive or _holds(argument, spec.sensitive):
            continue
        if _is_hidden(argument):
            raise Usage("A value is hidden here", f"`{name}` of step `{step.id}`: {_HIDDEN}.")
        wire[name] = argument_to_wire(argument)
    return wire, tuple(name for name in step.with_ if name not in wire)


def changed(plan: Plan, step: Step, arguments: Mapping[str, Argument], kept: Iterable[str], catalog: Catalog) -> Plan:
    """Return ``plan`` with ``step`` given ``arguments``, those it ``kept`` as they are where nobody gave others.

    Judged as a whole like any plan from a file. Raises Invalid.
    """
    given = {**{name: step.with_[name] for name in kept}, **arguments}
    steps = [replace(one, with_=given) if one.id == step.id else one for one in plan.steps]
    whole = judged(replace(plan, steps=tuple(steps)), catalog, "The draft is not valid")
    needs = {one.id: one.needs for one in whole.steps}
    return replace(plan, steps=tuple(replace(one, needs=needs[one.id]) for one in steps))


def judged(plan: Plan, catalog: Catalog, summary: str) -> Plan:
    """Return ``plan`` as the loader reads it today. Raises Usage for a value not known here, Invalid ``summary``."""
    for step in plan.steps:
        if any(map(_is_hidden, step.with_.values())):
            raise Usage("A value is hidden here", f"Of step `{step.id}`: {_HIDDEN}.")
    try:
        return loads(as_file(plan), "the plan", replace(catalog, root=None))
    except Invalid as error:
        raise Invalid(summary, diagnostics=tuple(map(_placeless, error.diagnostics))) from error


def without(plan: Plan, names: Collection[str]) -> Plan:
    """Return ``plan`` without the steps called ``names``; what waited for one waits for what that waited for.

    Raises Usage where there is no such step, none would stay, or one that stays rests on one that goes.
    """
    gone = {name: step_of(plan, name) for name in names}
    if len(gone) == len(plan.steps):
        raise Usage("No step would stay", "A changeset without steps does nothing: simply do not apply it.")
    above = {step.id: before.id for before, step in zip(plan.steps, plan.steps[1:], strict=False)}
    rests = [
        f"`{step.id}` {why} `{name}`"
        for step in plan.steps if step.id not in gone
        for name in step.needs if name in gone and (why := _rests(step, name, above))
    ]
    if rests:
        more = f" (and {len(rests) - 5} more)" if len(rests) > 5 else ""
        raise Usage(
            "Other steps rest on what would be left out", f"{'; '.join(rests[:5])}{more}.", hint="Leave them out, too."
        )
    kept = tuple(
        replace(step, needs=tuple(dict.fromkeys(_instead(step.needs, gone))))
        for step in plan.steps if step.id not in gone
    )
    return replace(plan, steps=kept)


def by_person(before: Plan, after: Plan, person: str, from_: str) -> Plan | None:
    """Return ``after``, what ``person`` made of ``before``, with what the agent wrote; None where nothing is new."""
    if before.digest == after.digest:
        return None
    earlier = before.edited.by if before.edited else ()
    return edited(original(before), after.steps, tuple(dict.fromkeys((*earlier, person))), from_)


def _rests(step: Step, name: str, above: Mapping[str, str]) -> str:
    """Return how ``step`` rests on ``name``. To wait for the step right above is what every step does unasked."""
    used = any(
        isinstance(found, From) and found.step == name
        for argument in step.with_.values() for found in references(argument)
    )
    if used or f"new:{name}" in step.target.split("/"):
        return "uses what is brought by"
    return "" if above.get(step.id) == name else "needs"


def _instead(needs: Iterable[str], gone: Mapping[str, Step]) -> Iterable[str]:
    for name in needs:
        if name in gone:
            yield from _instead(gone[name].needs, gone)
        else:
            yield name


def _holds(argument: Argument, names: Collection[str]) -> bool:
    match argument:
        case Mapping():
            return any(key in names or _holds(inner, names) for key, inner in argument.items())
        case list() | tuple():
            return any(_holds(inner, names) for inner in argument)
    return False


def _is_hidden(argument: Argument) -> bool:
    match argument:
        case Mapping():
            return any(map(_is_hidden, argument.values()))
        case list() | tuple():
            return any(map(_is_hidden, argument))
    return isinstance(argument, Hidden)


def _placeless(found: Diagnostic) -> Diagnostic:
    """The whole plan was written down only to be judged: a place in that text is no place anybody could look at."""
    return replace(found, span=None, source="")
