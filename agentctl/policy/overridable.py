"""What is wrong with who may override soft rules or break the glass: nobody could, or nobody could review it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from agentctl.model.decision import Level
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.model.duration import spoken
from agentctl.policy.rules import Policy
from agentctl.syntax.suggest import did_you_mean

_DAY = 86_400


def lint_overrides(policy: Policy) -> Iterator[Diagnostic]:
    """Yield what ``policy lint`` says of soft rules, ``override:`` and ``break_glass:``."""
    for invariant in policy.invariants:
        if invariant.level is not Level.SOFT:
            continue
        rule = f"invariant {invariant.id}"
        if invariant.override:
            yield from _signers(policy, invariant.override.groups, invariant.place, f"`override:` of {rule}")
        else:
            yield _without(rule, invariant.place, glass=policy.break_glass is not None)
    if policy.break_glass:
        place = policy.break_glass.place
        yield from _signers(policy, policy.break_glass.groups, place, "`break_glass:`")
        if policy.break_glass.seconds > _DAY:
            yield _wrong(
                "long-glass", "Broken glass lasts long", place,
                f"Broken glass is good for {spoken(policy.break_glass.seconds)}: longer than an emergency lasts.",
                "Give it an hour; it can be broken again.", Severity.WARNING,
            )
        if sum(bool(person.keys) for person in policy.people.values()) < 2:
            yield _wrong(
                "no-reviewer", "Nobody to review", place,
                "Whoever breaks the glass cannot review it, and no second person of `people:` has a key.",
            )


def _signers(policy: Policy, groups: tuple[str, ...], place: Span, rule: str) -> Iterator[Diagnostic]:
    known = {group for person in policy.people.values() for group in person.groups}
    for group in groups:
        if group not in known:
            yield _wrong(
                "unknown-group", "Unknown group", place,
                f"{rule} names the group `{group}`, in which nobody of `people:` is.", did_you_mean(group, known),
            )
    members = [person for person in policy.people.values() if not person.groups.isdisjoint(groups)]
    if members and not any(person.keys for person in members):
        yield _wrong(
            "no-keys", "Nobody could sign", place, f"{rule} asks for a signature of {' or '.join(groups)}, and nobody "
            "there has a key.", "Add their `keys:`; `agentctl keygen` makes one.",
        )


def _without(rule: str, place: Span, *, glass: bool) -> Diagnostic:
    if glass:
        passes = "Only broken glass passes it."
    else:
        passes = "There is no `break_glass:` either, so it denies like a hard one."
    return _wrong(
        "no-override", "Soft rule without override", place, f"{rule} is soft and has no `override:`. {passes}",
        "Say who may: override: {from: [leads], expires: 4h}", Severity.WARNING,
    )


def _wrong(
    code: str, summary: str, place: Span, detail: str, hint: str = "", severity: Severity = Severity.ERROR
) -> Diagnostic:
    return Diagnostic(severity=severity, code=code, summary=summary, detail=detail, hint=hint, span=place)
