"""The line a diagnostic is about, for those that know its place but not its text: what live systems refused."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from agentctl.facts import replace
from agentctl.model.diagnostic import Diagnostic, Span

_LONGEST = 4096     # characters of a line: no more of it is drawn


def quote(found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Return ``found``, each with the text of its line where the file can still be read.

    What a reader found at a pointer it has quoted itself, or withheld as secret.
    """
    return tuple(
        item if item.source or item.pointer is not None or item.span is None else replace(item, source=_line(item.span))
        for item in found
    )


def _line(span: Span) -> str:
    path = Path(span.file)
    try:
        if not path.is_file():      # a pipe has been read already, and would keep us waiting
            return ""
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            line = next(islice(file, span.line - 1, None), "")[:_LONGEST].rstrip("\r\n")
            return "" if "{" in line else line      # a step on one line holds its arguments too, and they may be secret
    except (OSError, ValueError):
        return ""                   # the message is whole without it
