"""``scripts/bench [--quick]``: measures every row; ends with 1 where a goal is missed, --quick where a firm one is."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import report
from rows import FULL, QUICK, rows

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


def main() -> int:
    if sys.argv[1:] not in ([], ["--quick"]):
        print(__doc__, file=sys.stderr)
        return 64
    quick = bool(sys.argv[1:])
    began, found = time.monotonic(), []
    for row in rows(QUICK if quick else FULL):
        print(report.line(row), flush=True)
        found.append(row)
    missed = [row for row in found if row.met is False and (row.firm or not quick)]
    if not quick:
        report.write(found, RESULTS, minutes=(time.monotonic() - began) / 60)
    for row in missed:
        print(f"missed: {row.number}: {row.what}: {row.found}, for {row.goal}", file=sys.stderr)
    return int(bool(missed))


sys.exit(main())
