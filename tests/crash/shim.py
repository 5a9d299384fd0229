"""The shim between a program and the file system: built once, told what to let end badly, its log read back."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.e2e.house import House, Sitting, Told

HERE = Path(__file__).parent
PATIENCE = 60.0
_GRACE = 5.0      # seconds a child may take to end by itself

_GIT = """#!/bin/sh
export LD_PRELOAD={shim} CRASH_UNDER='{under}' CRASH_AT={at} CRASH_HOW={how} CRASH_STATE={state} CRASH_LOG={log}
exec {git} "$@"
"""


class NoShim(Exception):
    """This machine cannot put anything between a program and its file system; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that was made: what, on which file, what it wrote, and how it ended."""

    call: str
    path: str
    to: str = ""
    offset: int = 0
    size: int = 0
    result: int = 0
    flags: int = 0
    data: bytes = b""

    @classmethod
    def parse(cls, line: str) -> Self:
        wire = json.loads(line)
        return cls(**{**wire, "data": bytes.fromhex(wire.get("data", ""))})

    @property
    def name(self) -> str:
        """The name that tells whether the call counts."""
        return self.to or self.path


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """What is to go wrong: the ``at``-th call on a file below one of ``under`` ends by ``how``."""

    how: str = ""
    at: int = 0
    under: tuple[Path, ...] = ()
    reads: bool = False


@dataclass(frozen=True, kw_only=True)
class Ended(Told):
    """How a command ended: by a signal where the code is negative. ``calls`` is how many counted.

    ``seconds`` of processor time and ``memory`` in KiB are what it took, programs that it started and waited for included.
    """

    calls: int = 0
    seconds: float = 0.0
    memory: int = 0
    log: tuple[Call, ...] = field(default=(), repr=False)
    survivors: tuple[str, ...] = ()


def build(folder: Path) -> Path:
    """Compile the shim. Raises NoShim where that, or loading it, is not possible here."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        raise NoShim("there is no C compiler, or no LD_PRELOAD, here")
    shim = folder / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", shim, HERE / "shim.c", "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoShim(f"the shim does not compile here: {done.stderr.strip()[:500]}")
    loaded = [sys.executable, "-c", "import ctypes; ctypes.CDLL(None).crash_arm()"]
    if subprocess.run(loaded, env={**os.environ, "LD_PRELOAD": str(shim)}, capture_output=True, check=False).returncode:
        raise NoShim("LD_PRELOAD does not load the shim here")
    return shim


class Zygote:
    """Starts commands between which and the file system the shim stands. One at a time."""

    def __init__(self, shim: Path, folder: Path) -> None:
        self._shim = shim
        self._folder = folder
        self._number = 0
        self._last: dict[str, Any] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": str(HERE.parents[1])}, text=True,
        )
        assert self._heard() == {"ready": True}

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, house: House, *arguments: str | Path, mishap: Mishap | None = None, log: bool = False) -> Ended:
        """Run a command with no terminal anywhere."""
        with self._armed(mishap, log) as (environ, ended):
            out, err = self._folder / "out", self._folder / "err"
            self._start(house, arguments, environ, out=str(out), err=str(err))
            return ended(self._ended()["status"], out.read_text(errors="replace"), err.read_text(errors="replace"))

    def typed(
        self, house: House, *arguments: str | Path, answers: tuple[str, ...] = ("yes",), mishap: Mishap | None = None,
        log: bool = False,
    ) -> Ended:
        """Run a command on a terminal, and type an answer at each prompt."""
        master, slave = pty.openpty()
        try:
            with self._armed(mishap, log) as (environ, ended):
                self._start(house, arguments, environ, terminal=os.ttyname(slave))
                os.close(slave)
                told = Sitting(self, master, list(answers)).ended()
                return ended(told.code, "", told.err)
        finally:
            os.close(master)

    def wait(self, timeout: float) -> int:
        """Return how the command ended that was begun last: what Sitting asks of a process."""
        return self._ended()["status"]

    def _ended(self) -> dict[str, Any]:
        self._last = self._heard()
        return self._last

    def _start(self, house: House, arguments: tuple[str | Path, ...], environ: Mapping[str, str], **talk: str) -> None:
        path = f"{self._folder}/bin:{os.environ['PATH']}"
        wanted = {
            "arguments": [*map(str, arguments)], "cwd": str(house.root),
            "environ": {**house.environ(COLUMNS="2000"), **environ, "PATH": path}, **talk,
        }
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        assert "pid" in self._heard()

    @contextmanager
    def _armed(self, mishap: Mishap | None, log: bool) -> Iterator[tuple[dict[str, str], Any]]:
        """Yield the environment that arms the shim, and what puts together how it ended. Children of git included."""
        self._number += 1
        state, journal = self._folder / f"state-{self._number}", self._folder / f"log-{self._number}"
        environ: dict[str, str] = {}
        if mishap is not None:
            under = ":".join(map(str, mishap.under))
            environ = {"CRASH_UNDER": under, "CRASH_AT": str(mishap.at), "CRASH_HOW": mishap.how, "CRASH_STATE": str(state),
                       "CRASH_LOG": str(journal) if log else "", **({"CRASH_READS": "1"} if mishap.reads else {})}
            self._wrap_git(environ)

        def ended(code: int, out: str, err: str) -> Ended:
            calls = int.from_bytes(state.read_bytes()[:8], "little") if state.exists() else 0
            lines = journal.read_text().splitlines() if journal.exists() else []
            log = tuple(map(Call.parse, lines))
            return Ended(
                code=code, out=out, err=err, calls=calls, log=log, survivors=_living_on(state),
                seconds=self._last.get("seconds", 0.0), memory=self._last.get("memory", 0),
            )

        try:
            yield environ, ended
        finally:
            shutil.rmtree(self._folder / "bin", ignore_errors=True)
            state.unlink(missing_ok=True)
            journal.unlink(missing_ok=True)

    def _wrap_git(self, environ: Mapping[str, str]) -> None:
        """agentctl starts git with an environment of its own; a program of that name on the PATH gives it ours."""
        program = self._folder / "bin/git"
        program.parent.mkdir(exist_ok=True)
        program.write_text(_GIT.format(
            shim=self._shim, git=shutil.which("git"), under=environ["CRASH_UNDER"], at=environ["CRASH_AT"],
            how=environ["CRASH_HOW"], state=environ["CRASH_STATE"], log=environ["CRASH_LOG"],
        ))
        program.chmod(0o755)

    def _heard(self) -> dict[str, Any]:
        return json.loads(self._process.stdout.readline() or "{}")


def _living_on(state: Path) -> tuple[str, ...]:
    """Return what the command started and left behind. A program that is just ending may do so."""
    due = time.monotonic() + _GRACE
    while (found := _living(state)) and time.monotonic() < due:
        time.sleep(0.02)
    return found


def _living(state: Path) -> tuple[str, ...]:
    """Return the names of the processes that count in ``state``."""
    marked = f"CRASH_STATE={state}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if marked in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "comm").read_text().strip())
    return tuple(found)
