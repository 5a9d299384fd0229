"""Rows 4 to 6 and 14: what it takes to plan, against Terraform, and in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import worlds
from measure import paired
from row import Row, Scale, against, cpu, not_measured, peak, wall

_GOALS = {10: ("4", 1.5, None, None), 1000: ("5", 1 / 8, None, 1 / 3), 10_000: ("6", 1 / 15, 1 / 12, 1 / 6)}


def planning(folder: Path, scale: Scale) -> Iterator[Row]:
    peaks: dict[int, int] = {}
    for steps, (number, most, slowest, largest) in _GOALS.items():
        database = worlds.rows(folder / f"rows{steps}", steps)
        database.agentctl("plan", "plan.yaml")
        spent = database.agentctl("plan", "plan.yaml")
        what = f"`plan` of {steps:,} changed rows of SQLite, each read live"
        yield Row(number=number, what=what, goal="", found=f"{spent.cpu:.2f} s CPU, {spent.peak / 1024:.0f} MiB")
        world = worlds.records(folder / f"records{steps}", steps)
        what = f"`plan` of {steps:,} creations : `terraform plan` of as many blocks"
        if not worlds.terraform():
            peaks[steps] = world.agentctl("plan", "plan.yaml").peak
            yield not_measured(number, what, f"CPU ≤ {most:.3g}×", "terraform")
            continue
        blocks = worlds.blocks(folder / f"blocks{steps}", steps)
        ours, theirs = paired(
            scale.times * (5 if steps == 10 else 1),
            lambda w=world: w.agentctl("plan", "plan.yaml"),  # type: ignore[misc]  # a lambda's default
            lambda b=blocks: b.run(*worlds.PLAN),  # type: ignore[misc]
        )
        peaks[steps] = max(each.peak for each in ours)
        yield against(number, f"{what}, CPU", most, cpu(ours), cpu(theirs))
        if slowest:
            yield against(number, f"{what}, wall", slowest, wall(ours), wall(theirs))
        if largest:
            yield against(number, f"{what}, peak memory", largest, peak(ours), peak(theirs), "MiB")
    yield _memory(peaks)


def _memory(peaks: Mapping[int, int]) -> Row:
    over = {steps: peak - 40 * 1024 - 8 * steps for steps, peak in peaks.items()}
    return Row(
        number="14",
        what="peak memory of `plan` of creations",
        goal="≤ 40 MiB + 8 KiB a step",
        found=", ".join(f"{peak / 1024:.0f} MiB for {steps:,}" for steps, peak in peaks.items()),
        met=all(excess <= 0 for excess in over.values()),
        raw={"peak_kib": dict(peaks)},
    )
