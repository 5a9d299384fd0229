"""Reads YAML as most of it is written: short plain lines in blocks. Of any other text it knows nothing.

Whatever is out of the common, be it a mistake or not, is left to ``events``, which takes three times as long.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any, Final

from agentctl.facts import dataclass
from agentctl.model.values import SAFE_INTEGER
from agentctl.patterns import regex
from agentctl.syntax.document import Marks, Pointer
from agentctl.syntax.scalars import MAY_MEAN_MORE, NotFinite, TooLong, plain

_KEY: Final = r"[A-Za-z_$][A-Za-z0-9_$.-]{0,99}"
# Indentation, dash, key, and whatever else stands there: every line matches.
_LINE: Final = regex(rf"( *)(- )?(?:({_KEY}):(?: +|\Z))?")
_PAIR: Final = regex(rf' *("?)({_KEY})\1: +')
_PLAIN_PAIR: Final = regex(rf""" *({_KEY}): +([A-Za-z][^,:#\[\]{{}}"'\n]*)([,}}])""")
_WORD_IN_BRACKETS: Final = regex(
    r"""(?:-(?=[0-9]))?[A-Za-z0-9_./$][^,:#\[\]{}"'\n]*(?::(?=[A-Za-z0-9_/])[^,:#\[\]{}"'\n]*){0,9}"""
)
_IN_QUOTES: Final = regex(r""""([^"\\\n]*)"|'([^'\n]*)'""")
_SPACES: Final = regex(" *")
# With a letter after its `#` it may cut a value short: that is told, and not here.
_COMMENT: Final = regex(" *# .*")
_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@` ")
_TOGETHER: Final = 1 << 16
"""Characters whose lines are listed at once: a list of all would let newlines take eight times their size."""
_MOST_HEADS: Final = 1 << 10
"""Indentations and keys that are remembered, of which a plan has a dozen."""
_OPEN: Final = frozenset({"", " ", "#"})
_TEXTS_BEGIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") - MAY_MEAN_MORE
_MOST_IDLE: Final = 10_000
"""Lines without an entry; of many more of them `events` makes shorter work."""
_NEGATIVE: Final = regex(r"-[0-9]")


@dataclass(frozen=True)
class Block:
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
    reader = _Reader(text, deepest, None)
    try:
        root, entries = reader.read()
    except (_Uncommon, NotFinite, TooLong):
        return None
    return Block(root, entries, reader.beyond_json)


def marks(text: str) -> Marks:
    """Return where all of a text stands that ``read`` could read."""
    places: dict[int, array[int]] = {}
    value, _ = _Reader(text, sys.maxsize, places).read()
    offsets, first = array("I"), {}
    for container, of_its_entries in places.items():
        first[container] = len(offsets)
        offsets.extend(of_its_entries)
    return Marks(value, places[id(value)][0], offsets, first)


def _lines(text: str, start: int) -> Iterator[list[str]]:
    while start <= len(text):
        end = text.find("\n", start + _TOGETHER)
        end = len(text) if end < 0 else end
        yield text[start:end].split("\n")
        start = end + 1


class _Reader:
    """Reads one text. By the identity of its container ``places`` gets where each entry's key and value begin."""

    __slots__ = ("_deepest", "_heads", "_keys", "_places", "_text", "_texts", "beyond_json")

    def __init__(self, text: str, deepest: int, places: dict[int, array[int]] | None) -> None:
        self._text = text
        self._deepest = deepest
        self._places = places
        self._keys: dict[str, str] = {}         # keys and words that stand there often are kept once
        self._texts: dict[str, str] = {}        # of words those that are text: not so every key, were it a value
        self._heads: dict[str, tuple[int, bool, str]] = {}
        self.beyond_json = False

    def read(self) -> tuple[dict[str, Any], dict[Pointer, array[int]]]:
        text, heads, texts, places = self._text, self._heads, self._texts, self._places
        root: dict[str, Any] = self._opened({}, 0)
        entries: dict[Pointer, array[int]] = {}
        above: list[tuple[Any, int]] = []
        here: Any = root                        # where entries go that stand `depth` spaces in
        depth = idle = 0
        open_key = ""                           # of `here`: the lines that follow may hold its value
        begins = array("I")
        ends = len("---\n") if text.startswith("---\n") else 0
        for line in chain.from_iterable(_lines(text, ends)):
            begin, ends = ends, ends + len(line) + 1
            head, colon, rest = line.partition(": ")
            if not colon or (found := heads.get(head)) is None or rest[:1] in _OPEN:
                if not line:
                    continue
                at, dash, key, value_at = self._head(line)
                rest = line[value_at:]
            else:
                at, dash, key = found
                value_at = len(head) + 2
            if not key and not dash:
                idle += 1
                if (rest and rest[0] != "#") or idle > _MOST_IDLE:
                    raise _Uncommon
                continue
            word = texts.get(rest)
            if word is None and rest[:1] in _TEXTS_BEGIN and ":" not in rest and "#" not in rest and rest[-1] != " ":
                word = texts[rest] = rest
            if open_key:
                if at > depth or (dash and at == depth):
                    below = here[open_key] = self._opened([] if dash else {}, len(above) + 1)
                    if dash and here is root:
                        begins = entries[(open_key,)] = array("I")
                    if places is not None:
                        places[id(here)][-1] = begin + at
                    above.append((here, depth))
                    here, depth = below, at
                open_key = ""
            while depth > at or (depth == at and not dash and type(here) is list):
                here, depth = above.pop()
            if depth != at or (type(here) is list) != dash:
                raise _Uncommon
            if dash:
                at += len("- ")
                if len(above) == 1:
                    begins.append(begin + at)
                if places is not None:
                    places[id(here)].append(begin + at)
                if not key:
                    here.append(self._value(begin + at, rest, len(above)) if word is None else word)
                    continue
                below = self._opened({}, len(above) + 1)
                here.append(below)
                above.append((here, depth))
                here, depth = below, at
            elif key in here:
                raise _Uncommon
            if word is not None:
                here[key] = word
            elif rest and not _COMMENT.fullmatch(rest):
                here[key] = self._value(begin + value_at, rest, len(above))
            else:
                here[key] = None
                open_key = key
                value_at = at + len(key) + 1
            if places is not None:
                places[id(here)].extend((begin + at, begin + value_at))
        if not root:
            raise _Uncommon
        return root, entries

    def _head(self, line: str) -> tuple[int, bool, str, int]:
        """Return how far a line is indented, whether with a dash, its key, and where in it what follows begins."""
        found = _LINE.match(line)
        if found is None:
            raise _Uncommon
        indent, dash, key = found.groups()
        at, dashed, key = len(indent), dash is not None, self._keys.setdefault(key, key) if key else ""
        if key and len(self._heads) < _MOST_HEADS:
            self._heads[line[: found.end(3)]] = at, dashed, key
        return at, dashed, key, found.end()

    def _opened(self, container: Any, depth: int) -> Any:
        if depth >= self._deepest:
            raise _Uncommon
        if self._places is not None:
            self._places[id(container)] = array("I")
        return container

    def _value(self, at: int, rest: str, depth: int) -> Any:
        """Return the value that begins at ``at`` and is all of its line's ``rest``, but for a comment."""
        if rest == "[]":
            return self._opened([], depth + 1)
        first = rest[:1]
        if first in ("{", "[", "'", '"'):
            value, end = self._in_brackets(at, depth + 1) if first in "{[" else self._piece(at, depth)
            if end - at == len(rest):
                return value
            while self._text.startswith(" ", end):
                end += 1
            left = rest[end - at :]
            if left and not (self._text[end - 1] == " " and _COMMENT.fullmatch(left)):
                raise _Uncommon
            return value
        if (cut := rest.find(" #")) >= 0 and _COMMENT.fullmatch(rest, cut):
            rest = rest[:cut].rstrip(" ")
        if not rest or ": " in rest or " #" in rest or rest[-1] in ": ":
            raise _Uncommon
        if first in _INDICATORS and not _NEGATIVE.match(rest):
            raise _Uncommon
        return self._meaning(rest)

    def _piece(self, at: int, depth: int) -> tuple[Any, int]:
        """Return the value that begins at ``at``, in quotes or inside brackets, and where what follows it stands."""
        text = self._text
        first = text[at : at + 1]
        if first in ("{", "["):
            value, at = self._in_brackets(at, depth + 1)
        elif first in ("'", '"') and (found := _IN_QUOTES.match(text, at)):
            value, at = found[found.lastindex or 0], found.end()
        elif found := _WORD_IN_BRACKETS.match(text, at):
            return self._meaning(found[0].rstrip(" ")), found.end()
        else:
            raise _Uncommon
        while text.startswith(" ", at):
            at += 1
        return value, at

    def _in_brackets(self, at: int, depth: int) -> tuple[Any, int]:
        """Return the list or mapping whose bracket opens at ``at``, and where it ends."""
        text = self._text
        is_list = text[at] == "["
        closer = "]" if is_list else "}"
        made: Any = self._opened([] if is_list else {}, depth)
        spots = None if self._places is None else self._places[id(made)]
        at += 1
        if text.startswith(closer, at):
            return made, at + 1
        while True:
            if not is_list and spots is None and (plain_pair := _PLAIN_PAIR.match(text, at)):
                key, word, after = plain_pair.groups()
                if key in made:
                    raise _Uncommon
                made[self._keys.setdefault(key, key)] = self._meaning(word.rstrip(" "))
                at = plain_pair.end()
                if after == closer:
                    return made, at
                continue
            found = _SPACES.match(text, at) if is_list else _PAIR.match(text, at)
            if found is None:
                raise _Uncommon
            at = found.end()
            if spots is not None:
                spots.extend((at,) if is_list else (found.start(1), at))
            value, end = self._piece(at, depth)
            if is_list:
                made.append(value)
            elif found[2] in made:
                raise _Uncommon
            else:
                made[self._keys.setdefault(found[2], found[2])] = value
            if text.startswith(closer, end):
                return made, end + 1
            if not text.startswith(",", end):
                raise _Uncommon
            at = end + 1

    def _meaning(self, word: str) -> Any:
        if word[0] not in MAY_MEAN_MORE:
            return self._texts.setdefault(word, word)
        value = plain(word)
        if type(value) is str:
            return self._texts.setdefault(value, value)
        if type(value) is int or type(value) is Decimal:
            self.beyond_json |= type(value) is Decimal or not -SAFE_INTEGER <= value <= SAFE_INTEGER
        return value
