"""Starts the real command line without paying for its start: forked from a process that has imported it already.

What the command sees is what it would see else: its arguments, environment, directory, files, session and end. Where
that cannot be, because the environment tells Python or its libraries something as they start, it is started afresh.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

from tests.e2e.forks import LONGEST

_AT_START = re.compile(r"PYTHON(?!PATH$)|LC_|LANG|LD_|TZ$|GIT_PYTHON|FORCE_COLOR$|TERMINAL_WIDTH$|GITHUB_ACTIONS$|PY_COLORS$")
_AT_ONCE = 1 << 16
_TOP = Path(__file__).parents[2]


class Forked:
    """A process that was forked: as much of subprocess.Popen as tests ask for. Threads may wait for it side by side."""

    def __init__(self, told: int) -> None:
        self._told = told
        self._waiting = threading.Lock()
        self.returncode: int | None = None
        self.pid = self._heard()

    def poll(self) -> int | None:
        if self._waiting.acquire(blocking=False):      # else it was alive to whoever waits for it
            try:
                if self.returncode is None and select.select([self._told], [], [], 0)[0]:
                    self._end()
            finally:
                self._waiting.release()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        with self._waiting:
            if self.returncode is None:
                if not select.select([self._told], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired("agentctl", timeout or 0)
                self._end()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _heard(self) -> int:
        said = os.read(self._told, 8)
        assert len(said) == 8, "the process that forks is gone"
        (number,) = struct.unpack("q", said)
        return number

    def _end(self) -> None:
        self.returncode = self._heard()
        os.close(self._told)


Process: TypeAlias = Forked | subprocess.Popen[bytes]


def begin(
    arguments: Sequence[str], *, cwd: Path, environ: Mapping[str, str], files: tuple[int, int, int], session: bool = False,
    program: str = "agentctl",
) -> Process:
    """Start ``agentctl ARGUMENTS``, or a Python program by its path, with ``files`` as its stdin, stdout and stderr."""
    umask = os.umask(0)
    os.umask(umask)
    wanted = json.dumps({
        "program": program, "arguments": list(arguments), "cwd": str(cwd), "environ": dict(environ), "session": session, "umask": umask,
    }).encode()
    if _at_start(environ) != _at_start(_started_with()) or _customized(environ) or len(wanted) > LONGEST:
        stdin, stdout, stderr = files
        how = ("-m", "agentctl") if program == "agentctl" else (program,)
        return subprocess.Popen(
            [sys.executable, *how, *arguments], cwd=cwd, env=environ, stdin=stdin, stdout=stdout, stderr=stderr,
            start_new_session=session,
        )
    told, tell = os.pipe()
    try:
        socket.send_fds(_forks(), [wanted], [*files, tell])
    finally:
        os.close(tell)
    return Forked(told)


def ran(arguments: Sequence[str], *, cwd: Path, environ: Mapping[str, str], patience: float) -> tuple[int, bytes, bytes]:
    """Run ``agentctl ARGUMENTS`` with no terminal anywhere; return its exit code, and what it and its children said."""
    pipes = os.pipe(), os.pipe()
    reads, writes = zip(*pipes, strict=True)
    said = dict.fromkeys(reads, b"")
    due = time.monotonic() + patience
    try:
        with Path(os.devnull).open("rb") as nothing:
            process = begin(arguments, cwd=cwd, environ=environ, files=(nothing.fileno(), *writes))
        for write in writes:
            os.close(write)
        listening = set(reads)
        while listening:
            ready = select.select(listening, [], [], max(0.0, due - time.monotonic()))[0]
            if not ready:
                process.kill()
                process.wait(patience)
                raise subprocess.TimeoutExpired(["agentctl", *arguments], patience, *said.values())
            for end in ready:
                more = os.read(end, _AT_ONCE)
                said[end] += more
                if not more:
                    listening.remove(end)
        return process.wait(patience), *said.values()
    finally:
        for end in reads:
            os.close(end)


def _at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if _AT_START.match(name)}


def _customized(environ: Mapping[str, str]) -> bool:
    """Whether Python, as it starts, finds a module that is to change it."""
    return any(Path(path, "sitecustomize.py").exists() for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path)


def _started_with() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}


@cache
def _forks() -> socket.socket:
    """Start the process that forks. It ends when its socket is closed, with us at the latest."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.forks", str(theirs.fileno())], cwd=_TOP, env=_started_with(), stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours
