"""The cases of ``policy test``: files to changes with the answers expected of them. Nothing is judged here."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from agentctl import resources
from agentctl.errors import Invalid
from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec, Fidelity, Reversibility, Tier
from agentctl.model.change import Change, Effect, Inverse, RecordChange
from agentctl.model.changeset import Purpose
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.model.plan import Evidence, Plan, Step, argument_from_wire
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields, NotAValue, fields_from_wire
from agentctl.policy.wide import Ground
from agentctl.syntax import schema, yaml
from agentctl.syntax.document import Document, Pointer
from agentctl.syntax.suggest import did_you_mean

_NOW = "2026-01-01T00:00:00Z"
_STEP = "step"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What policy must answer. Empty is: not asked."""

    decision: str
    mode: str = ""
    rule: str = ""
    reason: str = ""
    overridable: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One change as it would come before policy, with everything it is judged under but the policy."""

    name: str
    place: Span
    change: Change
    plan: Plan
    step: Step
    spec: ActionSpec
    tenant: str
    environment: str
    now: datetime
    purpose: Purpose
    person: str
    signed: bool
    verified: frozenset[str]        # ids of the evidence that was read and is what it was said to be
    final: bool                     # whether it is judged as just before the effect
    usage: Mapping[str, int]
    expected: Expected


def load(sources: Iterable[tuple[str, bytes]], ground: Ground) -> tuple[Case, ...]:
    """Return the cases in ``sources`` (file name, content). Raises Invalid with every diagnostic at once."""
    cases: list[Case] = []
    wrong: list[Diagnostic] = []
    for file, data in sources:
        try:
            document = yaml.parse(data, file)
        except Invalid as error:
            wrong += [item for item in error.diagnostics if item.severity is Severity.ERROR]
            continue
        if found := schema.check(document, _schema(), ours=True):
            wrong += found
            continue
        for index in range(len(document.value["cases"])):
            case = _case(document, ("cases", index), ground)
            if isinstance(case, Case):
                cases.append(case)
            else:
                wrong.append(case)
    if wrong:
        count = f"{len(wrong)} error" + "s" * (len(wrong) != 1)
        raise Invalid("Policy tests not valid", f"There {'is' if len(wrong) == 1 else 'are'} {count}.",
                      diagnostics=tuple(wrong))
    return tuple(cases)


@functools.cache
def _schema() -> dict[str, Any]:
    return resources.schema("policy-test")


def _case(document: Document, at: Pointer, ground: Ground) -> Case | Diagnostic:
    body = document.value["cases"][at[1]]
    given = {**document.value.get("given", {}), **body.get("given", {})}
    place: Pointer = (*at, "given") if "given" in body else at
    for name in ("agent", "action", "target"):
        if name not in given and not (name == "agent" and given.get("purpose") == "rollback"):
            detail = f"Neither the case nor the file's `given` says `{name}`."
            return document.diagnostic("missing-key", "Required key missing", detail, "", place)
    spec = _spec(document, place, given, ground)
    if isinstance(spec, Diagnostic):
        return spec
    try:
        return _put_together(document, at, given, spec, ground)
    except (NotAValue, ValueError) as error:
        return document.diagnostic("malformed", "Value not valid", f"{error}.", "", place)


def _spec(document: Document, place: Pointer, given: Mapping[str, Any], ground: Ground) -> ActionSpec | Diagnostic:
    action, stated = given["action"], given.get("spec", {})
    known = ground.specs.get(action)
    if known is None and "tier" not in stated:
        hint = did_you_mean(action, ground.specs)
        detail = f"The workspace has no action `{action}`, and the case doesn't say what it is."
        hint = hint or "State it: spec: {tier: write}."
        return document.diagnostic("unknown-action", "Unknown action", detail, hint, (*place, "action"))
    spec = known or ActionSpec(
        verb=action.partition(".")[2], summary="", target="", arguments={}, record={"type": "object"}
    )
    fields: dict[str, Any] = {}
    if "tier" in stated:
        fields["tier"] = Tier(stated["tier"])
    if "reversibility" in stated:
        fields["reversibility"] = Reversibility(stated["reversibility"])
    if "preview" in stated:
        fields["preview"] = Fidelity(stated["preview"])
    if "fields" in stated:
        fields["record"] = {"type": "object", "properties": {name: {} for name in stated["fields"]}}
    if "recipients" in stated:
        fields["recipients"] = tuple(stated["recipients"])
    if "secret" in stated:
        fields["secret"] = frozenset(stated["secret"])
    return replace(spec, **fields)


def _put_together(
    document: Document, at: Pointer, given: Mapping[str, Any], spec: ActionSpec, ground: Ground
) -> Case:
    body = document.value["cases"][at[1]]
    evidence = tuple(_evidence(given.get("evidence", 0)))
    step = Step(
        id=_STEP,
        action=given["action"],
        target=given["target"],
        with_={name: argument_from_wire(wire) for name, wire in document.wire(given.get("with", {})).items()},
        because=given.get("because", ""),
        evidence=tuple(item.id for item in evidence),
    )
    plan = Plan(
        intent=given.get("intent", body["name"]),
        agent=given.get("agent", ""),
        steps=(step,) * given.get("steps", 1),
        requested_by=given.get("requested_by", ""),
        evidence=evidence,
    )
    return Case(
        name=body["name"],
        place=document.span(at),
        change=_change(document, given, step, spec),
        plan=plan,
        step=step,
        spec=spec,
        tenant=given.get("tenant", ground.tenant),
        environment=given.get("environment", ground.environment),
        now=datetime.fromisoformat(given.get("now", _NOW)),
        purpose=Purpose(given.get("purpose", Purpose.APPLY)),
        person=given.get("person", ""),
        signed=given.get("signed", False),
        verified=_verified(given.get("evidence", 0)),
        final=given.get("final", False),
        usage=given.get("usage", {}),
        expected=Expected(**body["expect"]),
    )


def _evidence(given: int | list[Mapping[str, Any]]) -> Iterator[Evidence]:
    """Yield the sources a step points at: so many files, or those that are stated."""
    sources = [{"uri": f"file:evidence-{number}"} for number in range(given)] if isinstance(given, int) else given
    for number, source in enumerate(sources, 1):
        yield Evidence(id=f"evidence-{number}", uri=source["uri"])


def _verified(given: int | list[Mapping[str, Any]]) -> frozenset[str]:
    stated = [] if isinstance(given, int) else given
    return frozenset(f"evidence-{number}" for number, source in enumerate(stated, 1) if source.get("verified"))


def _change(document: Document, given: Mapping[str, Any], step: Step, spec: ActionSpec) -> Change:
    """Return the change as a connector would preview it: a read shows its address, a write its record."""
    address = Address(f"{step.instance}/{step.target}")
    before, after = (_fields(document, given.get(side)) for side in ("before", "after"))
    record = RecordChange(address=address, before=before, after=after)
    told = before is not None or after is not None
    if spec.tier is Tier.READ:
        effect = Effect.READ
    else:
        effect = record.effect if told else Effect.SIDE_EFFECT
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=effect,
        arguments=step.with_,
        records=(record,) if told else (),
        reads=(address,) if effect is Effect.READ else (),
        inverse=Inverse(kind=spec.reversibility),
    )


def _fields(document: Document, node: Any) -> Fields | None:
    return None if node is None else fields_from_wire(document.wire(node))
