"""The patterns of grants: on action names, addresses and field paths. What they are asked of is not known here."""

from __future__ import annotations

import re
from typing import TypeAlias

from agentctl.facts import dataclass

FieldPath: TypeAlias = tuple[str, ...]
"""A changed path as its segments: a key that holds a dot is not mistaken for two keys."""

_DOTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern as written, and what it matches."""

    text: str
    matches: re.Pattern[str]

    def __call__(self, text: str) -> bool:
        return self.matches.fullmatch(text) is not None


def action(text: str) -> Glob:
    """Return a pattern on action names. ``*`` is any run of characters: ``crm.*`` is everything ``crm`` offers."""
    return Glob(text, re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL))


def target(text: str) -> Glob:
    """Return a pattern on an address after its instance. ``*`` stops at ``/``; ``**`` crosses it. Case counts."""
    parts = []
    for token in re.split(r"(/\*\*/|\*\*|\*)", text):
        match token:
            case "/**/":
                parts.append("/(?:.*/)?")
            case "**":
                parts.append(".*")
            case "*":
                parts.append("[^/]*")
            case _:
                parts.append(re.escape(token))
    return Glob(text, re.compile("".join(parts), re.DOTALL))


def is_canonical(within: str) -> bool:
    """Whether an address names its record in the one way that patterns can judge: no empty, ``.`` or ``..`` segment."""
    return not _DOTS.intersection(within.split("/"))


def field(text: str) -> FieldPath:
    """Return a pattern on field paths: dotted segments, of which ``*`` stands for any one."""
    return tuple(text.split("."))


def covers(pattern: FieldPath, path: FieldPath) -> bool:
    """Whether ``path`` is what ``pattern`` names, or lies inside it: ``address`` covers ``address.city``."""
    return len(pattern) <= len(path) and _agree(pattern, path)


def touches(pattern: FieldPath, path: FieldPath) -> bool:
    """Whether changing ``path`` changes what ``pattern`` names: replacing ``address`` touches ``address.city``."""
    return _agree(pattern, path)


def _agree(pattern: FieldPath, path: FieldPath) -> bool:
    return all(mine in ("*", theirs) for mine, theirs in zip(pattern, path, strict=False))
