"""The texts of a migration: what is left of one without its quotes and comments, and which may not stand in one."""

from __future__ import annotations

import re

from agentctl.errors import Rejected

_QUOTED = re.compile(
    r"""
      --[^\n]*                                  # comment to the end of the line
    | /\*.*?(?:\*/|\Z)                          # comment
    | (?<!\w)[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z)   # PostgreSQL's text with backslashes
    | '(?:[^']|'')*(?:'|\Z)                     # text
    | "(?:[^"]|"")*(?:"|\Z)                     # name
    | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$).*?(?:(?P=dollar)|\Z)
    """,
    re.DOTALL | re.VERBOSE,
)
_CONTROL = {
    "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare", "attach", "detach",
    "vacuum", "copy", "set", "reset", "discard", "listen", "load",
}


def bare(text: str) -> str:
    """Return a statement with each comment and each quoted part reduced to one blank."""
    return _QUOTED.sub(" ", text)


def refuse_control(text: str) -> None:
    """Raise Rejected where a statement would end the transaction, change the session or reach outside the database."""
    first = re.search(r"\w+", bare(text))
    if first is None:
        raise Rejected("Statement empty", "An entry of `up` and `down` is one SQL statement; this one holds none.")
    if first[0].lower() in _CONTROL:
        raise Rejected(
            "Statement not allowed",
            f"A migration is one transaction of its own; {first[0].upper()} has no place in it.",
        )
