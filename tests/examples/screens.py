"""Types the lines of a transcript again, and takes out of what they say what differs from one run to the next."""

from __future__ import annotations

import io
import re
import shlex
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

from agentctl.demo.typed import typed

LOGIN = "maria"

# What differs from one run to the next, and what stands for it.
VARYING = (
    (r"sha256:[0-9a-f]{64}", "sha256:…"),
    (r"\b[0-9a-f]{40}\b", "COMMIT"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"\d+\.\d\d s\b", "0.00 s"),
    (r"\(pid \d+\)", "(pid 1)"),
)
NAMED = (
    (r"lineage +(\w{16})\b", "LINEAGE"),
    (r"(?:Run|Rollback of) (\w{8})\b", "RUN"),
    (r"(?:Plan|Rollback of \S+) +([0-9a-f]{12})\b", "DIGEST"),
)


def play(transcript: str, workspace: Path) -> str:
    """Type every `$ agentctl` and `crm>` line of a transcript again and return what is on the screen then."""
    screen = io.BytesIO()
    for line in transcript.splitlines():
        if line.startswith("$ agentctl "):
            code = typed(workspace, *shlex.split(line)[2:], answers="yes", to=screen)
            screen.write(f"(exit {code})\n\n".encode() if code else b"\n")
        elif line.startswith("crm> "):
            screen.write(f"{line}\n".encode())
            with closing(sqlite3.connect(workspace / "crm.db")) as database:
                database.execute(line.removeprefix("crm> "))
                database.commit()
    return screen.getvalue().decode().replace(str(workspace.parent), "/tmp")


def normalised(text: str) -> str:
    text = text.replace(f"@{socket.gethostname()}", "@laptop")
    for pattern, stand_in in VARYING:
        text = re.sub(pattern, stand_in, text)
    for pattern, stand_in in NAMED:
        for number, name in enumerate(dict.fromkeys(re.findall(pattern, text)), start=1):
            text = text.replace(name, f"{stand_in}-{number}")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
