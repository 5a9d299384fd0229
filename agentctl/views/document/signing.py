"""What an agent types whose plan is denied only for want of its signature."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Outcome, Refuse, Ruling
from agentctl.views import safe

WHY = "The agent proves that it wrote its plan by signing the file, and then it is planned again:"


def signing(changeset: ChangeSet, rulings: Mapping[str, Ruling]) -> str:
    """Return the command that signs the plan of ``changeset``, where a missing proof denies it; else nothing."""
    rule = f"agents.{changeset.plan.agent}.keys"
    for ruling in rulings.values():
        findings = ruling.decision.findings if isinstance(ruling, Refuse) else ()
        if any(finding.rule == rule and finding.outcome is Outcome.DENIES for finding in findings):
            return f"ssh-keygen -Y sign -n agentctl-plan -f KEY {safe.shell_word(changeset.plan.source) or 'PLAN'}"
    return ""
