"""What a command wrote itself, or told once, it does not read again."""

from __future__ import annotations

import pytest

from agentctl.engine.rollback import Selection
from agentctl.store.state import BadState
from agentctl.workspace.preserving import hold
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.projecting import load_state
from agentctl.workspace.running import carry_out
from agentctl.workspace.unlocking import locked

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


def test_the_state_of_a_long_trace_is_believed_by_its_signatures(world):
    """After each run that ended, beside other acts, and while another is written."""
    for number in range(3):
        world.apply(STEPS.replace("target: a/", f"target: r{number}/"))
        hold(world.workspace, "latest", "a case")
        workspace = world.workspace
        assert len(list(workspace.walk())) < 20, "the lines of runs are not read"
        assert len(load_state(workspace).records) == 150 * (number + 1)
    older = workspace.layout.state.read_bytes()
    world.apply(STEPS.replace("target: a/", "target: b/"))
    workspace.layout.state.write_bytes(older)
    with pytest.raises(BadState):
        load_state(world.workspace)
    with locked(world.workspace, "", 0.0):      # it may be the very run that the state still lacks
        assert len(load_state(world.workspace).records) == 450
