"""A file as git keeps it: its content as a value, and its mode. Where files are kept is not known here."""

from __future__ import annotations

from agentctl.errors import Rejected

MODES = {"100644": "0644", "100755": "0755"}


def as_value(content: bytes) -> str | bytes:
    """Return text where ``content`` is UTF-8 without NUL, else the bytes."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    return content if "\0" in text else text


def as_bytes(content: object) -> bytes:
    """Return the bytes of a record's known content."""
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    raise Rejected("Value still unknown", "The content of a file is only known after an earlier step is done.")


def git_mode(mode: str) -> str:
    """Return git's mode for a record's (``0755``, ``0600``, or git's own for what is no regular file)."""
    if len(mode) == 6:
        return mode
    return "100755" if int(mode, 8) & 0o100 else "100644"
