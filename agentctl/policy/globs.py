"""The patterns of grants: on action names, addresses and field paths. What they are asked of is not known here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from agentctl.facts import dataclass
from agentctl.patterns import regex
from agentctl.policy.automaton import Run, automaton

FieldPath: TypeAlias = tuple[str, ...]
"""A changed path as its segments: a key that holds a dot is not mistaken for two keys."""

_SIGN = regex(r"(/\*\*/|\*\*|\*)")
_WRITTEN = {Run.WITHIN: "[^/]*", Run.ACROSS: ".*", Run.FOLDERS: "(?:.*/)?"}
_TRIED = 100_000        # ways to lay runs over a text, up to which a regular expression that tries them all is quickest
_DOTS = frozenset({"", ".", ".."})


@dataclass(frozen=True)
class Glob:
    """A pattern as written, and the parts it stands for."""

    text: str
    parts: tuple[str | Run, ...]

    def __call__(self, text: str) -> bool:
        return either((self,))(text)


def action(text: str) -> Glob:
    """Return a pattern on action names. ``*`` is any run of characters: ``crm.*`` is everything ``crm`` offers."""
    return Glob(text, _across(text.split("*")))


def target(text: str) -> Glob:
    """Return a pattern on an address after its instance. ``*`` stops at ``/``; ``**`` crosses it. Case counts."""
    if "*" not in text:
        return Glob(text, (text,))
    parts: list[str | Run] = []
    for token in _SIGN.split(text):
        match token:
            case "/**/":
                parts += ["/", Run.FOLDERS]
            case "**":
                parts.append(Run.ACROSS)
            case "*":
                parts.append(Run.WITHIN)
            case _:
                parts.append(token)
    return Glob(text, tuple(parts))


def _across(texts: Sequence[str]) -> tuple[str | Run, ...]:
    """Return ``texts`` with any run of characters between each two."""
    return (texts[0], *(part for text in texts[1:] for part in (Run.ACROSS, text)))


@lru_cache(maxsize=1024)
def either(globs: tuple[Glob, ...]) -> Callable[[str], bool]:
    """Return whether a text is matched by any of ``globs``.

    Plain texts are looked up. For others one regular expression is quickest, and tries every way to lay the runs over
    a text: with three of them that takes the cube of its length, and texts come from strangers. Longer ones are
    matched letter by letter.
    """
    if not any(isinstance(part, Run) for glob in globs for part in glob.parts):
        return frozenset(glob.text for glob in globs).__contains__
    written = "|".join(f"(?:{''.join(map(_expression, glob.parts))})" for glob in globs)
    fullmatch = re.compile(written, re.DOTALL).fullmatch
    runs = max((sum(isinstance(part, Run) for part in glob.parts) for glob in globs), default=0)
    patient = tuple(automaton(glob.parts) for glob in globs)

    def matches(text: str) -> bool:
        if len(text) ** runs <= _TRIED:
            return fullmatch(text) is not None
        return any(pattern(text) for pattern in patient)

    return matches


def _expression(part: str | Run) -> str:
    return _WRITTEN[part] if isinstance(part, Run) else re.escape(part)


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
