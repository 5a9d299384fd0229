"""What is wrong with constraints and freezes that load: those that check nothing, or that nothing can meet. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentctl.model.action import ActionSpec
from agentctl.model.changeset import Purpose
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.policy.freezes import Freeze
from agentctl.policy.names import look_alikes
from agentctl.policy.rules import Grant, Policy
from agentctl.policy.wide import Ground, named
from agentctl.syntax.suggest import did_you_mean


def constrained(policy: Policy, ground: Ground) -> Iterator[Diagnostic]:
    """Yield what is wrong with the constraints of grants, and with freezes."""
    for grants in policy.grants.values():
        for grant in grants:
            yield from _grant(grant, ground)
    for freeze in policy.freezes:
        yield from _freeze(freeze, ground)


def _grant(grant: Grant, ground: Ground) -> Iterator[Diagnostic]:
    rule, actions, asked = f"grant {grant.id}", named(grant, ground), grant.constraints
    yield from _environments(asked.environments, rule, grant.place, ground)
    if asked.recipients is not None and (without := [name for name, spec in actions.items() if not spec.recipients]):
        end = "so it forbids nothing there" if grant.forbids else "so it would never be granted"
        yield _finding(
            "checks-nothing", "Recipients of an action that has none",
            f"{rule} names recipients, and `{without[0]}`{_more(without)} has none, {end}.", grant.place,
            hint="Give it a grant of its own, without `recipients`.",
        )
    if (least := asked.reversibility) is not None:
        short = [name for name, spec in _changing(actions).items() if spec.reversibility.rank < least.rank]
        yield from _never(short, actions, rule, f"reversibility: {least}", "can be undone so surely", grant.place)
    if (known := asked.fidelity) is not None:
        short = [name for name, spec in _changing(actions).items() if spec.preview.rank < known.rank]
        yield from _never(short, actions, rule, f"fidelity: {known}", "can be foreseen so well", grant.place)


def _freeze(freeze: Freeze, ground: Ground) -> Iterator[Diagnostic]:
    rule = f"freeze {freeze.id}"
    yield from _environments(freeze.environments, rule, freeze.place, ground)
    for glob in freeze.actions or ():
        if not any(glob(action) for action in ground.specs):
            severity = Severity.WARNING if "*" in glob.text else Severity.ERROR
            yield _finding(
                "unknown-action" if severity is Severity.ERROR else "never-matches", "Freeze of nothing",
                f"{rule} names `{glob.text}`, and no configured connector offers such an action.", freeze.place,
                hint=did_you_mean(glob.text, ground.specs), severity=severity,
            )
    if Purpose.ROLLBACK not in freeze.excepted:
        yield _finding(
            "freezes-undoing", "Undoing is frozen too",
            f"During {rule} nobody can roll back what went wrong just before it.", freeze.place,
            hint="Say except: [rollback], unless that is what is wanted.", severity=Severity.WARNING,
        )


def _environments(listed: tuple[str, ...] | None, rule: str, place: Span, ground: Ground) -> Iterator[Diagnostic]:
    """Tell of a name that may be meant to be this environment. Those of others are other workspaces' business."""
    here = ground.environment
    if listed is None or here in listed:
        return
    meant = [name for name in listed if name.lower() == here.lower() or any(look_alikes((here, name)))]
    if meant or did_you_mean(here, listed):
        yield _finding(
            "unknown-environment", "Perhaps another environment than meant",
            f"{rule} is for {' and '.join(listed)}, and this workspace is `{here}`.", place, severity=Severity.WARNING,
        )


def _changing(actions: Mapping[str, ActionSpec]) -> dict[str, ActionSpec]:
    return {name: spec for name, spec in actions.items() if spec.tier.rank > 0}


def _never(
    short: list[str], actions: Mapping[str, ActionSpec], rule: str, asked: str, can: str, place: Span
) -> Iterator[Diagnostic]:
    if not short:
        return
    every = len(short) == len(actions)
    which = f"none of its actions {can}" if every else f"`{short[0]}`{_more(short)} never {can}"
    yield _finding(
        "never-holds", "Constraint that can't be met", f"{rule} asks for {asked}, and {which}.", place,
        severity=Severity.ERROR if every else Severity.WARNING,
    )


def _more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def _finding(
    code: str, summary: str, detail: str, place: Span, *, hint: str = "", severity: Severity = Severity.ERROR
) -> Diagnostic:
    return Diagnostic(severity=severity, code=code, summary=summary, detail=detail, hint=hint, span=place)
