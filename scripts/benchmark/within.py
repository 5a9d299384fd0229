"""Rows 10 to 13 and 15: parts of agentctl within one process, without start-up and without the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import worlds
from row import Row, against

HERE = Path(__file__).resolve().parent


def within(folder: Path) -> Iterator[Row]:
    """Compare what happens within one process: without start-up, and without the disk."""
    world = worlds.rows(folder, 3000)
    world.agentctl("apply", "plan.yaml", typed=worlds.YES)
    done = subprocess.run(
        [sys.executable, str(HERE / "inside.py")], cwd=world.folder, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    speed = median(found["sha256"]) / median(found["verify"])
    yield Row(
        number="10",
        what="`verify` of closed files : SHA-256 of the same lines, both within Python",
        goal="≥ 25 %",
        found=f"{speed:.0%} · {median(found['verify']):.3g} s : {median(found['sha256']):.3g} s",
        met=speed >= 0.25,
        raw={"verify": found["verify"], "sha256": found["sha256"]},
    )
    what = "reading the trace, by which `apply --resume` finds its place : SHA-256 of its lines, both within Python"
    yield against("15", what, 4.0, found["place"], found["sha256"])
    yield against("11", "strict YAML : draining the C parser's events", 2.0, found["load"], found["events"])
    yield from _deciding()
    yield from _reading()


def _deciding() -> Iterator[Row]:
    done = subprocess.run([sys.executable, str(HERE / "deciding.py")], capture_output=True, text=True, check=True)
    found = {name: median(times) for name, times in json.loads(done.stdout).items()}
    yield Row(
        number="12",
        what="schema, changed paths and ten rules, per step (beside: nine conditions alone, one by one)",
        goal="≤ 40 µs",
        found=f"{found['ten'] * 1e6:.0f} µs ({found['asked'] * 1e6:.0f} µs)",
        met=found["ten"] <= 40e-6,
        raw=found,
    )
    yield Row(
        number="12",
        what="the same under 1,000 rules, per step; loading them; replaying 10,000 recorded steps",
        goal="",
        found=f"{found['thousand'] * 1e6:.0f} µs; {found['load']:.2g} s; {found['replay']:.2g} s",
        raw=found,
    )


def _reading() -> Iterator[Row]:
    done = subprocess.run([sys.executable, str(HERE / "reading.py")], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    what = "1,000 reads over HTTP of a server that takes 50 ms, 50 at a time, records decoded"
    least = [found["least"]] * len(found["wall"])
    yield against("13", f"{what} : what the server takes for them, wall", 1.2, found["wall"], least)
    each = median(found["cpu"])
    yield Row(
        number="13",
        what="the same, CPU per read",
        goal="≤ 600 µs",
        found=f"{each * 1e6:.0f} µs",
        met=each <= 600e-6,
        raw={"cpu": found["cpu"]},
    )
