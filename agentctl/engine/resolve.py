"""References in a step's arguments replaced by what earlier steps brought, or by Unknown where they have not yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from agentctl.errors import Rejected
from agentctl.facts import dataclass, field, replace
from agentctl.model.plan import Argument, Format, From, Secret, Step, argument_to_wire, is_plain
from agentctl.model.run import StepStatus
from agentctl.model.snapshot import Address, within
from agentctl.model.values import Fields, Hidden, Unknown, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What one step brings to later ones: its first record after, and its receipt. Unknown where not known yet."""

    after: Fields | None = None
    receipt: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A step an earlier run has done: in which run, how it stands there, what it brought and what it made."""

    run: str
    status: StepStatus
    brought: Brought
    made: Mapping[Address, Address] = field(default_factory=dict)


def resolve(step: Step, brought: Mapping[str, Brought], made: Mapping[Address, Address] | None = None) -> Step:
    """Return ``step`` with each reference resolved once. What it resolves to is never looked into again.

    Raises Rejected where it refers to something that is there and cannot be read.

    ``made`` maps addresses of records that earlier steps created (``…/new:STEP``) to what they became.
    """
    target = _target(step, made) if made else step.target
    arguments = step.with_
    if not is_plain(arguments):
        arguments = {name: _resolve(argument, brought) for name, argument in arguments.items()}
    same = arguments is step.with_ or all(arguments[name] is given for name, given in step.with_.items())
    if same and target == step.target:
        return step         # as most are: a copy of each of 10,000 steps costs 3 MiB
    return replace(step, with_=arguments, target=target)


def _resolve(argument: Argument, brought: Mapping[str, Brought]) -> Argument:
    match argument:
        case From():
            return _bring(argument, brought)
        case Format():
            return _format(argument, brought)
        case Secret():
            return argument
        case Mapping():
            return {key: _resolve(inner, brought) for key, inner in argument.items()}
        case list() | tuple():
            return [_resolve(inner, brought) for inner in argument]
    return argument


def _bring(reference: From, brought: Mapping[str, Brought]) -> Value:
    source = brought.get(reference.step)
    if source is None:
        return Unknown(argument_to_wire(reference))
    value: Value = source.receipt if reference.part == "receipt" else source.after
    for name in reference.path:
        if not isinstance(value, Mapping) or name not in value:
            return Unknown(argument_to_wire(reference))
        value = value[name]
    if isinstance(value, Hidden):
        raise Rejected(
            "A value cannot be read",
            f"`{'.'.join((reference.part, *reference.path))}` of `{reference.step}` was hidden when that was done, and "
            "what held it was dropped or is lost.",
        )
    return Unknown(argument_to_wire(reference)) if isinstance(value, Unknown) else value


def _format(template: Format, brought: Mapping[str, Brought]) -> Value:
    values = {name: _resolve(argument, brought) for name, argument in template.names.items()}
    if any(isinstance(value, Unknown) for value in values.values()):
        return Unknown(argument_to_wire(template))
    pieces = []
    rest = template.text
    while rest:
        literal, opening, rest = rest.partition("{")
        pieces.append(literal)
        name, closing, after = rest.partition("}")
        if opening and closing and name in values:
            pieces.append(_text(values[name]))
            rest = after
        else:
            pieces.append(opening)
    return "".join(pieces)


def _text(value: Argument) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case datetime() | date():
            return value.isoformat()
        case str() | int() | Decimal():
            return str(value)
    raise TypeError(f"a {type(value).__name__} has no place in a text")     # the loader has refused it


def _target(step: Step, made: Mapping[Address, Address]) -> str:
    became = made.get(Address(f"{step.instance}/{step.target}"))
    return step.target if became is None else within(became)
