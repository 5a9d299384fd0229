"""A program: every mishap at every call of every story, and every power loss; prints one table. See scripts/crash."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from tests.crash import shim
from tests.crash.ground import Ground
from tests.crash.matrix import every
from tests.crash.power import Loss, databases_last, outage_trial, outages_of, systems_last
from tests.crash.stories import STORIES, Story
from tests.crash.trial import Trial, Wrong, begin, trial

_POWER = (("apply", systems_last), ("apply", databases_last), ("resume", systems_last), ("apply-signed", systems_last))


@dataclass(kw_only=True)
class Row:
    """What came of the trials of one kind: how many, what was wrong in how many, and each of those in words."""

    trials: int = 0
    wrong: Counter[Wrong] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def add(self, one: Trial) -> None:
        self.trials += 1
        self.wrong.update({fault.wrong for fault in one.faults})
        self.told += [str(one)] if one.faults else []

    def join(self, other: Row) -> None:
        self.trials += other.trials
        self.wrong.update(other.wrong)
        self.told += other.told


def main() -> int:
    options = argparse.ArgumentParser(prog="scripts/crash", description="Crash everything everywhere; print one table.")
    options.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th trial")
    options.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at work at once")
    chosen = options.parse_args()
    work = [(part * chosen.every, chosen.jobs * chosen.every) for part in range(chosen.jobs)]
    table: dict[str, Row] = {}
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool:
        for rows in pool.map(share, work):
            for name, row in rows.items():
                table.setdefault(name, Row()).join(row)
    print(_drawn(table))
    return int(any(row.told for row in table.values()))


def share(part: tuple[int, int]) -> dict[str, Row]:
    """Carry out the trials FIRST, FIRST + STEP… of each kind."""
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        folder = Path(name)
        with shim.Zygote(shim.build(folder), folder) as zygote:
            ground = Ground(folder=folder / "ground", zygote=zygote)
            for title, one in _trials(ground, *part):
                rows.setdefault(title, Row()).add(one)
                if one.faults:
                    print(one, file=sys.stderr, flush=True)
    return rows


def _trials(ground: Ground, first: int, step: int) -> Iterator[tuple[str, Trial]]:
    for story in STORIES:
        begin(ground, story)
        for mishap in islice(every(ground, story), first, None, step):
            yield story.name, trial(ground, story, mishap)
    for name, lasting in _POWER:
        story: Story = next(story for story in STORIES if story.name == name)
        begin(ground, story)
        for outage in islice(outages_of(ground, story, [*Loss], lasting), first, None, step):
            yield "power loss", outage_trial(ground, story, outage)


def _drawn(table: dict[str, Row]) -> str:
    everything = Row()
    for row in table.values():
        everything.join(row)
    heads = ["", "trials", *map(str, Wrong)]
    lines = [[name, str(row.trials), *(str(row.wrong[wrong]) for wrong in Wrong)] for name, row in [*table.items(), ("all", everything)]]
    widths = [max(len(line[column]) for line in [heads, *lines]) for column in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths, strict=True))) for line in [heads, *lines])


if __name__ == "__main__":
    sys.exit(main())
