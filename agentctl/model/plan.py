"""What an agent proposes: a Plan of Steps, and the references by which a step uses what an earlier one brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias

from agentctl.facts import dataclass, field
from agentctl.model.authorship import Signed
from agentctl.model.canonical import digest_bytes, encoded, with_part
from agentctl.model.diagnostic import Span
from agentctl.model.values import PLAIN, Unknown, Value, from_wire, literal, to_wire
from agentctl.model.written import listed, mapping, text, texts


@dataclass(frozen=True)
class From:
    """``{$from: steps.STEP.after.PATH}`` or ``{$from: steps.STEP.receipt.NAME}``: a value another step brings."""

    step: str
    part: str                       # "after" or "receipt"
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(("steps", self.step, self.part, *self.path))


@dataclass(frozen=True)
class Format:
    """``{$format: TEXT, NAME: …}``: TEXT with each ``{NAME}`` replaced once; the result is never scanned again."""

    text: str
    names: Mapping[str, Argument]


@dataclass(frozen=True)
class Secret:
    """``{$secret: NAME}``: resolved inside the connector call only, never predicted, read back or recorded."""

    name: str


Reference: TypeAlias = From | Format | Secret
Argument: TypeAlias = Value | Reference | Sequence["Argument"] | Mapping[str, "Argument"]


class OnFailure(StrEnum):
    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Source material a plan points at. ``sha256`` (bare hex) is pinned when the source could be read."""

    id: str
    uri: str
    quote: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of a plan. ``action`` begins with a connector instance: ``crm.row.update``.

    ``needs`` is complete: the loader has put the step above where the author left it out.
    """

    id: str
    action: str
    target: str
    with_: Mapping[str, Argument] = field(default_factory=dict)
    because: str = ""
    evidence: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def instance(self) -> str:
        return self.action.partition(".")[0]

    @property
    def verb(self) -> str:
        return self.action.partition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Edited:
    """What people made of a plan: everything that is needed to tell what the agent wrote.

    ``from_`` is the digest of the changeset that was edited, ``by`` who edited, in order. ``order`` are the agent's
    steps, ``steps`` those that stand in the plan no more as it wrote them: changed, or left out.
    """

    from_: str
    by: tuple[str, ...]
    order: tuple[str, ...]
    steps: Mapping[str, Step]


@dataclass(frozen=True, kw_only=True)      # without slots: its digest is computed once and kept
class Plan:
    """A valid plan: every action exists, every argument has its type, every reference points at an earlier step."""

    intent: str
    agent: str
    steps: Sequence[Step]
    requested_by: str = ""
    evidence: tuple[Evidence, ...] = ()
    on_failure: OnFailure = OnFailure.STOP
    tenant: str = ""
    environment: str = ""
    edited: Edited | None = None
    source: str = field(default="", compare=False)
    signed: Signed | None = field(default=None, compare=False, repr=False)      # what it was read from, where signed

    @cached_property
    def canonical(self) -> bytes:
        """Its canonical bytes: what is digested here and, as a part of it, with a changeset."""
        return with_part(_less_steps(self), "steps", encoded(_steps_text, self.steps))

    @cached_property
    def digest(self) -> str:
        return digest_bytes(self.canonical)


def is_plain(arguments: Mapping[str, Argument]) -> bool:
    """Whether there is nothing to look into: no reference, nothing hidden or unknown, at no depth."""
    return PLAIN.issuperset(map(type, arguments.values()))


def references(argument: Argument) -> Iterator[Reference]:
    """Yield every reference inside ``argument``, those inside a Format included."""
    match argument:
        case From() | Secret():
            yield argument
        case Format():
            yield argument
            for inner in argument.names.values():
                yield from references(inner)
        case Mapping():
            for inner in argument.values():
                yield from references(inner)
        case list() | tuple():
            for inner in argument:
                yield from references(inner)


def argument_to_wire(argument: Argument) -> Any:
    """Return the JSON form of an argument, references included."""
    if type(argument) in PLAIN:
        return to_wire(argument)  # type: ignore[arg-type]  # as most are
    match argument:
        case From():
            return {"$from": str(argument)}
        case Format():
            names = {name: argument_to_wire(inner) for name, inner in argument.names.items()}
            return {"$format": argument.text, **names}
        case Secret():
            return {"$secret": argument.name}
        case Unknown():
            return {"$unknown": argument.expression}
        case Mapping():
            return literal({key: argument_to_wire(inner) for key, inner in argument.items()})
        case list() | tuple():
            return [argument_to_wire(inner) for inner in argument]
    return to_wire(argument)  # type: ignore[arg-type]  # references are handled above


def arguments_to_wire(arguments: Mapping[str, Argument]) -> dict[str, Any]:
    """Return the JSON form of all arguments of a step, whose names are never taken for tags."""
    return {
        name: argument if type(argument) is str else argument_to_wire(argument) for name, argument in arguments.items()
    }


def arguments_text(arguments: Mapping[str, Argument]) -> str:
    """Return the canonical text of ``arguments_to_wire(arguments)``."""
    return mapping(arguments, arguments_to_wire, argument_to_wire)


def argument_from_wire(wire: Any) -> Argument:
    """Return the argument whose JSON form is ``wire``. Raises NotAValue where it is none."""
    if isinstance(wire, dict):
        if isinstance(path := wire.get("$from"), str) and len(wire) == 1:
            _, step, part, *rest = path.split(".")
            return From(step, part, tuple(rest))
        if isinstance(text := wire.get("$format"), str):
            return Format(text, {key: argument_from_wire(item) for key, item in wire.items() if key != "$format"})
        if isinstance(name := wire.get("$secret"), str) and len(wire) == 1:
            return Secret(name)
        if isinstance(inner := wire.get("$literal"), dict) and len(wire) == 1:
            return {key: argument_from_wire(item) for key, item in inner.items()}
        if not any(key.startswith("$") for key in wire):
            return {key: argument_from_wire(item) for key, item in wire.items()}
    if isinstance(wire, list):
        return [argument_from_wire(item) for item in wire]
    return from_wire(wire)


def step_to_wire(step: Step) -> dict[str, Any]:
    """Return the JSON form of a step, complete ``needs`` included and its place in a file left out."""
    return {
        "id": step.id,
        "action": step.action,
        "target": step.target,
        "with": arguments_to_wire(step.with_),
        "because": step.because,
        "evidence": list(step.evidence),
        "needs": list(step.needs),
    }


def step_text(step: Step) -> str:
    """Return the canonical text of ``step_to_wire(step)``."""
    return (
        f'{{"action":{text(step.action)},"because":{text(step.because)},"evidence":{texts(step.evidence)},'
        f'"id":{text(step.id)},"needs":{texts(step.needs)},"target":{text(step.target)},'
        f'"with":{arguments_text(step.with_)}}}'
    )


def _steps_text(steps: Sequence[Step]) -> str:
    return listed(map(step_text, steps))


def step_from_wire(wire: Mapping[str, Any]) -> Step:
    """Return the step whose JSON form is ``wire``."""
    return Step(
        id=wire["id"],
        action=wire["action"],
        target=wire["target"],
        with_={name: argument_from_wire(argument) for name, argument in wire["with"].items()},
        because=wire["because"],
        evidence=tuple(wire["evidence"]),
        needs=tuple(wire["needs"]),
    )


def plan_to_wire(plan: Plan) -> dict[str, Any]:
    """Return the JSON form of a plan: what its digest is taken over."""
    return {**_less_steps(plan), "steps": [step_to_wire(step) for step in plan.steps]}


def _less_steps(plan: Plan) -> dict[str, Any]:
    return {
        "intent": plan.intent,
        "agent": plan.agent,
        "requested_by": plan.requested_by,
        "evidence": [
            {"id": item.id, "uri": item.uri, "quote": item.quote, "sha256": item.sha256} for item in plan.evidence
        ],
        "on_failure": plan.on_failure.value,
        "tenant": plan.tenant,
        "environment": plan.environment,
        # Left out where nobody edited: an agent's plan has the digest it always had.
        **({"edited": _edited_to_wire(plan.edited)} if plan.edited else {}),
    }


def plan_from_wire(wire: Mapping[str, Any], steps: Sequence[Step] | None = None) -> Plan:
    """Return the plan whose JSON form is ``wire``; with ``steps``, these are its steps."""
    return Plan(
        intent=wire["intent"],
        agent=wire["agent"],
        requested_by=wire["requested_by"],
        evidence=tuple(Evidence(**item) for item in wire["evidence"]),
        on_failure=OnFailure(wire["on_failure"]),
        tenant=wire["tenant"],
        environment=wire["environment"],
        steps=tuple(map(step_from_wire, wire["steps"])) if steps is None else steps,
        edited=_edited_from_wire(wire["edited"]) if "edited" in wire else None,
    )


def _edited_to_wire(edited: Edited) -> dict[str, Any]:
    return {
        "from": edited.from_,
        "by": list(edited.by),
        "order": list(edited.order),
        "steps": {name: step_to_wire(step) for name, step in edited.steps.items()},
    }


def _edited_from_wire(wire: Mapping[str, Any]) -> Edited:
    return Edited(
        from_=wire["from"],
        by=tuple(wire["by"]),
        order=tuple(wire["order"]),
        steps={name: step_from_wire(step) for name, step in wire["steps"].items()},
    )
