"""What a command wrote itself, or told once, it does not read again."""

from __future__ import annotations

import pytest

from agentctl.engine.rollback import Selection
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.running import carry_out

STEPS = "\n".join(
    f"- {{id: s{number}, action: mem.record.create, target: a/{number}, with: {{n: {number}}}, because: Asked., needs: []}}"
    for number in range(150)
)


@pytest.mark.parametrize("what", ["apply", "rollback"])
def test_the_run_of_a_command_is_told_by_who_wrote_it(world, what):
    """Long traces only: of a short one every line is read in no time."""
    left = None
    workspace = world.workspace
    if what == "apply":
        preview = world.preview(STEPS)
    else:
        world.apply(STEPS)
        undoing = preview_rollback(workspace, workspace.run("latest"), Selection())
        preview, left = undoing.preview, undoing.left
    workspace.save_changeset(preview)
    ended = carry_out(workspace, preview, world.yes(preview), world.control, left)
    known = [step for steps in workspace._reading._known.values() for step in steps.values()]
    runs = workspace.history().runs
    assert runs[-1].id == ended.run
    assert len(known) == 150 * len(runs)
    for run in runs:
        assert all(any(step is one for one in known) for step in run.steps)
