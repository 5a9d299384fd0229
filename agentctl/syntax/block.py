"""Reads YAML as most of it is written: short plain lines in blocks. Of any other text, and of places, it knows nothing.

Whatever is out of the common, be it a mistake or not, is left to ``events``, which takes three times as long.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from agentctl.model.values import SAFE_INTEGER
from agentctl.syntax.document import Pointer
from agentctl.syntax.scalars import MAY_MEAN_MORE, NotFinite, TooLong, plain

_KEY: Final = r"[A-Za-z_$][A-Za-z0-9_$.-]{0,99}"
# Indentation, dash, key, a word that is all of a value, and whatever else stands there: every line matches.
_LINES: Final = re.compile(rf"( *)(- )?(?:({_KEY}):(?: +|(?=\n|\Z)))?(?:([A-Za-z][^:#\n]*(?<! )(?=\n|\Z))|([^\n]*))\n?")
_PAIR: Final = re.compile(rf' *("?)({_KEY})\1: +')
_WORD_IN_BRACKETS: Final = re.compile(
    r"""(?:-(?=[0-9]))?[A-Za-z0-9_./$][^,:#\[\]{}"'\n]*(?::(?=[A-Za-z0-9_/])[^,:#\[\]{}"'\n]*){0,9}"""
)
_IN_QUOTES: Final = re.compile(r""""([^"\\]*)"|'([^']*)'""")
_SPACES: Final = re.compile(" *")
# With a letter after its `#` it may cut a value short: that is told, and not here.
_COMMENT: Final = re.compile(" *# .*")
_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@` ")
_NEGATIVE: Final = re.compile(r"-[0-9]")


class Block(NamedTuple):
    """What was read. ``entries`` are the offsets at which those of the outermost mapping's lists begin."""

    value: dict[str, Any]
    entries: Mapping[Pointer, array[int]]
    beyond_json: bool


class _Uncommon(Exception):
    """Something stands here that is not for this reader."""


def read(text: str, deepest: int) -> Block | None:
    """Return what ``text`` holds, of which nothing is to be told; None where that is not plain to see."""
    if "\t" in text or "\r" in text or ": |" in text or ": >" in text:
        return None
    try:
        return _Reader(deepest).read(text)
    except (_Uncommon, NotFinite, TooLong):
        return None


class _Reader:
    __slots__ = ("_beyond_json", "_deepest")

    def __init__(self, deepest: int) -> None:
        self._deepest = deepest
        self._beyond_json = False

    def read(self, text: str) -> Block:
        root: dict[str, Any] = {}
        entries: dict[Pointer, array[int]] = {}
        kept: dict[str, str] = {}               # keys and words that stand there often are kept once
        above: list[tuple[Any, int]] = []
        here: Any = root                        # where entries go that stand `depth` spaces in
        depth = 0
        open_key = ""                           # of `here`: the lines that follow may hold its value
        begins = array("I")
        for line in _LINES.finditer(text, len("---\n") if text.startswith("---\n") else 0):
            indent, dash, key, word, other = line.groups()
            if not key and not dash:
                if word or (other and other[0] != "#"):
                    raise _Uncommon
                continue
            at = len(indent)
            if open_key:
                if at > depth or (dash and at == depth):
                    below = self._opened([] if dash else {}, above)
                    if dash and here is root:
                        begins = entries[(open_key,)] = array("I")
                    here[open_key] = below
                    above.append((here, depth))
                    here, depth = below, at
                open_key = ""
            while depth > at or (depth == at and not dash and type(here) is list):
                here, depth = above.pop()
            if depth != at or (type(here) is list) != (dash is not None):
                raise _Uncommon
            if dash:
                if len(above) == 1:
                    begins.append(line.end(2))
                if not key:
                    here.append(self._value(word or other, len(above)))
                    continue
                below = self._opened({}, above)
                here.append(below)
                above.append((here, depth))
                here, depth = below, at + len(dash)
            elif key in here:
                raise _Uncommon
            key = kept.setdefault(key, key)
            if word and word[0] not in MAY_MEAN_MORE:
                here[key] = kept.setdefault(word, word)
            elif word or (other and not _COMMENT.fullmatch(other)):
                here[key] = self._value(word or other, len(above))
            else:
                here[key] = None
                open_key = key
        if not root:
            raise _Uncommon
        return Block(root, entries, self._beyond_json)

    def _opened(self, container: Any, above: list[tuple[Any, int]]) -> Any:
        if len(above) + 1 >= self._deepest:
            raise _Uncommon
        return container

    def _value(self, text: str, depth: int) -> Any:
        """Return the value that ``text`` is, the rest of a line."""
        if text == "[]" and depth + 1 < self._deepest:
            return []
        first = text[:1]
        if first in ("{", "[", "'", '"'):
            value, end = self._piece(text, 0, depth)
            if end != len(text) and not (text[end - 1] == " " and _COMMENT.fullmatch(text, end)):
                raise _Uncommon
            return value
        if (cut := text.find(" #")) >= 0 and _COMMENT.fullmatch(text, cut):
            text = text[:cut].rstrip(" ")
        if not text or ": " in text or " #" in text or text[-1] in ": ":
            raise _Uncommon
        if first in _INDICATORS and not _NEGATIVE.match(text):
            raise _Uncommon
        return self._meaning(text)

    def _in_brackets(self, text: str, at: int, depth: int) -> tuple[Any, int]:
        """Return the mapping or the list that begins at ``at``, and where it ends."""
        if depth >= self._deepest:
            raise _Uncommon
        is_list = text[at] == "["
        closer = "]" if is_list else "}"
        made: Any = [] if is_list else {}
        at += 1
        if text.startswith(closer, at):
            return made, at + 1
        while True:
            key = ""
            found = _SPACES.match(text, at) if is_list else _PAIR.match(text, at)
            if found is None or (not is_list and (key := found[2]) in made):
                raise _Uncommon
            value, at = self._piece(text, found.end(), depth)
            if is_list:
                made.append(value)
            else:
                made[key] = value
            if text.startswith(closer, at):
                return made, at + 1
            if not text.startswith(",", at):
                raise _Uncommon
            at += 1

    def _piece(self, text: str, at: int, depth: int) -> tuple[Any, int]:
        """Return the value at ``at`` between brackets, and where what follows it stands."""
        first = text[at : at + 1]
        if first in ("{", "["):
            value, at = self._in_brackets(text, at, depth + 1)
        elif first in ("'", '"') and (found := _IN_QUOTES.match(text, at)):
            value, at = found[found.lastindex or 0], found.end()
        elif found := _WORD_IN_BRACKETS.match(text, at):
            return self._meaning(found[0].rstrip(" ")), found.end()
        else:
            raise _Uncommon
        while text.startswith(" ", at):
            at += 1
        return value, at

    def _meaning(self, word: str) -> Any:
        if word[0] not in MAY_MEAN_MORE:
            return word
        value = plain(word)
        if type(value) is int or type(value) is Decimal:
            self._beyond_json |= type(value) is Decimal or not -SAFE_INTEGER <= value <= SAFE_INTEGER
        return value
