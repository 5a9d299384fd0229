"""Runs a program that tells a token, and lets nothing of it live on. What it says is not understood here."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from agentctl.errors import Unreachable
from agentctl.facts import dataclass, field

_PATIENCE = 30.0        # seconds
_LONGEST = 64 * 1024    # bytes
_TICK = 0.05            # seconds between two looks whether it has ended


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program and its arguments; no shell, no terminal. It is seen from ``root`` where a path names it."""

    argv: tuple[str, ...]
    root: Path
    environ: Mapping[str, str] = field(repr=False)
    patience: float = _PATIENCE

    def found(self) -> str:
        """Return the program to start. Raises Unreachable where there is none."""
        named = str(self.root / self.argv[0]) if "/" in self.argv[0] else self.argv[0]
        found = shutil.which(named, path=self.environ.get("PATH", os.defpath))
        if found is None:
            raise self._failed("there is no such program")
        return found

    def says(self, asked: bytes = b"") -> bytes:
        """Return what it prints when ``asked`` stands on its stdin. What it says on stderr is nobody's.

        Raises Unreachable where it fails, takes too long or says too much. When this returns, nothing it started in
        its process group runs on.
        """
        with tempfile.TemporaryFile() as question:      # a pipe that is not read would make us wait
            question.write(asked)
            question.seek(0)
            try:
                process = subprocess.Popen(
                    [self.found(), *self.argv[1:]], cwd=self.root, env=dict(self.environ), stdin=question,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
                )
            except OSError as error:
                raise self._failed(f"it cannot be started: {error.strerror}") from None
        try:
            told = self._heard(process)
        finally:
            _end(process)
        if process.returncode:
            raise self._failed(f"it ended with {process.returncode}")
        return told

    def _heard(self, process: subprocess.Popen[bytes]) -> bytes:
        """Return what it prints until it ends; what it left behind may hold its stdout open, and is not waited for."""
        assert process.stdout is not None
        until = time.monotonic() + self.patience
        descriptor, told = process.stdout.fileno(), b""
        while len(told) <= _LONGEST:
            ended, part = process.poll() is not None, b""       # first: what it said by then is all there
            if select.select([descriptor], [], [], 0 if ended else _TICK)[0]:
                part = os.read(descriptor, _LONGEST)
                told += part
            if ended and not part:
                return told
            if time.monotonic() > until:
                raise self._failed(f"it did not end within {self.patience:.0f} seconds")
            if not part:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK)
        raise self._failed(f"it printed more than {_LONGEST // 1024} KiB")

    def _failed(self, why: str) -> Unreachable:
        return Unreachable("Credential not available", f"`{self.argv[0]}` was to tell it: {why}.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a program and of its group, and wait for it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
