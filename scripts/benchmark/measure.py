"""What a command costs, seen from outside: CPU, wall, memory, syncs, bytes, imports. Nothing here knows agentctl."""

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
_CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(\d+<([^>]*)>)?.*?(?:= (-?\d+))?(?: <unfinished \.\.\.>)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one process and its children took. ``peak`` is in KiB."""

    cpu: float
    wall: float
    peak: int


class Failed(Exception):
    """A command that was to be measured did not do its work."""


def spend(command: Command, folder: Path, *, typed: str = "") -> Spent:
    """Run ``command`` and return what it took. With ``typed`` it has a terminal, on which that was typed ahead."""
    began = time.perf_counter()
    pid, output = _on_terminal(command, folder, typed) if typed else _piped(command, folder)
    said = _read(output)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    os.close(output)
    if code := os.waitstatus_to_exitcode(status):
        raise Failed(f"{' '.join(command)} ended with {code}:\n{said[-2000:].decode(errors='replace')}")
    return Spent(cpu=used.ru_utime + used.ru_stime, wall=wall, peak=used.ru_maxrss)


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


def imports(arguments: Sequence[str], folder: Path) -> frozenset[str]:
    """Return the top-level modules that ``agentctl ARGUMENTS`` imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "agentctl", *arguments],
        cwd=folder, capture_output=True, text=True, check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return frozenset(line.rpartition("|")[2].strip().partition(".")[0] for line in lines)


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
