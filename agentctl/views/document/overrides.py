"""How soft denials are got past, as the command a person types. Who may is policy's part."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Refuse, Ruling
from agentctl.views import safe

_SHORT = 12


def way_past(changeset: ChangeSet, rulings: Mapping[str, Ruling]) -> tuple[str, str]:
    """Return who gets past what refuses ``changeset``, and their command; nothing where not only soft rules do."""
    refused = [
        ruling.decision
        for ruling in rulings.values()
        if isinstance(ruling, Refuse) and not (ruling.halt or ruling.rejection or ruling.doubt)
    ]
    if not refused or any(decision.otherwise is None for decision in refused):
        return "", ""
    denials = [finding for decision in refused for finding in decision.findings if finding.softly_denies]
    short = changeset.digest.removeprefix("sha256:")[:_SHORT]
    if not all(finding.overriders for finding in denials):
        return "In an emergency, whoever may break the glass runs:", f"agentctl break-glass {short} --reason …"
    rules = " ".join(safe.shell_word(rule) or "RULE" for rule in dict.fromkeys(finding.rule for finding in denials))
    why = "Whoever may override that, and has reviewed exactly this, runs:"
    return why, f"agentctl override {short} {rules} --reason …"
