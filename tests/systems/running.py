"""Starts a server on a leash, and knows on which port it listens; what the server is, is said elsewhere."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


class NotStarted(Exception):
    """A server ended, or said nothing, before it listened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """``pid`` is the leash's; the server ends with it."""

    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(argv: Sequence[str | Path], *, log: Path, environ: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start a server that says ``port N`` in a line of its own once it listens. Raises NotStarted.

    Its errors go to ``log``. It inherits no variable but those it needs to run at all, and ``environ``.
    """
    env = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(environ or {})
    with log.open("wb") as errors:
        leash = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LEASH), *map(str, argv)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=env,
        )
    assert leash.stdin is not None
    assert leash.stdout is not None
    try:
        yield Running(port=_port(leash, log), pid=leash.pid, log=log)
    finally:
        leash.stdin.close()
        try:
            leash.wait(10)
        except subprocess.TimeoutExpired:
            leash.send_signal(signal.SIGKILL)
            leash.wait()
        leash.stdout.close()


def _port(leash: subprocess.Popen[bytes], log: Path) -> int:
    said = b""
    ends = time.monotonic() + 60
    with selectors.DefaultSelector() as ready:
        ready.register(leash.stdout, selectors.EVENT_READ)
        while ready.select(ends - time.monotonic()):
            data = os.read(leash.stdout.fileno(), 4096)
            said += data
            if found := re.search(rb"^port ([0-9]+)$", said, re.MULTILINE):
                return int(found[1])
            if not data:
                break
    raise NotStarted(f"The server does not listen. It said:\n{said.decode(errors='replace')}{log.read_text('utf-8', 'replace')}")
