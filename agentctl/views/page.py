"""A page of text: lines of coloured parts, wrapped to a width. What the lines say is not decided here.

Every part passes through ``safe.escape`` on its way in, so that no drawing can forget it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import TypeAlias

from agentctl.patterns import regex
from agentctl.views import safe
from agentctl.views.look import Look

_NARROWEST = 40
_WORD = regex(r"[^ ]+ *| +")


class Ink(StrEnum):
    """What a part of a line means; the value is how rich draws it. Meaning never hangs on colour alone."""

    PLAIN = ""
    STRONG = "bold"
    FAINT = "dim"
    ADD = "green"
    CHANGE = "yellow"
    DESTROY = "red"
    ACT = "magenta"
    READ = "cyan"
    RISK = "bold red"
    CAUTION = "bold yellow"
    GOOD = "bold green"
    COMMAND = "bold cyan"


class Inked:
    """A part of a line. No fact: every drawing makes more of these than of all else, and compares none."""

    __slots__ = ("ink", "text")

    def __init__(self, text: str, ink: Ink) -> None:
        self.text, self.ink = text, ink


Part: TypeAlias = str | Inked


class Page:
    """Lines in the making; ``text()`` is the drawing."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.width = max(look.width, _NARROWEST)
        self._lines: list[str] = []

    def line(
        self, *parts: Part, indent: int = 0, hang: int | None = None, whole: bool = False, cut: bool = False
    ) -> None:
        """Add one line, wrapped where it is too long: further lines start at ``hang``.

        ``whole`` never wraps: a command must be copied as it is. ``cut`` ends it with ``…`` instead: only for prose.
        """
        inked = [_safe(part) for part in parts]
        room = self.width - indent
        if whole or sum(cells(part.text) for part in inked) <= room:
            self._add(indent, inked)
            return
        if cut:
            *shown, last = next(_wrapped(inked, room - 1, room))
            self._add(indent, [*shown, Inked(last.text.rstrip(" "), last.ink), Inked("…", Ink.FAINT)])
            return
        hang = indent + 2 if hang is None else hang
        hang = min(hang, self.width // 2)       # deep nesting must not leave a column one letter wide
        for number, parts_of_line in enumerate(_wrapped(inked, room, self.width - hang)):
            self._add(hang if number else indent, parts_of_line)

    def blank(self) -> None:
        """Add an empty line unless one, or nothing, stands above."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def rows(self, rows: list[tuple[Part, ...]], *, indent: int = 0, gap: int = 2) -> None:
        """Add lines whose parts stand in columns as wide as their widest part; the last column wraps in place."""
        safe_rows = [tuple(_safe(part) for part in row) for row in rows]
        columns = max((len(row) for row in safe_rows), default=0)
        widths = [
            max((cells(row[at].text) for row in safe_rows if at < len(row) - 1), default=0) for at in range(columns)
        ]
        for row in safe_rows:
            parts: list[Part] = []
            for at, part in enumerate(row[:-1]):
                parts += [part, " " * (widths[at] - cells(part.text) + gap)]
            start = indent + sum(width + gap for width in widths[:len(row) - 1])
            self.line(*parts, row[-1], indent=indent, hang=start if start < self.width * 2 // 3 else indent + 4)

    def text(self) -> str:
        """Return everything added so far, newline-ended."""
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        return "".join(f"{line}\n" for line in self._lines)

    def _add(self, indent: int, parts: list[Inked]) -> None:
        while parts and not (end := parts[-1].text.rstrip(" ")):
            parts.pop()
        if parts:
            parts[-1] = Inked(end, parts[-1].ink)
        text = "".join(map(_painted, parts) if self.look.colour else (part.text for part in parts))
        self._lines.append(" " * indent + text if parts else "")


def cells(text: str) -> int:
    """Return how many columns ``text`` takes on a terminal."""
    if text.isascii() or safe.is_plain(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _safe(part: Part) -> Inked:
    if isinstance(part, Inked):
        return Inked(safe.escape(part.text), part.ink)
    return Inked(safe.escape(part), Ink.PLAIN)


def _wrapped(parts: list[Inked], first: int, rest: int) -> Iterator[list[Inked]]:
    line: list[Inked] = []
    room = first
    for part in parts:
        for word in _WORD.findall(part.text):
            bare = cells(word.rstrip(" ")) or 1
            if bare > room and line and (bare <= rest or room < rest // 2):
                yield line
                line, room = [], rest
            while cells(word.rstrip(" ")) > room:
                head, word = _split(word, max(room, 1))
                yield [*line, Inked(head, part.ink)]
                line, room = [], rest
            line.append(Inked(word, part.ink))
            room -= cells(word)
    if line:
        yield line


def _split(word: str, room: int) -> tuple[str, str]:
    """Return as much of ``word`` as fits into ``room`` cells, at least one character, and the rest."""
    end = min(room, len(word))
    while end > 1 and cells(word[:end]) > room:
        end -= 1
    return word[:end], word[end:]


def _painted(part: Inked) -> str:
    if part.ink is Ink.PLAIN or not part.text:
        return part.text
    before, after = _paint(part.ink)
    return before + part.text + after


@cache
def _paint(ink: Ink) -> tuple[str, str]:
    from rich.color import ColorSystem
    from rich.style import Style

    before, _, after = Style.parse(ink.value).render("x", color_system=ColorSystem.STANDARD).partition("x")
    return before, after
