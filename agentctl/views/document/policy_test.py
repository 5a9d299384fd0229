"""What came of policy's test cases, as the document of ``policy test``."""

from __future__ import annotations

from typing import Any

from agentctl.model.decision import finding_to_wire
from agentctl.model.policy_report import CaseResult, CasesReport


def policy_test(report: CasesReport, policy: str) -> dict[str, Any]:
    """Return every case with what differs, and the rules no case reached."""
    failed = sum(not item.passes for item in report.cases)
    return {
        "version": 1,
        "kind": "PolicyTestDocument",
        "policy": policy,
        "passes": report.passes,
        "passed": len(report.cases) - failed,
        "failed": failed,
        "cases": [_case(item) for item in report.cases],
        "rules": [
            {"rule": item.rule, "place": str(item.place), "reached": item.reached} for item in report.rules
        ],
    }


def _case(item: CaseResult) -> dict[str, Any]:
    return {
        "name": item.name,
        "place": str(item.place),
        "passes": item.passes,
        "decision": item.decision.verdict.value,
        "mode": item.decision.mode.value,
        "differences": [
            {"part": difference.part, "expected": difference.expected, "actual": difference.actual}
            for difference in item.differences
        ],
        "findings": [finding_to_wire(finding) for finding in item.decision.findings],
    }
