"""How policy came to its answers, rule by rule, as the document of ``policy explain``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.authorship import CLAIMED, Authorship, authorship_to_wire
from agentctl.model.breaker import Gauge
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Decision, finding_to_wire
from agentctl.model.halt import Halt
from agentctl.model.limit import Standing
from agentctl.views.document.breakers import breakers
from agentctl.views.document.changeset import short
from agentctl.views.document.decision import decided
from agentctl.views.document.halts import halts as halted
from agentctl.views.document.limits import limits


def explain(
    changeset: ChangeSet,
    decisions: Iterable[Decision],
    author: Authorship = CLAIMED,
    standings: Iterable[Standing] = (),
    gauges: Iterable[Gauge] = (),
    halts: Iterable[Halt] = (),
) -> dict[str, Any]:
    """Return every rule considered for each decision's step, with what it read; those that decided are named too.

    ``standings`` are the limits the whole changeset takes of; those of the steps that are told of are told.
    So are those ``gauges`` of breakers that watch them. ``halts`` are those in force now.
    """
    decisions = tuple(decisions)
    told = {decision.step for decision in decisions}
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
        "halts": halted(halts),
        "breakers": breakers(gauge for gauge in gauges if not told.isdisjoint(gauge.steps)),
        "limits": limits(item for item in standings if not told.isdisjoint(item.steps)),
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
