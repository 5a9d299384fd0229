"""Runs one agentctl command the way a person would: printed as typed, on a terminal where it asks for consent."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import BinaryIO

from agentctl.errors import AgentctlError

_SECONDS = 60


def typed(directory: Path, *arguments: str, answers: str = "", to: BinaryIO) -> int:
    """Run ``agentctl ARGUMENTS`` in ``directory``, all it says going to ``to``, and return its exit code.

    ``answers`` is typed once the command stops at a prompt.
    """
    to.write(f"$ agentctl {shlex.join(arguments)}\n".encode())
    to.flush()
    command = [sys.executable, "-m", "agentctl", *arguments]
    size = shutil.get_terminal_size()
    environment = os.environ | {"COLUMNS": str(size.columns), "LINES": str(size.lines)}
    if not to.isatty():
        environment["NO_COLOR"] = "1"
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size.lines, size.columns, 0, 0))
    process = subprocess.Popen(
        command, cwd=directory, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    try:
        _converse(master, answers, to)
        return process.wait(_SECONDS)
    finally:
        os.close(master)
        if process.poll() is None:
            process.kill()
            process.wait()


def _converse(master: int, answers: str, to: BinaryIO) -> None:
    """Copy what the command says, and type ``answers`` at its first prompt: a line that ends without a newline."""
    line = b""
    until = time.monotonic() + _SECONDS
    while said := _read(master, until):
        to.write(said.replace(b"\r\n", b"\n"))
        to.flush()
        line = (line + said).rpartition(b"\n")[2]
        if answers and _is_prompt(line):
            os.write(master, answers.encode() + b"\n")
            answers = ""


def _is_prompt(line: bytes) -> bool:
    return line.rstrip().endswith((b":", b"?", b">")) and line.endswith(b" ")


def _read(master: int, until: float) -> bytes:
    """Return what was said next, or nothing once the other side has hung up."""
    if not select.select([master], [], [], max(0.0, until - time.monotonic()))[0]:
        raise AgentctlError("The demo waited in vain", f"A command said nothing for {_SECONDS} seconds.")
    try:
        return os.read(master, 65536)
    except OSError:     # Linux reports the closed terminal as an input/output error
        return b""
