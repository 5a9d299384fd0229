"""What ``agentctl policy`` asks of a workspace offline: its policy and cases. No live system is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentctl.errors import Invalid, Usage
from agentctl.model.policy_report import CasesReport, LintReport
from agentctl.policy import cases, ship, testing
from agentctl.policy.cases import Case
from agentctl.policy.lint import lint
from agentctl.policy.matrix import matrix
from agentctl.policy.wide import Ground
from agentctl.workspace import reviewing, tokens
from agentctl.workspace.policy import Source
from agentctl.workspace.workspace import Workspace


def run_cases(workspace: Workspace, files: Sequence[Path]) -> CasesReport:
    """Judge the cases in ``files``, by default those beside the policy. Raises Usage where there are none, Invalid."""
    return testing.run(load_cases(workspace, files), workspace.policy)


def shown(workspace: Workspace) -> dict[str, Any]:
    """Return the policy as it stands, with the configured actions each grant opens."""
    return {"from": workspace.policy_source.name, **matrix(workspace.policy, _ground(workspace))}


def check(workspace: Workspace) -> LintReport:
    """Return what is wrong with the policy, and what it lets each role do to each connector under which controls."""
    policy, ground = workspace.policy, _ground(workspace)
    return LintReport(
        findings=(*policy.warnings, *lint(policy, ground), *reviewing.findings(workspace),
                  *tokens.findings(workspace.file.connectors)),
        capabilities=ship.capabilities(policy, ground)
    )


def _ground(workspace: Workspace) -> Ground:
    return Ground(specs=workspace.specs, tenant=workspace.file.tenant, environment=workspace.file.environment)


def load_cases(workspace: Workspace, files: Sequence[Path]) -> tuple[Case, ...]:
    """Return the cases in ``files``, by default those beside the policy. Raises Usage where there are none, Invalid."""
    if not files:
        return cases.load(_beside(workspace), _ground(workspace))
    try:
        sources = [(_named(file, workspace.root), file.read_bytes()) for file in files]
    except OSError as error:
        raise Invalid("The policy tests cannot be read", f"{error.filename}: {error.strerror}.") from error
    return cases.load(sources, _ground(workspace))


def _beside(workspace: Workspace) -> tuple[Source, ...]:
    found = workspace.policy_source.cases()
    if not found:
        raise Usage(
            "No policy tests",
            f"Beside the policy {workspace.policy_source.name} are none: a folder's are in tests/*.yaml below it, a "
            "file's in NAME.tests.yaml.",
            hint="Write cases there (their form is printed by `agentctl schema policy-test`), or name their files.",
        )
    return found


def _named(file: Path, root: Path) -> str:
    """Return how ``file`` is called in what is told: from the workspace's root where it lies in it."""
    full = file.absolute()
    return str(full.relative_to(root)) if full.is_relative_to(root) else str(file)
