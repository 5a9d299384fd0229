"""Documents as JSON text: lossless, and harmless on a terminal, because what does not show itself is escaped."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from agentctl.views import safe

_AT_ONCE = 5_000        # parts of lines that are handed on together


def pretty(document: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Return a document as indented JSON, newline-ended; ``ascii_only`` is for streams that can't say more."""
    told: list[str] = []
    tell(document, told.append, ascii_only=ascii_only)
    return "".join(told)


def tell(document: Mapping[str, Any], say: Callable[[str], object], *, ascii_only: bool = False) -> None:
    """Hand the same text to ``say``, a piece at a time: whole, a long plan's takes more room than the plan itself."""
    telling = _Telling(say, encode_basestring_ascii if ascii_only else encode_basestring)
    telling.value(document, "\n")
    telling.end("\n")


def one_line(document: Mapping[str, Any]) -> str:
    """Return a document as one line of JSON, newline-ended."""
    return _harmless(json.dumps(document, ensure_ascii=False, separators=(",", ":"))) + "\n"


class _Telling:
    """JSON as ``json.dumps(…, indent=2)`` writes it, in half the time; a test holds the two to the same text."""

    def __init__(self, say: Callable[[str], object], quote: Callable[[str], str]) -> None:
        self._say = say
        self._quote = quote
        self._parts: list[str] = []

    def value(self, wire: Any, line: str) -> None:
        """Tell one value; ``line`` ends a line and begins the next, as far in as the value stands."""
        if isinstance(wire, str):
            self._parts.append(self._quote(wire))
        elif isinstance(wire, dict):
            self._mapping(wire, line)
        elif isinstance(wire, list | tuple):
            self._list(wire, line)
        elif type(wire) is int:
            self._parts.append(str(wire))
        else:
            self._parts.append("null" if wire is None else json.dumps(wire))

    def end(self, text: str) -> None:
        """Tell ``text`` and hand on what was not yet."""
        self._say(_harmless("".join([*self._parts, text])))
        self._parts.clear()

    def _mapping(self, wire: Mapping[str, Any], line: str) -> None:
        before, inner = "{", line + "  "
        for name, item in wire.items():
            if type(item) is str:
                self._parts.append(f"{before}{inner}{self._quote(name)}: {self._quote(item)}")
            else:
                self._parts.append(f"{before}{inner}{self._quote(name)}: ")
                self.value(item, inner)
            before = ","
        self._parts.append(f"{line}}}" if wire else "{}")

    def _list(self, wire: Sequence[Any], line: str) -> None:
        before, inner = "[", line + "  "
        for item in wire:
            self._parts.append(before + inner)
            self.value(item, inner)
            before = ","
            if len(self._parts) > _AT_ONCE:
                self.end("")
        self._parts.append(f"{line}]" if wire else "[]")


def _harmless(text: str) -> str:
    if text.isascii() and "\x7f" not in text and "##" not in text and "::" not in text:
        return text
    return "\n".join(safe.escape(line, _escaped) for line in text.split("\n"))


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if character in "\x7f#:" else json.dumps(character)[1:-1]
