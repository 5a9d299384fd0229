"""Rows 7 to 9: what it takes to apply, against a bare loop of syncs and against Terraform."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import worlds
from measure import Spent, calls, can_trace, paired, spend
from row import Row, Scale, against, cpu, not_measured, wall

_LOOP = str(Path(__file__).resolve().with_name("bare_loop.py"))
_STEPS = 1000


def applying(folder: Path, scale: Scale) -> Iterator[Row]:
    """A plan of 1,000 creations is applied over and over, each time in a workspace that has not seen it."""
    fresh = (worlds.records(folder / f"fresh{number}", _STEPS) for number in range(100))

    def ours() -> Spent:
        return next(fresh).agentctl("apply", "plan.yaml", typed=worlds.YES)

    written = 0
    what = f"`apply` of {_STEPS:,} steps : a loop of as many syncs and bytes"
    if can_trace():
        world = next(fresh)
        seen = calls(world.command("apply", "plan.yaml"), world.folder, typed=worlds.YES)
        syncs, written = sum(seen.syncs.values()), sum(seen.written.values())
        loop = (sys.executable, _LOOP, str(syncs), str(written // max(1, syncs)))
        mine, bare = paired(scale.times, ours, lambda: spend(loop, folder))
        yield against("7", f"{what}, wall", 1.5, wall(mine), wall(bare))
        yield against("7", f"{what}, CPU", 3.0, cpu(mine), cpu(bare))
    else:
        yield not_measured("7", what, "≤ 1.5×, ≤ 3×", "strace")
    what = f"`apply` of {_STEPS:,} steps : `terraform apply` of as many blocks"
    if not worlds.terraform():
        yield not_measured("9", what, "≤ 1/20, ≤ 1/20, ≤ 1/60", "terraform")
        return
    blocks = worlds.blocks(folder / "blocks", _STEPS)

    def theirs() -> Spent:
        blocks.forget()
        return blocks.run(*worlds.APPLY)

    mine, other = paired(scale.times, ours, theirs)
    yield against("9", f"{what}, wall", 1 / 20, wall(mine), wall(other))
    yield against("9", f"{what}, CPU", 1 / 20, cpu(mine), cpu(other))
    if can_trace():
        blocks.forget()
        theirs_written = sum(calls(("terraform", *worlds.APPLY), blocks.folder).written.values())
        yield against("9", f"{what}, bytes written", 1 / 60, [written / 2**20], [theirs_written / 2**20], "MiB")


def syncing(folder: Path) -> Row:
    what, goal, steps = "durable syncs a step by the journal in `apply`", "≤ 2", 200
    if not can_trace():
        return not_measured("8", what, goal, "strace")
    world = worlds.rows(folder, steps)
    seen = calls(world.command("apply", "plan.yaml"), world.folder, typed=worlds.YES).syncs
    trace = seen.get(".agentctl/trace", 0)
    others = ", ".join(f"{place} {count}" for place, count in sorted(seen.items()) if place != ".agentctl/trace")
    return Row(
        number="8",
        what=what,
        goal=goal,
        found=f"{trace / steps:.2f} ({trace} in {steps} steps; besides: {others})",
        met=steps <= trace <= 2 * steps,
        firm=True,
        raw={"syncs": dict(seen), "steps": steps},
    )
