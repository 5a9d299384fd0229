"""What is wrong with a policy and whether it may ship, as the document of ``policy lint``."""

from __future__ import annotations

from typing import Any

from agentctl.model.diagnostic import Severity
from agentctl.model.policy_report import Capability, LintReport
from agentctl.views.document.diagnostics import diagnostic


def policy_lint(report: LintReport, policy: str) -> dict[str, Any]:
    """Return every finding, and each role's capabilities with the controls they must have."""
    errors = sum(finding.severity is Severity.ERROR for finding in report.findings)
    return {
        "version": 1,
        "kind": "PolicyLintDocument",
        "policy": policy,
        "ships": report.ships,
        "error_count": errors,
        "warning_count": len(report.findings) - errors,
        "missing_count": sum(not control.met for item in report.capabilities for control in item.controls),
        "findings": [diagnostic(finding) for finding in report.findings],
        "capabilities": [_capability(item) for item in report.capabilities],
    }


def _capability(item: Capability) -> dict[str, Any]:
    return {
        "role": item.role,
        "connector": item.instance,
        "capability": item.tier,
        "ships": item.ships,
        "actions": list(item.actions),
        "controls": [
            {
                "control": control.name,
                "met": control.met,
                "why": control.why,
                "place": str(control.place) if control.place else "",
            }
            for control in item.controls
        ],
    }
