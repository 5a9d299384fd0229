"""The complete matrix: every damage to every place, under every command that only reads. Prints figures and defects."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.damage.damages import places
from tests.damage.ground import build, foreign
from tests.damage.reading import READERS, trials


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th command for each damage")
    asked = parser.parse_args()
    tried, damaged, refused, wrong = 0, set(), 0, []
    with TemporaryDirectory() as scratch:
        ground, other = build(Path(scratch) / "base"), foreign(Path(scratch) / "other")
        for at, place in enumerate(places(ground, other)):
            for one in trials(ground, other, place, (), READERS[at % asked.every :: asked.every]):
                tried += 1
                damaged.add((one.place, one.damage))
                refused += one.said.code != 0
                if one.wrong:
                    wrong.append(f"{one.place}, {one.damage}: {' '.join(one.command)}: {one.wrong}")
    print(f"{len(damaged)} damages, {tried} commands, {refused} of them refused, {len(wrong)} defects")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
