"""The lines at the end of a commit's message: by one we know our own commit again, the other names the run. Pure."""

from __future__ import annotations

import hashlib
import re

NAME, RUN = "Agentctl-Key", "Agentctl-Run"
_TRAILER = re.compile(r"[A-Za-z0-9-]+: \S.*")


def signed(message: str, key: str, run: str = "") -> str:
    """Return ``message`` as it is sent, the lines of ``key`` and ``run`` among the trailers at its end."""
    text = message.rstrip()
    *above, last = re.split(r"\n[ \t]*\n", text)
    joined = bool(above) and all(_TRAILER.fullmatch(line) for line in last.split("\n"))
    ours = [line(key), *([f"{RUN}: {run}"] if run else [])]
    return "\n".join([text, *([] if joined else [""]), *ours, ""])


def bears(message: str, key: str) -> bool:
    """Whether a commit with this message was made under ``key``, or copied from one that was."""
    return line(key) in message.splitlines()


def line(key: str) -> str:
    """Return what says the key without telling it."""
    return f"{NAME}: {hashlib.sha256(key.encode()).hexdigest()[:32]}"
