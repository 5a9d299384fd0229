"""How what each command takes grows with steps: CPU, memory, bytes written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import worlds
from measure import Failed, Growth, Spent, growth
from row import Row, Scale

_FLOOR = 10
_AGAIN = 4
_CPU = 1.05
_NOTICEABLE = 1.25  # times what ten steps take: of what takes less, start-up and noise are most
_SLIGHT = 2.5       # times the same: more than that of the largest alone is growth, whatever its exponent
_PEAKS = {"plan plan.yaml": 1.0, "apply plan.yaml": 1.0, "verify": 0.3}
_BEFORE = ("validate plan.yaml", "plan plan.yaml")
_APPLY, _UNDO = "apply plan.yaml", "rollback latest"
_AFTER = ("show", "verify", "runs")


def growing(folder: Path, scale: Scale) -> Iterator[Row]:
    """Plans of each size go through every command. Sizes take turns, and what ten steps take is measured among them."""
    found: dict[str, list[list[Spent]]] = {}
    try:
        for number in range(scale.lives):
            lives = [worlds.rows(folder / f"{number}-{steps}", steps) for steps in (_FLOOR, *scale.sizes)]
            for commands, times, typed in (
                (_BEFORE, scale.times, ""), ((_APPLY,), 1, worlds.YES),
                (_AFTER, scale.times, ""), ((_UNDO,), 1, worlds.YES),
            ):
                for _ in range(times):
                    for command in commands:
                        row = [world.agentctl(*command.split(), typed=typed) for world in lives]
                        if not typed:       # what is subtracted from every size is looked at more closely
                            again = [lives[0].agentctl(*command.split()) for _ in range(_AGAIN)]
                            row[0] = sorted([row[0], *again], key=lambda spent: spent.cpu)[_AGAIN // 2]
                        found.setdefault(command, []).append(row)
    except Failed as error:
        yield Row(number="growth", what="every command", goal="ends well", found=str(error), met=False, firm=True)
        return
    for command in (*_BEFORE, _APPLY, *_AFTER, _UNDO):
        yield _cpu(command, scale, found[command])
    for command, most in _PEAKS.items():
        yield _peak(command, scale, found[command], most)
    yield _written(scale, found[_APPLY])


def _cpu(command: str, scale: Scale, spent: Sequence[Sequence[Spent]]) -> Row:
    """Fit what each size takes above its start, without sizes that take hardly more: there is only noise of them."""
    floor, costs = [row[0].cpu for row in spent], [[each.cpu for each in row[1:]] for row in spent]
    columns = [median(column) for column in zip(*costs, strict=True)]
    start = median(floor)
    told = f"{', '.join(f'{column:.2f} s' for column in columns)}; {start:.2f} s for {_FLOOR}"
    raw = {"steps": [_FLOOR, *scale.sizes], "cpu": [[each.cpu for each in row] for row in spent]}
    first = next((place for place, column in enumerate(columns) if column >= _NOTICEABLE * start), len(columns))
    what = f"CPU of `agentctl {command}`"
    if first < len(columns) - 1:
        fitted = growth(scale.sizes[first:], floor, [row[first:] for row in costs])
        return _row(what, scale, fitted, _CPU, told, raw)
    return Row(
        number="growth",
        what=_named(what, scale),
        goal=f"≤ {_CPU:g}",
        found=f"too little above its start to fit · {told}",
        met=columns[-1] < _SLIGHT * start,
        firm=True,
        raw=raw,
    )


def _peak(command: str, scale: Scale, spent: Sequence[Sequence[Spent]], most: float) -> Row:
    """Fit the whole peak, what nothing takes included: where memory is bounded there is nothing else to fit."""
    peaks = [[each.peak / 1024 for each in row[1:]] for row in spent]
    fitted = growth(scale.sizes, [0.0] * len(peaks), peaks)
    each = ", ".join(f"{median(column):.0f} MiB" for column in zip(*peaks, strict=True))
    return _row(f"peak memory of `agentctl {command}`", scale, fitted, most, each, {"peak_mib": peaks})


def _written(scale: Scale, spent: Sequence[Sequence[Spent]]) -> Row:
    what = "bytes written by `agentctl apply plan.yaml`"
    if not all(each.written for row in spent for each in row):
        return Row(number="growth", what=what, goal=f"≤ {_CPU}", found="not measured: there is no /proc/PID/io")
    costs = [[each.written / 2**20 for each in row[1:]] for row in spent]
    fitted = growth(scale.sizes, [row[0].written / 2**20 for row in spent], costs)
    each = ", ".join(f"{median(column):.1f} MiB" for column in zip(*costs, strict=True))
    return _row(what, scale, fitted, _CPU, each, {"mib": costs})


def _row(what: str, scale: Scale, fitted: Growth, most: float, found: str, raw: dict[str, object]) -> Row:
    span = f"{min(fitted.rounds):.2f}–{max(fitted.rounds):.2f}"
    return Row(
        number="growth",
        what=_named(what, scale),
        goal=f"≤ {most:g}",
        found=f"{fitted.median:.2f} ({span}) · {found}",
        met=fitted.median <= most,
        firm=fitted.median <= most or fitted.least > most + scale.slack,
        raw={**raw, "rounds": list(fitted.rounds), "median": fitted.median},
    )


def _named(what: str, scale: Scale) -> str:
    return f"{what} from {scale.sizes[0]:,} to {scale.sizes[-1]:,} steps, as an exponent"
