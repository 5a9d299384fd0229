"""A program: every mishap at every call of every story, and every power loss; prints one table. See scripts/crash."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
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

_TELLING = 50
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
    options.add_argument("--part", type=_part, default=(1, 1), metavar="I/N", help="only the I-th of N equal parts")
    options.add_argument("--into", type=Path, metavar="FILE", help="also write the figures to FILE")
    options.add_argument("--add", type=Path, nargs="+", metavar="FILE", help="try nothing: add up figures written before")
    chosen = options.parse_args()
    table: dict[str, Row] = {}
    for rows in map(_read, chosen.add) if chosen.add else _tried(chosen.every, chosen.jobs, *chosen.part):
        for name, row in rows.items():
            table.setdefault(name, Row()).join(row)
    if chosen.into:
        chosen.into.write_text(json.dumps({name: {"trials": row.trials, "wrong": dict(row.wrong), "told": row.told} for name, row in table.items()}))
    print(_drawn(table))
    for row in table.values() if chosen.add else ():
        print(*row.told, sep="\n", file=sys.stderr)
    return int(any(row.told for row in table.values()))


def _part(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text} is not I/N, as in 2/8")
    return int(part), int(parts)


def _read(path: Path) -> dict[str, Row]:
    return {name: Row(**{**row, "wrong": Counter(row["wrong"])}) for name, row in json.loads(path.read_text()).items()}


def _tried(every: int, jobs: int, part: int, parts: int) -> Iterator[dict[str, Row]]:
    step = every * parts * jobs
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(share, [(every * (parts * job + part - 1), step) for job in range(jobs)])


def share(part: tuple[int, int]) -> dict[str, Row]:
    """Carry out the trials FIRST, FIRST + STEP… of each kind, telling now and then how far that is."""
    rows: dict[str, Row] = {}
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        folder = Path(name)
        with shim.Zygote(shim.build(folder), folder) as zygote:
            ground = Ground(folder=folder / "ground", zygote=zygote)
            for title, one in _trials(ground, *part):
                rows.setdefault(title, Row()).add(one)
                if (done := sum(row.trials for row in rows.values())) % _TELLING == 0:
                    print(f"{title}: {done} trials in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
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
