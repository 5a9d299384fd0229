"""Rows as a person reads them, and as JSON; with the machine they were measured on, and nothing that names it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from row import Row

_VERDICT = {True: "met", False: "**missed**", None: ""}
_HERE = Path(__file__).resolve().parent


def line(row: Row) -> str:
    return f"| {row.number} | {row.what} | {row.goal} | {row.found} | {_VERDICT[row.met]} |"


def write(rows: Sequence[Row], folder: Path, *, minutes: float) -> None:
    """Add this run to ``results.json``, where the two newest are kept, and draw both."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "results.json"
    before = json.loads(kept.read_text()).get("runs", []) if kept.exists() else []
    runs = [*before, {"about": _about(minutes), "rows": [asdict(row) for row in rows]}][-2:]
    kept.write_text(json.dumps({"runs": runs}, indent=1, ensure_ascii=False) + "\n")
    (folder / "results.md").write_text(markdown(runs))


def markdown(runs: Sequence[Mapping[str, Any]]) -> str:
    """Draw the newest run, and beside each row what the one before it found."""
    *earlier, newest = runs
    found = {(row["number"], row["what"]): row for run in earlier for row in run["rows"]}
    lines = ["# Measured", "", "Written by `scripts/bench`.", ""]
    for name, run in zip(("The run before", "This run") if earlier else ("This run",), runs, strict=True):
        lines += [f"- {name}: {'; '.join(f'{key} {value}' for key, value in run['about'].items())}."]
    lines += [
        "",
        "Ratios are medians of runs taken by turns on the same machine; in brackets lies the middle half of them, and",
        "for growth what the rounds say. The machine is shared: trust ratios and counts, not the seconds. What each",
        "row means, and why some are missed, is told in [PERFORMANCE.md](../PERFORMANCE.md).",
        "",
        f"| # | what | goal | found | |{' the run before | |' if earlier else ''}",
        f"|---|---|---|---|---|{'---|---|' if earlier else ''}",
    ]
    for row in newest["rows"]:
        text = line(Row(**row))
        if earlier:
            other = found.get((row["number"], row["what"]))
            text += f" {other['found']} | {_VERDICT[other['met']]} |" if other else " not measured | |"
        lines.append(text)
    return "\n".join([*lines, ""])


def _about(minutes: float) -> dict[str, str]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": _said("git", "describe", "--always", "--dirty"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
        "files": _said("stat", "--file-system", "--format=%T", "."),
        "Python": platform.python_version(),
        "Terraform": _said("terraform", "version").partition("\n")[0].removeprefix("Terraform "),
        "load before its end": f"{os.getloadavg()[2]:.1f}",
        "took": f"{minutes:.0f} min",
    }


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=_HERE, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown processor")
