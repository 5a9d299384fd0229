"""A step's ``{$secret: NAME}`` arguments: their values are fetched just before the one call they are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentctl.engine.ports import Secrets
from agentctl.errors import Rejected
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change
from agentctl.model.plan import Secret, Step, argument_to_wire
from agentctl.syntax.schema import problems


def names(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the names of the secrets that ``steps`` use, each once."""
    return tuple(sorted({secret.name for step in steps for secret in _in(step).values()}))


def fetch(step: Step, change: Change, spec: ActionSpec, secrets: Secrets) -> dict[str, str]:
    """Return the values of the secret arguments of ``step`` by argument. Raises ConnectorErrors that hold no value."""
    values = {argument: secrets.value(secret.name) for argument, secret in _in(step).items()}
    if values and any(problems(spec.arguments, {**_wire(change), **values})):
        # What is wrong with a value could tell what it is.
        detail = f"What `{'` and `'.join(names([step]))}` stands for is not what {step.action} takes."
        raise Rejected("Secret of the wrong form", detail)
    return values


def by_name(step: Step, values: Mapping[str, str]) -> dict[str, str]:
    """Return the ``values`` of arguments by the names of the secrets."""
    return {secret.name: values[argument] for argument, secret in _in(step).items()}


def unfit(change: Change, spec: ActionSpec) -> str:
    """Return what of the arguments of ``change`` is not what ``spec`` takes, or nothing.

    What its secrets have to do with is judged once they are fetched.
    """
    wrong = problems(spec.arguments, _wire(change))
    if any(isinstance(argument, Secret) for argument in change.arguments.values()):
        wrong = tuple(one for one in wrong if one.pointer and one.pointer[0] not in spec.secret)
    return wrong[0].detail or wrong[0].summary if wrong else ""


def _in(step: Step) -> dict[str, Secret]:
    return {name: argument for name, argument in step.with_.items() if isinstance(argument, Secret)}


def _wire(change: Change) -> dict[str, object]:
    return {name: argument_to_wire(argument) for name, argument in change.arguments.items()}
