"""A program: each byte of a real trace flipped, one by one, and what `verify` says to it. `scripts/tamper` runs it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.e2e.house import PERSON, build
from tests.promises.tampering import Judge, files, flips, found, lived_in


def main() -> int:
    parser = argparse.ArgumentParser(description="Flip a bit of every N-th byte of a real trace.")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    every = parser.parse_args().every
    os.environ["LOGNAME"] = PERSON
    began = time.monotonic()
    trials: Counter[str] = Counter()
    missed: list[tuple[str, int]] = []
    with tempfile.TemporaryDirectory() as scratch:
        house = lived_in(build(Path(scratch)))
        whole = Judge(house)()
        assert whole.head is not None
        judge = Judge(house, whole.head.digest)
        for path in files(house):
            for line in flips(path, every, sum(trials.values())):
                trials[path.suffix] += 1
                if not found(judge(), path, line):
                    missed.append((path.name, line))
        assert judge().grade == "intact"
    for suffix, what in ((".jsonl", "of the trace"), (".json", "of checkpoints"), (".sig", "of signatures")):
        print(f"bytes {what:16} {trials[suffix]:7,} flipped")
    print(f"{sum(trials.values()):,} flips in {time.monotonic() - began:.0f} s, {len(missed)} not found")
    for name, line in missed[:20]:
        print(f"not found: {name}:{line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
