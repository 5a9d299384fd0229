"""How policy came to its answers, rule by rule, as the document of ``policy explain``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.authorship import CLAIMED, Authorship, authorship_to_wire
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Decision, finding_to_wire
from agentctl.views.document.changeset import short
from agentctl.views.document.decision import decided


def explain(changeset: ChangeSet, decisions: Iterable[Decision], author: Authorship = CLAIMED) -> dict[str, Any]:
    """Return every rule considered for each decision's step, with what it read; those that decided are named too."""
    changes = {change.step: change for change in changeset.changes}
    digest = changeset.digest
    return {
        "version": 1,
        "kind": "ExplainDocument",
        "digest": digest,
        "short": short(digest),
        "policy": changeset.policy,
        "agent": changeset.plan.agent,
        "author": authorship_to_wire(author),
        "steps": [
            {
                **decided(decision),
                "action": changes[decision.step].action,
                "target": changes[decision.step].target,
                "effect": changes[decision.step].effect.value,
                "considered": [
                    {**finding_to_wire(finding), "inputs": dict(finding.inputs)} for finding in decision.considered
                ],
            }
            for decision in decisions
        ],
    }
