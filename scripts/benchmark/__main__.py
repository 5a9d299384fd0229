"""``scripts/bench [--quick]``: measures every row; ends with 1 where a count, an import or growth misses its goal."""

from __future__ import annotations

import sys
from pathlib import Path

import report
from rows import FULL, QUICK, rows

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"
_FIRM = {"3", "8", "growth"}        # what no busy machine can spoil


def main() -> int:
    if sys.argv[1:] not in ([], ["--quick"]):
        print(__doc__, file=sys.stderr)
        return 64
    quick = bool(sys.argv[1:])
    found = []
    for row in rows(QUICK if quick else FULL):
        print(report.line(row), flush=True)
        found.append(row)
    if not quick:
        report.write(found, RESULTS)
    return int(any(row.met is False for row in found if row.number in _FIRM))


sys.exit(main())
