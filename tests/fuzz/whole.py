"""Fuzzes targets for a time each, as many at once as there are cores, and keeps what they find:  scripts/fuzz plan --seconds 60."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import CORPUS, TARGETS

_DONE = re.compile(r"Done (\d+) runs")
_REACHED = re.compile(r"cov: (\d+) ft: (\d+)")
_FOUND = re.compile(r"Test unit written to (\S+)")
_WORDS = CORPUS.parent / "words.dict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one target: how many inputs were tried, how much code they reached, and the file that broke it."""

    target: str
    tried: int
    reached: int
    found: str
    why: str


def main() -> int:
    """Print a line a target; 1 where an input broke a promise."""
    asked = _parser().parse_args()
    if importlib.util.find_spec("atheris") is None:
        print(f"fuzz: nothing was fuzzed: atheris has no wheel for {sys.platform}, Python {sys.version.split()[0]}.")
        print("fuzz: the corpus is replayed all the same, by tests/fuzz.")
        return 0
    print(f"{'target':12} {'inputs':>10} {'branches':>9}")
    broken = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:       # a thread waits for a process, and each has a core
        for outcome in pool.map(lambda name: fuzz(name, asked.seconds, asked.seed, asked.findings), asked.targets or TARGETS):
            print(f"{outcome.target:12} {outcome.tried:10,} {outcome.reached:9,}  {outcome.found or 'held'}", flush=True)
            if outcome.found:
                broken += 1
                print(outcome.why, file=sys.stderr)
    return 1 if broken else 0


def fuzz(name: str, seconds: int, seed: int, findings: Path) -> Outcome:
    """Fuzz one target in a process of its own. What is new and worth keeping stays below ``findings``."""
    grown = findings / name
    grown.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="agentctl-fuzz-"))
    command = [
        sys.executable, "-m", "tests.fuzz.one", name, f"-seed={seed}", f"-max_total_time={seconds}", "-max_len=4096",
        "-timeout=10", "-rss_limit_mb=1024", f"-dict={_WORDS}", f"-artifact_prefix={findings}/{name}-", "-print_final_stats=0",
        str(grown), str(CORPUS / name),
    ]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, env={**os.environ, "PYTHONPATH": ".", "TMPDIR": str(scratch)}
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    found = _FOUND.findall(said)
    reached = [int(branches) for branches, _ in _REACHED.findall(said)]
    tried = _DONE.search(said)
    failed = found[-1] if found else f"ended with {done.returncode}" if done.returncode else ""
    return Outcome(
        target=name, tried=int(tried[1]) if tried else 0, reached=max(reached, default=0), found=failed,
        why=_end_of(said),
    )


def _end_of(said: str) -> str:
    """Return the traceback, or else the last lines."""
    start = said.rfind("Traceback (most recent call last)")
    return said[start:].partition("\n==")[0] if start >= 0 else "\n".join(said.splitlines()[-20:])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"which; all unless said: {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer's choices (1)")
    parser.add_argument(
        "--findings", type=Path, default=Path(".fuzz"), help="where inputs are kept that reach more, or break something"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
