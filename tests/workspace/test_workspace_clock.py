"""A workspace decides by one time, and begins nothing by a clock that can't be believed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agentctl.engine.rollback import Selection
from agentctl.errors import Refused, Usage
from agentctl.model.clock import Clocks
from agentctl.trace.chain import scan
from agentctl.workspace import clock
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.running import carry_out
from agentctl.workspace.trusting import trust
from tests.engine.conftest import World

STEP = "  - {id: a, action: mem.record.create, target: customers/1, with: {tier: free}}\n"
OTHER = "  - {id: b, action: mem.record.create, target: customers/2, with: {tier: free}}\n"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "workspace")


def under(workspace, **off: float):
    """Let the workspace's wall clock, and nothing else, be off by so much."""
    real = clock.machine()
    workspace.clocks = lambda: Clocks(wall=real.wall + timedelta(**off), boot=real.boot, since=real.since)
    return workspace


def apply_under(world, steps: str, **off: float):
    preview = world.preview(steps)
    workspace = under(world.workspace, **off)
    workspace.save_changeset(preview)
    return carry_out(workspace, preview, world.yes(preview), world.control)


def test_a_clock_set_back_decides_by_the_last_record(world):
    world.apply(STEP)
    workspace = under(world.workspace, hours=-5)
    last = clock.last_record(workspace.history())
    assert workspace.time() == last
    assert workspace.judge_now().now == last


@pytest.mark.parametrize("off", [{"hours": -1}, {"hours": 1}, {"days": 400}], ids=str)
def test_nothing_is_carried_out_once_the_clock_has_jumped_within_a_boot(world, off):
    if not clock.machine().boot:
        pytest.skip("this system has no clock that tells the time since it started")
    world.apply(STEP)
    with pytest.raises(Refused, match="clock cannot be believed"):
        apply_under(world, OTHER, **off)
    assert len(world.workspace.history().runs) == 1
    assert world.memory.read(next(iter(world.memory.addresses(world.preview(OTHER).plan.steps[0])))).value is None


def test_a_run_tells_the_clocks_it_began_by(world):
    world.apply(STEP)
    told = world.run().clock
    real = clock.machine()
    assert told.boot == real.boot
    assert timedelta() <= real.since - told.since < timedelta(minutes=5)


def test_a_machine_that_started_anew_is_held_against_the_last_record_only(world):
    world.apply(STEP)
    preview = world.preview(OTHER)
    workspace = world.workspace
    later = workspace.now() + timedelta(days=3)
    workspace.clocks = lambda: Clocks(wall=later, boot="another", since=timedelta(seconds=40))
    workspace.save_changeset(preview)
    carry_out(workspace, preview, world.yes(preview), world.control)
    assert world.run().clock.boot == "another"


def test_the_clock_of_this_machine_goes_on(world):
    first, second = clock.machine(), clock.machine()
    assert second.since >= first.since
    assert first.boot == second.boot


def test_a_clock_that_is_right_is_not_to_be_trusted_again(world):
    world.apply(STEP)
    with pytest.raises(Usage, match="clock is believed"):
        trust(world.workspace, "to be sure")


@pytest.mark.parametrize("off", [{"hours": -1}, {"days": 400}], ids=str)
def test_a_clock_trusted_on_a_persons_word_is_gone_by_and_recorded(world, off):
    world.apply(STEP)
    workspace = under(world.workspace, **off)
    trust(workspace, "the machine was paused")
    apply_under(world, OTHER, **off)
    (_, act) = world.workspace.history().acts
    assert (act.kind, act.body["reason"]) == ("clock", "the machine was paused")
    run = world.run()
    assert abs(workspace.time() - datetime.fromisoformat(run.started_at)) < timedelta(minutes=5)
    assert scan(workspace.layout.trace).fault is None


def test_a_trusted_clock_that_jumps_again_is_doubted_again(world):
    world.apply(STEP)
    trust(under(world.workspace, hours=-1), "paused")
    with pytest.raises(Refused, match="clock cannot be believed"):
        apply_under(world, OTHER, hours=-2)
    with pytest.raises(Refused, match="clock cannot be believed"):
        apply_under(world, OTHER)


def test_only_a_record_that_sets_the_clock_may_be_earlier_than_the_one_before_it(world):
    world.apply(STEP)
    trust(under(world.workspace, hours=-1), "paused")
    path = world.workspace.layout.trace / scan(world.workspace.layout.trace).head.file
    path.write_bytes(path.read_bytes().replace(b'"kind":"clock"', b'"kind":"edit"'))
    assert "time is before" in scan(world.workspace.layout.trace).fault.why


def test_on_call_can_roll_back_under_a_clock_in_doubt_once_it_is_trusted(world):
    world.apply(STEP)
    run = world.run()
    undoing = preview_rollback(under(world.workspace, days=2), run, Selection())
    for trusted in (False, True):
        workspace = under(world.workspace, days=2)
        workspace.save_changeset(undoing.preview)
        if trusted:
            trust(workspace, "it was frozen for two days")
            assert carry_out(workspace, undoing.preview, world.yes(undoing.preview), world.control).ending.began
        else:
            with pytest.raises(Refused) as refused:
                carry_out(workspace, undoing.preview, world.yes(undoing.preview), world.control)
            assert refused.value.command == "agentctl clock trust --reason …"
