"""What policy denies whatever the live systems hold: told before any is asked. Pure.

Only certainties: what a live read could still allow is left to the plan. Of a step's record nothing is known here, not
even whether the step would change anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentctl.facts import replace
from agentctl.model.change import Change, Effect
from agentctl.model.decision import Finding, Level
from agentctl.model.plan import Secret, references
from agentctl.model.snapshot import Address, within
from agentctl.policy import expressions, grants
from agentctl.policy.evaluate import Context
from agentctl.policy.expressions import Expression
from agentctl.policy.facts import Facts
from agentctl.policy.permission import denial
from agentctl.policy.rules import Content, Grant, Invariant
from agentctl.policy.sight import Sight
from agentctl.policy.units import Unit


def refusals(context: Context, addresses: Sequence[Address] | None) -> Iterator[Finding]:
    """Yield what denies the step of ``context`` in any case. ``addresses`` are the step's, None where not known."""
    step = context.step
    referring = any(True for argument in step.with_.values() for _ in references(argument))
    change = Change(
        step=step.id, action=step.action, target=step.target, effect=Effect.NO_OP,
        arguments={} if referring else step.with_,
    )
    facts = Facts(change, context, context.policy.needs, {
        "tenant": context.tenant, "environment": context.environment, "purpose": context.purpose.value,
    })
    # One address that is what the plan says stands for itself; a condition, or several, are known once they are read.
    target = step.target if addresses is not None and [*map(within, addresses)] == [step.target] else None
    sight = Sight(facts, Unit(target=step.target, effect=Effect.NO_OP, told=False), None, None)
    yield from _invariants(context, facts, sight, target, referring=referring)
    yield from _grants(context, sight, target, referring=referring)


def _invariants(
    context: Context, facts: Facts, sight: Sight, target: str | None, *, referring: bool
) -> Iterator[Finding]:
    binding = [
        each for each in context.policy.invariants if each.level is Level.HARD and context.purpose not in each.excepted
    ]
    if not binding:
        return
    plain = {name: fact for name, fact in facts.plain.items() if not (name in ("args", "step") and facts.holes)}
    if referring:
        plain.pop("args", None)
    if target is not None:
        plain["target"] = target
    activation = expressions.activation(plain)
    for invariant in binding:
        if _ask(invariant.when, activation, otherwise=True) and (why := _broken(invariant, activation, sight)):
            said = f"{invariant.message} — {why}" if invariant.message else why
            yield denial(invariant.id, said, invariant.place)


def _broken(invariant: Invariant, activation: object, sight: Sight) -> str:
    if invariant.secrets is Content.DENY and (leak := sight.leaks()):
        return leak
    if _ask(invariant.deny, activation, otherwise=False):
        return f"it forbids that {invariant.deny}"
    if _ask(invariant.require, activation, otherwise=True) is False:
        return f"it requires that {invariant.require}"
    return ""


def _ask(condition: Expression | None, activation: object, *, otherwise: bool) -> bool | None:
    """Return what ``condition`` yields where the facts at hand settle it: ``otherwise`` where there is none."""
    return otherwise if condition is None else expressions.settles(condition, activation)


def _grants(context: Context, sight: Sight, target: str | None, *, referring: bool) -> Iterator[Finding]:
    agent = context.policy.agents.get(context.plan.agent)
    if agent is None:
        return      # the plan is not valid, and says so itself
    action = context.step.action
    naming = context.policy.grants_of(agent, action)
    for grant in naming:
        if grant.forbids and _forbids_always(grant, sight, target):
            yield denial(grant.id, f"grant {grant.id} forbids it", grant.place)
            return
    allowing = [grant for grant in naming if not grant.forbids]
    if not allowing:
        roles = ", ".join(f"`{role}`" for role in agent.roles)
        yield denial("default-deny", f"no grant of {roles} names `{action}`", agent.place)
        return
    secrets = frozenset(
        reference.name
        for argument in context.step.with_.values() for reference in references(argument)
        if isinstance(reference, Secret)
    )
    missed = [_missed(grant, sight, target, secrets, referring=referring) for grant in allowing]
    if all(missed):
        others = f" (nor does any of {len(allowing) - 1} other grants cover it)" if len(allowing) > 1 else ""
        yield denial(allowing[-1].id, f"{missed[-1]}{others}", allowing[-1].place)


def _forbids_always(grant: Grant, sight: Sight, target: str | None) -> bool:
    constraints = grant.constraints
    if grant.where is not None or grant.fields is not None:
        return False
    if constraints.windows is not None or constraints.recipients is not None or sight.elsewhere(constraints):
        return False
    return grant.targets is None or (target is not None and grants.covers_address(grant, target))


def _missed(grant: Grant, sight: Sight, target: str | None, secrets: frozenset[str], *, referring: bool) -> str:
    """Return why ``grant`` covers the step in no case, or nothing."""
    if target is not None and not grants.covers_address(grant, target):
        named = "" if grant.targets is None else f": {', '.join(glob.text for glob in grant.targets[:8])}"
        return f"`{target}` is not among the targets {grants.name(grant)} names{named}"
    if unlisted := sorted(secrets - grant.secrets):
        return f"{grants.name(grant)} does not list the secret `{unlisted[0]}`"
    constraints = replace(grant.constraints, recipients=None) if referring else grant.constraints
    missing = sight.unmet(constraints)
    return "" if missing is None or missing.open else f"{grants.name(grant)} {missing.why}"
