"""The rows of the table, in the order in which they are cheap."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from applying import applying, syncing
from counting import counting
from growing import growing
from hostility import hostility
from planning import planning
from row import Row, Scale
from starting import importing, starting
from within import within

QUICK = Scale(times=2, lives=1, sizes=(600, 1800, 5400), slack=0.4, timed=False)
FULL = Scale(times=3, lives=1, sizes=(1000, 3000, 10_000, 30_000), slack=0.0, timed=True)


def rows(scale: Scale) -> Iterator[Row]:
    """Measure row after row."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if scale.timed:
            yield from starting(scale)
        yield from importing(folder / "imports")
        if scale.timed:
            yield from planning(folder / "plan", scale)
            yield from applying(folder / "apply", scale)
        yield syncing(folder / "syncs")
        yield from counting(folder / "instructions", scale)
        if scale.timed:
            yield from within(folder / "inside")
            yield from hostility()
        yield from growing(folder / "growth", scale)
