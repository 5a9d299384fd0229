"""How soft denials are got past, as the command a person types. Who may is policy's part."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Refuse, Ruling
from agentctl.views import safe

_SHORT = 12


def overriding(changeset: ChangeSet, rulings: Mapping[str, Ruling]) -> str:
    """Return the command that overrides what refuses ``changeset``; nothing where something else refuses it as well."""
    refused = [
        ruling.decision
        for ruling in rulings.values()
        if isinstance(ruling, Refuse) and not (ruling.halt or ruling.rejection)
    ]
    if not refused or any(decision.otherwise is None for decision in refused):
        return ""
    denials = [finding for decision in refused for finding in decision.findings if finding.softly_denies]
    if not all(finding.overriders for finding in denials):
        return ""
    rules = " ".join(safe.shell_word(rule) or "RULE" for rule in dict.fromkeys(finding.rule for finding in denials))
    return f"agentctl override {changeset.digest.removeprefix('sha256:')[:_SHORT]} {rules} --reason …"
