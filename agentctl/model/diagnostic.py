"""A message to a person or an agent about a place in a text they wrote."""

from __future__ import annotations

from enum import StrEnum

from agentctl.facts import dataclass

DENIED = "denied-by-policy"      # the code of what is wrong with a plan only because policy says so


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file: 1-based line and column, as editors count them."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """What is wrong, why, and what now.

    ``code`` is a stable slug for machines (``unknown-action``). ``summary`` is fixed wording without user data;
    ``detail`` is whole sentences with the values; ``hint`` is what to do. ``pointer`` is the RFC 6901 JSON Pointer of
    the offending node, ``source`` the text of its line. Strings may hold foreign text: views escape, not we.
    """

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    hint: str = ""
    span: Span | None = None
    pointer: str | None = None
    source: str = ""
