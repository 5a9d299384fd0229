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
from agentctl.workspace.workspace import Workspace


def run_cases(workspace: Workspace, files: Sequence[Path]) -> CasesReport:
    """Judge the cases in ``files``, by default those beside the policy. Raises Usage where there are none, Invalid."""
    return testing.run(load_cases(workspace, files), workspace.policy)


def shown(workspace: Workspace) -> dict[str, Any]:
    """Return the policy as it stands, with the configured actions each grant opens."""
    return matrix(workspace.policy, _ground(workspace))


def check(workspace: Workspace) -> LintReport:
    """Return what is wrong with the policy, and what it lets each role do to each connector under which controls."""
    policy, ground = workspace.policy, _ground(workspace)
    return LintReport(
        findings=(*policy.warnings, *lint(policy, ground)), capabilities=ship.capabilities(policy, ground)
    )


def _ground(workspace: Workspace) -> Ground:
    return Ground(specs=workspace.specs, tenant=workspace.file.tenant, environment=workspace.file.environment)


def load_cases(workspace: Workspace, files: Sequence[Path]) -> tuple[Case, ...]:
    found = list(files) or _beside(workspace)
    try:
        sources = [(_named(file, workspace.root), file.read_bytes()) for file in found]
    except OSError as error:
        raise Invalid("The policy tests cannot be read", f"{error.filename}: {error.strerror}.") from error
    return cases.load(sources, _ground(workspace))


def _beside(workspace: Workspace) -> list[Path]:
    """Return ``policy/tests/*.yaml`` of a folder, ``policy.tests.yaml`` of a file. Raises Usage where there is none."""
    place = workspace.root / workspace.file.policy
    if place.is_dir():
        found, wanted = sorted((place / "tests").glob("*.yaml")), f"{place.name}/tests/*.yaml"
    else:
        beside = place.with_suffix(".tests.yaml")
        found, wanted = [beside] if beside.exists() else [], beside.name
    if not found:
        raise Usage(
            "No policy tests",
            f"There is no {wanted}.",
            hint="Write cases there (their form is printed by `agentctl schema policy-test`), or name their files.",
        )
    return found


def _named(file: Path, root: Path) -> str:
    """Return how ``file`` is called in what is told: from the workspace's root where it lies in it."""
    full = file.absolute()
    return str(full.relative_to(root)) if full.is_relative_to(root) else str(file)
