"""What a decision is under the overrides that count. Whose do is ``overrides``' part, which most never need. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.facts import replace
from agentctl.model.decision import Consent, Decision, Finding, Outcome, Overridden


def lifted(decision: Decision, consent: Consent) -> Decision:
    """Return the decision there is under the overrides of ``consent``: what is left once all that denies is overridden.

    The findings of rules that are overridden say who let it pass, until when and why.
    """
    if decision.otherwise is None:
        return decision
    by: dict[str, Overridden] = {}
    for rule in decision.soft:
        if override := next((one for one in consent.overrides if one.covers(rule, decision.step)), None):
            by[rule] = override
    return replace(
        decision.otherwise if all(rule in by for rule in decision.soft) else decision,
        findings=tuple(_told(finding, by) for finding in decision.findings),
        considered=tuple(_told(finding, by) for finding in decision.considered),
    )


def _told(finding: Finding, by: Mapping[str, Overridden]) -> Finding:
    if not finding.softly_denies or finding.rule not in by:
        return finding
    override = by[finding.rule]
    how = "by break-glass of" if override.breaks_glass else "by"
    return replace(
        finding,
        outcome=Outcome.OVERRIDDEN,
        reason=f"denies, overridden {how} `{override.person}` until {override.until}: {override.reason}. "
        f"What it said: {finding.reason}",
    )
