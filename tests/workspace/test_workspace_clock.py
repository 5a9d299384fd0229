"""A workspace decides by one time, and begins nothing by a clock that can't be believed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agentctl.errors import Refused
from agentctl.model.clock import Clocks
from agentctl.workspace import clock
from agentctl.workspace.running import carry_out
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
