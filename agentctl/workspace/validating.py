"""What can be said of a plan without asking a live system: whether it is valid, and what policy denies in any case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentctl.errors import ConnectorError
from agentctl.model.diagnostic import DENIED, Diagnostic, Severity
from agentctl.model.plan import Plan, Step
from agentctl.model.snapshot import Address
from agentctl.planfile.evidence import checking
from agentctl.policy.evaluate import Context
from agentctl.policy.foreseen import refusals
from agentctl.workspace import proving
from agentctl.workspace.workspace import Workspace


def validate(path: Path, workspace: Workspace) -> tuple[Diagnostic, ...]:
    """Return every diagnostic of the plan at ``path``; those of what policy denies have the code ``DENIED``."""
    workspace.systems.open_all()
    checked = proving.check(path, workspace)
    if checked.plan is None:
        return checked.diagnostics
    return (*checked.diagnostics, *_refused(checked.plan, workspace))


def _refused(plan: Plan, workspace: Workspace) -> Iterator[Diagnostic]:
    now, checked = workspace.now(), checking(workspace.root)
    for step in plan.steps:
        context = Context(
            policy=workspace.policy, plan=plan, step=step, spec=workspace.specs[step.action],
            tenant=workspace.file.tenant, environment=workspace.file.environment, now=now, checked=checked,
        )
        for finding in refusals(context, _addresses(step, workspace)):
            rule = f" Rule {finding.rule} ({finding.place})." if finding.place else ""
            yield Diagnostic(
                severity=Severity.ERROR,
                code=DENIED,
                summary="Denied by policy",
                detail=f"step `{step.id}`: {finding.reason.rstrip('.')}.{rule}",
                span=step.span,
            )


def _addresses(step: Step, workspace: Workspace) -> tuple[Address, ...] | None:
    try:
        return workspace.systems.connectors[step.instance].addresses(step)
    except ConnectorError:
        return None
