"""What is wrong with limits that load: usage kept under a place in a list, amounts that can never be counted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentctl.model.action import ActionSpec
from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.policy.charging import shows_hidden
from agentctl.policy.limits import Limit


def lint_limit(limit: Limit, specs: Iterable[ActionSpec]) -> Iterator[Diagnostic]:
    """Yield what is wrong with ``limit`` of a grant for actions of these ``specs``."""
    if limit.placed:
        yield Diagnostic(
            severity=Severity.WARNING,
            code="unnamed-limit",
            summary="Limit without a name",
            detail=f"What is used of limit {limit.id} is kept under its grant's place in the list: another grant in "
            "that place would go on with its usage, and this one begin anew.",
            hint="Give the grant, or the limit, an `id`.",
            span=limit.place,
        )
    specs = list(specs)
    if not specs and limit.actions is not None:
        yield Diagnostic(
            severity=Severity.WARNING,
            code="never-matches",
            summary="Limit without effect",
            detail=f"Limit {limit.id} counts no action that its grants open here.",
            span=limit.place,
        )
    for spec in specs:
        for key, expression in (("sum", limit.amount), ("currency", limit.currency)):
            if expression is not None and shows_hidden(expression, spec):
                yield _never(limit, f"`{key}` looks at a field of `{spec.verb}` whose values are hidden")
                return


def _never(limit: Limit, why: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code="never-fits",
        summary="Limit that always denies",
        detail=f"Nothing fits into limit {limit.id}: {why}.",
        span=limit.place,
    )
