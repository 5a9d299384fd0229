"""How what each command takes grows with steps: CPU, memory, bytes written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import worlds
from measure import Failed, Growth, Spent, growth
from row import Row, Scale

_FLOOR = 10
_LOOKING = ("validate plan.yaml", "plan plan.yaml", "show", "verify", "runs")
_COMMANDS = ("validate plan.yaml", "plan plan.yaml", "apply plan.yaml", "show", "verify", "runs", "rollback latest")
_CPU = 1.05
_PEAKS = {"plan plan.yaml": 1.0, "apply plan.yaml": 1.0, "verify": 0.3}


def growing(folder: Path, scale: Scale) -> Iterator[Row]:
    """Plans of each size go through every command, round after round; what ten steps take is measured among them."""
    rounds: list[dict[str, list[Spent]]] = []
    try:
        for number in range(scale.times):
            found: dict[str, list[Spent]] = {command: [] for command in _COMMANDS}
            for steps in (_FLOOR, *scale.sizes):
                for command, spent in _one(worlds.rows(folder / f"{number}-{steps}", steps)):
                    found[command].append(spent)
            rounds.append(found)
    except Failed as error:
        yield Row(number="growth", what="every command", goal="ends well", found=str(error), met=False, firm=True)
        return
    for command in _COMMANDS:
        spent = [found[command] for found in rounds]
        yield _cpu(command, scale.sizes, spent)
    for command, most in _PEAKS.items():
        yield _peak(command, scale.sizes, [found[command] for found in rounds], most)
    yield _written(scale.sizes, [found["apply plan.yaml"] for found in rounds])


def _one(world: worlds.World) -> Iterator[tuple[str, Spent]]:
    """Take one plan through its life. Looking is repeated, for the least of three is nearest to what it takes."""
    for command in _COMMANDS:
        acts = command not in _LOOKING
        tries = [world.agentctl(*command.split(), typed=worlds.YES if acts else "") for _ in range(1 if acts else 3)]
        yield command, min(tries, key=lambda each: each.cpu)


def _cpu(command: str, sizes: Sequence[int], spent: Sequence[Sequence[Spent]]) -> Row:
    floor, costs = [row[0].cpu for row in spent], [[each.cpu for each in row[1:]] for row in spent]
    fitted = growth(sizes, floor, costs)
    each = ", ".join(f"{median(column):.2f} s" for column in zip(*costs, strict=True))
    return _row(
        f"CPU of `agentctl {command}`", sizes, fitted, _CPU, f"{each}; {median(floor):.2f} s for {_FLOOR}",
        {"steps": [_FLOOR, *sizes], "cpu": [[each.cpu for each in row] for row in spent]},
    )


def _peak(command: str, sizes: Sequence[int], spent: Sequence[Sequence[Spent]], most: float) -> Row:
    """Fit the whole peak, what nothing takes included: where memory is bounded there is nothing else to fit."""
    peaks = [[each.peak / 1024 for each in row[1:]] for row in spent]
    fitted = growth(sizes, [0.0] * len(peaks), peaks)
    each = ", ".join(f"{median(column):.0f} MiB" for column in zip(*peaks, strict=True))
    return _row(f"peak memory of `agentctl {command}`", sizes, fitted, most, each, {"peak_mib": peaks})


def _written(sizes: Sequence[int], spent: Sequence[Sequence[Spent]]) -> Row:
    what = "bytes written by `agentctl apply plan.yaml`"
    if not all(each.written for row in spent for each in row):
        return Row(number="growth", what=what, goal=f"≤ {_CPU}", found="not measured: there is no /proc/PID/io")
    costs = [[each.written / 2**20 for each in row[1:]] for row in spent]
    fitted = growth(sizes, [row[0].written / 2**20 for row in spent], costs)
    each = ", ".join(f"{median(column):.1f} MiB" for column in zip(*costs, strict=True))
    return _row(what, sizes, fitted, _CPU, each, {"mib": costs})


def _row(what: str, sizes: Sequence[int], fitted: Growth, most: float, found: str, raw: dict[str, object]) -> Row:
    span = f"{min(fitted.rounds):.2f}–{max(fitted.rounds):.2f}"
    return Row(
        number="growth",
        what=f"{what} from {sizes[0]:,} to {sizes[-1]:,} steps, as an exponent",
        goal=f"≤ {most:g}",
        found=f"{fitted.median:.2f} ({span}) · {found}",
        met=fitted.median <= most,
        firm=fitted.median <= most or fitted.least > most,
        raw={**raw, "rounds": list(fitted.rounds), "median": fitted.median},
    )
