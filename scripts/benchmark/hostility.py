"""The row of hostile input: linear in bytes up to the limits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measure import exponent
from row import Row

_PROGRAM = str(Path(__file__).resolve().with_name("hostile.py"))
_NOTICEABLE = 0.02      # seconds for the largest, below which it costs nothing however it grows
_MOST = 1.2      # a table of keys that outgrows the caches takes 1.13; twice nested loops would take 2


def hostility() -> Iterator[Row]:
    done = subprocess.run([sys.executable, _PROGRAM], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    for name, costs in found["cpu"].items():
        slope = exponent(found["kib"], [max(cost, 1e-6) for cost in costs])
        slight = costs[-1] < _NOTICEABLE
        yield Row(
            number="hostile",
            what=f"{name}: CPU from {found['kib'][0]} to {found['kib'][-1]} KiB, as an exponent",
            goal=f"≤ {_MOST:g}",
            found=f"{'refused at once' if slight else f'{slope:.2f}'} · {costs[-1] * 1000:.0f} ms",
            met=slight or slope <= _MOST,
            raw={"kib": found["kib"], "cpu": costs},
        )
