"""Rows as a person reads them, and as JSON; with the machine they were measured on, and nothing that names it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rows import Row

_VERDICT = {True: "met", False: "**missed**", None: ""}


def machine() -> dict[str, str]:
    return {
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def line(row: Row) -> str:
    return f"| {row.number} | {row.what} | {row.goal} | {row.found} | {_VERDICT[row.met]} |"


def markdown(rows: Sequence[Row]) -> str:
    about = machine()
    return "\n".join([
        "# Measured",
        "",
        f"Written by `scripts/bench` on {datetime.now(UTC):%Y-%m-%d}.",
        f"{about['cores']} cores, {about['processor']}, {about['system']}, Python {about['python']}.",
        "",
        "Ratios are medians of runs taken by turns on the same machine; in brackets lies the middle half of them. The",
        "machine is shared, so trust the ratios and counts, not the seconds. What each row means, and why some are",
        "missed, is told in [PERFORMANCE.md](../PERFORMANCE.md).",
        "",
        "| # | what | goal | found | |",
        "|---|---|---|---|---|",
        *map(line, rows),
        "",
    ])


def write(rows: Sequence[Row], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {"machine": machine(), "rows": [asdict(row) for row in rows]}
    (folder / "results.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    (folder / "results.md").write_text(markdown(rows))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown processor")
