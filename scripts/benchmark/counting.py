"""Instructions: what a command takes of those of Python alone, and how they grow with steps. Where valgrind is."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import worlds
from measure import Failed, can_count, exponent, instructions
from row import Row, Scale

_NUMBER = "instructions"
_FEW = 10
_STARTS = ("--version", "--help", "validate plan.yaml", "plan plan.yaml")
_MOST = 1.05


def counting(folder: Path, scale: Scale) -> Iterator[Row]:
    """Count starts, and two sizes of a plan above a small one: what is counted needs no repetition to be believed."""
    if not can_count():
        yield Row(number=_NUMBER, what="every command", goal="", found="not measured: valgrind is not on PATH")
        return
    sizes = (_FEW, *scale.sizes[:2])
    lives = [worlds.records(folder / str(steps), steps) for steps in sizes]
    try:
        yield from _starts(lives[0])
        yield _growth("plan plan.yaml", sizes, [_count(world, "plan", "plan.yaml") for world in lives])
        if scale.timed:     # one that acts takes minutes to count
            found = [_count(world, "apply", "plan.yaml", typed=worlds.YES) for world in lives]
            yield _growth("apply plan.yaml", sizes, found)
    except Failed as error:
        yield Row(number=_NUMBER, what="every command", goal="ends well", found=str(error), met=False, firm=True)


def _starts(world: worlds.World) -> Iterator[Row]:
    bare = instructions((sys.executable, "-c", "pass"), world.folder)
    for command in _STARTS:
        found = _count(world, *command.split())
        yield Row(
            number=_NUMBER,
            what=f"`agentctl {command}` : `python -c pass`",
            goal="",
            found=f"{found / bare:.2f}× · {_millions(found)} : {_millions(bare)}",
            raw={"ours": found, "theirs": bare},
        )


def _growth(command: str, sizes: Sequence[int], found: Sequence[int]) -> Row:
    few, *rest = found
    grown = exponent(sizes[1:], [each - few for each in rest])
    return Row(
        number=_NUMBER,
        what=f"`agentctl {command}` from {sizes[1]:,} to {sizes[-1]:,} creations, as an exponent",
        goal=f"≤ {_MOST:g}",
        found=f"{grown:.2f} · {', '.join(map(_millions, rest))}; {_millions(few)} for {_FEW}",
        met=grown <= _MOST,
        firm=True,
        raw={"steps": list(sizes), "instructions": list(found)},
    )


def _count(world: worlds.World, *arguments: str, typed: str = "") -> int:
    return instructions(world.command(*arguments), world.folder, typed=typed)


def _millions(count: int) -> str:
    return f"{count / 1e6:,.0f} M"
