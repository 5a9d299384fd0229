"""What a command costs, from outside: CPU, wall, memory, syncs, bytes, imports, instructions. Knows no agentctl."""

from __future__ import annotations

import math
import os
import pty
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Command = Sequence[str]
_COUNTED = re.compile(r"I +refs: +([0-9,]+)")
_CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(\d+<([^>]*)>)?.*?(?:= (-?\d+))?(?: <unfinished \.\.\.>)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one process and its children took. ``peak`` is in KiB; ``written`` in bytes, of the process alone."""

    cpu: float
    wall: float
    peak: int
    written: int


class Failed(Exception):
    """A command that was to be measured did not do its work."""


def spend(command: Command, folder: Path, *, typed: str = "") -> Spent:
    """Run ``command`` and return what it took. With ``typed`` it has a terminal, on which that was typed ahead."""
    began = time.perf_counter()
    pid, output = _on_terminal(command, folder, typed) if typed else _piped(command, folder)
    said = _read(output)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    wall = time.perf_counter() - began
    written = _written(pid)
    _, status, used = os.wait4(pid, 0)
    os.close(output)
    if code := os.waitstatus_to_exitcode(status):
        raise Failed(f"{' '.join(command)} ended with {code}:\n{said[-2000:].decode(errors='replace')}")
    return Spent(cpu=used.ru_utime + used.ru_stime, wall=wall, peak=used.ru_maxrss, written=written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The median of paired ratios, and the range in which the middle half of them lies."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    found = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
    low, _, high = statistics.quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
    return Ratio(median=statistics.median(found), low=low, high=high)


def paired(times: int, ours: Callable[[], Spent], theirs: Callable[[], Spent]) -> tuple[list[Spent], list[Spent]]:
    """Measure two things by turns, so that whatever slows the machine slows both; once before to warm up."""
    ours(), theirs()
    found = [(ours(), theirs()) for _ in range(times)]
    return [mine for mine, _ in found], [other for _, other in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How a cost grows with size, as an exponent: 1 is linear, 2 quadratic. One for each round, and their median."""

    rounds: tuple[float, ...]
    median: float

    @property
    def least(self) -> float:
        return min(self.rounds)


def growth(sizes: Sequence[int], floor: Sequence[float], costs: Sequence[Sequence[float]]) -> Growth:
    """Fit how ``costs`` (a row a round, a column a size) grow above the ``floor`` (one a round: what nothing costs).

    The floor that is taken off is the median of all rounds: it is measured between the others, and one that was
    disturbed would bend every fit of its round. The median exponent is that of the medians of the columns.
    """
    nothing = statistics.median(floor)
    medians = [statistics.median(column) for column in zip(*costs, strict=True)]
    fitted = [exponent(sizes, [max(cost - nothing, nothing / 1000) for cost in row]) for row in (*costs, medians)]
    return Growth(rounds=tuple(fitted[:-1]), median=fitted[-1])


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """Return the slope of the straight line through the logarithms: 1 is linear, 2 quadratic."""
    slope, _ = statistics.linear_regression(list(map(math.log, sizes)), list(map(math.log, costs)))
    return slope


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How often files were synced and how many bytes were written, by the first folder of each file below ``root``."""

    syncs: Mapping[str, int]
    written: Mapping[str, int]


def can_trace() -> bool:
    return shutil.which("strace") is not None


def calls(command: Command, folder: Path, *, typed: str = "", depth: int = 2) -> Calls:
    """Run ``command`` under strace and count what it did to files below ``folder``."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        trace = "--trace=fsync,fdatasync,write,pwrite64,writev"
        spend(["strace", "-f", "-y", "-s", "0", trace, "-o", str(log), *command], folder, typed=typed)
        syncs: Counter[str] = Counter()
        written: Counter[str] = Counter()
        begun: dict[str, str] = {}
        root = f"{folder.resolve()}/"
        with log.open(errors="replace") as lines:
            for line in lines:
                if (found := _CALL.match(line.rstrip())) is None:
                    continue
                pid, name, path, result = found.groups()
                if path is not None:
                    begun[pid] = path
                where = begun.get(pid, "")
                if result is None or not where.startswith(root):
                    continue
                place = "/".join(where.removeprefix(root).split("/")[:depth])
                if "sync" in name:
                    syncs[place] += 1
                else:
                    written[place] += max(0, int(result))
        return Calls(syncs=syncs, written=written)


def can_count() -> bool:
    return shutil.which("valgrind") is not None


def instructions(command: Command, folder: Path, *, typed: str = "") -> int:
    """Run ``command`` under valgrind and return how many instructions it took, its libraries and threads included.

    No busy machine can spoil that: it is the same each time, but for how Python seeds its hashes.
    """
    with tempfile.NamedTemporaryFile("r") as log:
        counting = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", f"--log-file={log.name}")
        spend(["valgrind", *counting, *command], folder, typed=typed)
        said = log.read()
    if (found := _COUNTED.search(said)) is None:
        raise Failed(f"valgrind counted nothing of {' '.join(command)}:\n{said[-2000:]}")
    return int(found[1].replace(",", ""))


_TELLING = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=open(sys.argv.pop(), "w")))
from agentctl.__main__ import main
sys.exit(main())
"""


def imports(arguments: Sequence[str], folder: Path) -> frozenset[str]:
    """Return the top-level modules that are in ``sys.modules`` when ``agentctl ARGUMENTS`` is done."""
    with tempfile.NamedTemporaryFile("r") as told:
        code = _TELLING.replace("sys.argv.pop()", repr(told.name))
        subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, check=True)
        names = told.read().split()
    if "agentctl" not in names:
        raise Failed(f"`agentctl {' '.join(arguments)}` told of no modules")
    return frozenset(name.partition(".")[0] for name in names)


def _written(pid: int) -> int:
    """Return how many bytes a process handed to the system, files and pipes alike, before its end is taken note of."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("wchar:")), 0)


def _piped(command: Command, folder: Path) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        _become(command, folder)
    os.close(writing)
    return pid, reading


def _on_terminal(command: Command, folder: Path, typed: str) -> tuple[int, int]:
    pid, terminal = pty.fork()
    if pid == 0:
        _become(command, folder)
    os.write(terminal, typed.encode())
    return pid, terminal


def _become(command: Command, folder: Path) -> None:
    try:
        os.chdir(folder)
        os.execvp(command[0], list(command))  # noqa: S606  # as it is, without a shell
    finally:
        os._exit(127)


def _read(output: int) -> bytes:
    """Return the end of what is said, reading all of it so that nobody waits for us."""
    said = b""
    while True:
        try:
            piece = os.read(output, 1 << 16)
        except OSError:         # how a terminal says that nobody is left
            return said
        if not piece:
            return said
        said = (said + piece)[-4096:]
