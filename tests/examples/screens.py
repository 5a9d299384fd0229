"""Types the lines of a transcript again, and takes out of what they say what differs from one run to the next."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import shutil
import socket
import sqlite3
import struct
import termios
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from tests.e2e.forked import begin
from tests.e2e.house import Sitting

LOGIN = "maria"

# What differs from one run to the next, and what stands for it.
VARYING = (
    (r"sha256:[0-9a-f]{64}", "sha256:…"),
    (r"\b[0-9a-f]{64}\b", "KEY"),
    (r"\b[0-9a-f]{40}\b", "COMMIT"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"\d+\.\d\d s\b", "0.00 s"),
    (r"\(pid \d+\)", "(pid 1)"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\([0-9a-f]{32}\)", "(MANIFEST)"),
    (r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:…"),
)
NAMED = (
    (r"lineage +(\w{16})\b", "LINEAGE"),
    (r"(?:Run|Rollback of) (\w{8})\b", "RUN"),
    (r"(?:Plan|Rollback of \S+) +([0-9a-f]{12})\b", "DIGEST"),
)


def typed(directory: Path, *arguments: str, answers: Sequence[str]) -> tuple[int, str]:
    """Type a command on a terminal, and an answer at each prompt; return its exit code and all the screen shows."""
    size = shutil.get_terminal_size()
    kept = {name: value for name, value in os.environ.items() if name == "PYTHONPATH" or not name.startswith("PYTHON")}
    environ = kept | {"COLUMNS": str(size.columns), "LINES": str(size.lines), "NO_COLOR": "1"}
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size.lines, size.columns, 0, 0))
    try:
        process = begin(arguments, cwd=directory, environ=environ, files=(slave, slave, slave), session=True)
        os.close(slave)
        told = Sitting(process, master, [*answers]).ended()
    finally:
        os.close(master)
    return told.code, f"$ agentctl {shlex.join(arguments)}\n{told.err}"


def play(transcript: str, workspace: Path) -> str:
    """Type every `$ agentctl` and `crm>` line of a transcript again and return what is on the screen then."""
    return "".join(told(transcript, workspace)).replace(str(workspace.parent), "/tmp")


def told(transcript: str, workspace: Path) -> Iterator[str]:
    """Type every `$ agentctl` and `crm>` line of a transcript again, and yield what each puts on the screen."""
    for line, shown in _typed_lines(transcript):
        if line.startswith("$ agentctl "):
            answers = ["yes", *re.findall(r"Type `([^`]+)` to do it: ", shown)]
            code, said = typed(workspace, *shlex.split(line)[2:], answers=answers)
            yield said + (f"(exit {code})\n\n" if code else "\n")
        elif line.startswith("crm> "):
            yield f"{line}\n"
            with closing(sqlite3.connect(workspace / "crm.db")) as database:
                database.execute(line.removeprefix("crm> "))
                database.commit()


def _typed_lines(transcript: str) -> Iterator[tuple[str, str]]:
    """Yield each line that was typed, with what was shown then."""
    parts = re.split(r"^(?=\$ |crm> )", transcript, flags=re.MULTILINE)
    return ((line, shown) for line, _, shown in (part.partition("\n") for part in parts))


def normalised(text: str) -> str:
    text = text.replace(f"@{socket.gethostname()}", "@laptop")
    for pattern, stand_in in VARYING:
        text = re.sub(pattern, stand_in, text)
    for pattern, stand_in in NAMED:
        for number, name in enumerate(dict.fromkeys(re.findall(pattern, text)), start=1):
            text = text.replace(name, f"{stand_in}-{number}")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
