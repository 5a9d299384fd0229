"""Consent that ends while a run goes on: no step begins under it, and the run goes on once it is given again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agentctl.engine.gate import irreversible_groups
from agentctl.errors import ConsentMissing
from agentctl.identity import sshsig
from agentctl.model.approval import Statement
from agentctl.model.clock import Clocks
from agentctl.model.halt import Reach, Scope
from agentctl.model.run import RunStatus, StepStatus
from agentctl.model.statement import Attested
from agentctl.workspace import approving
from agentctl.workspace.consenting import given
from agentctl.workspace.halting import halt
from agentctl.workspace.running import Control, carry_out, resume
from tests.engine.conftest import POLICY, FreeBrake, World

SEED = bytes(range(32))
STEPS = """
  - {id: a, action: mem.record.create, target: customers/1, with: {tier: free}}
  - {id: b, action: mem.record.create, target: customers/2, with: {tier: free}}
"""


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "workspace")
    world.policy(
        POLICY.replace('targets: ["**"], mode: approve}', 'targets: ["**"], mode: approve, approvals: {count: 1}}', 1)
        .replace("people:", f"people:\n  ann: {{keys: [{sshsig.public_key(SEED)}]}}")
    )
    return world


class Wall:
    """A wall clock that goes on only when told."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def of(self, workspace):
        real = workspace.clocks()
        workspace.clocks = lambda: Clocks(wall=real.wall + self.ahead)
        return workspace


def sign(workspace, changeset, *, minutes: int, person: str = "ann", now: datetime | None = None) -> None:
    now = now or workspace.time()
    statement = Statement(
        digest=changeset.digest, effects=changeset.effects, lineage=changeset.lineage, person=person,
        from_=approving.as_text(now), until=approving.as_text(now + timedelta(minutes=minutes)),
        shown="sha256:" + "0" * 64, irreversible=irreversible_groups(changeset),
    )
    signature = sshsig.sign(statement.text, seed=SEED, namespace=Statement.NAMESPACE).decode()
    approving.keep(workspace, Attested(statement=statement, signature=signature))


def test_no_step_begins_under_an_approval_that_ended_and_a_renewed_one_lets_the_run_go_on(world):
    wall = Wall()
    preview = world.preview(STEPS)
    workspace = wall.of(world.workspace)
    workspace.save_changeset(preview)
    sign(workspace, preview.changeset, minutes=30)

    def an_hour_passes(record) -> None:
        if record.kind == "step_finished":
            wall.ahead = timedelta(hours=1)

    control = Control(timeout=0.0, brake=FreeBrake(), observe=an_hour_passes)
    ended = carry_out(workspace, preview, given(workspace, preview.changeset), control)
    assert ended.ending.status is RunStatus.INCOMPLETE
    assert dict(ended.ending.steps) == {"a": StepStatus.CONFIRMED, "b": StepStatus.HELD}
    assert "`ann`'s approval was good until" in ended.ending.reason

    with pytest.raises(ConsentMissing, match="good until"):
        resume(wall.of(world.workspace), "latest", world.control)
    sign(wall.of(world.workspace), preview.changeset, minutes=30)
    assert resume(wall.of(world.workspace), "latest", world.control).ending.status is RunStatus.COMPLETE


def test_a_clock_set_back_makes_no_approval_live_longer(world):
    wall = Wall()
    preview = world.preview(STEPS)
    workspace = wall.of(world.workspace)
    sign(workspace, preview.changeset, minutes=1)
    until = datetime.fromisoformat(approving.every(workspace)[0].statement.until)
    wall.ahead = timedelta(minutes=-30)
    assert workspace.now() < until
    assert approving.gathered(workspace, preview.changeset).counted, "the last record is of before its end"
    wall.ahead = timedelta(minutes=30)
    halt(workspace, Scope(Reach.ALL), "so that there is a record of this time")
    assert approving.gathered(workspace, preview.changeset).counted == ()
    wall.ahead = timedelta(minutes=-30)
    assert approving.gathered(workspace, preview.changeset).counted == (), "a record after its end was written"



def test_who_signed_within_one_second_is_told_by_name(world):
    workspace = world.workspace
    changeset = world.preview(STEPS).changeset
    now = workspace.time()
    for number in range(5):     # ids are digests: by them alone some would come the other way
        for person in ("ben", "ann"):
            sign(workspace, changeset, minutes=number + 1, person=person, now=now)
    assert [one.statement.person for one in approving.every(workspace)] == ["ann"] * 5 + ["ben"] * 5
