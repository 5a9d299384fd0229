"""Whether anybody could undo a change is told alike, asked once for a plan or for each of its changes."""

from __future__ import annotations

import pytest

from agentctl.engine.preview import denial_of_undoing
from tests.engine.conftest import POLICY

STEPS = """
  - {id: one, action: mem.record.create, target: a, with: {n: 1}, because: Asked., needs: []}
  - {id: two, action: mem.record.create, target: b, with: {n: 2}, because: Asked., needs: []}
  - {id: say, action: mem.note.send, target: outbox, with: {to: x, text: y}, because: Asked., needs: []}
"""
INVARIANT = """
invariants:
  - {id: keep-b, when: 'target.startsWith("b")', deny: 'effect == "delete"', message: Kept.EXCEPT}
"""
POLICIES = {
    "anybody on call": POLICY,
    "nobody": POLICY.replace("rollback: {from: [on-call]}", ""),
    "an invariant that spares rollbacks": POLICY + INVARIANT.replace("EXCEPT", ", except: [rollback]"),
    "an invariant against some": POLICY + INVARIANT.replace("EXCEPT", ""),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_what_nobody_could_undo_is_told_for_each_change_as_for_all(world, policy):
    world.policy(POLICIES[policy])
    workspace = world.workspace
    judge = workspace.judge_now()
    preview = world.preview(STEPS)
    denied = denial_of_undoing(judge, preview.plan)
    alone = [judge.denies_undoing(change, preview.plan) for change in preview.full]
    assert [denied(change) for change in preview.full] == alone
    assert [denied(change) for change in reversed(preview.full)] == alone[::-1]
    told = {"anybody on call": 0, "nobody": 2, "an invariant that spares rollbacks": 0, "an invariant against some": 1}
    assert sum(map(bool, alone)) == told[policy]
