"""Strict JSON to a Document, by the same rules as YAML: exact numbers, no duplicate keys, bounded depth, positions."""

from __future__ import annotations

import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # public in CPython, missing from the stubs
from typing import Final

from agentctl.errors import Invalid
from agentctl.syntax.builder import Builder
from agentctl.syntax.codes import Code
from agentctl.syntax.document import Document, Source
from agentctl.syntax.scalars import NUMBER, TooLong, number

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_WORD: Final = re.compile(r"-?[A-Za-z_]+")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_PYTHONS: Final = {"None": "null", "True": "true", "False": "false", "undefined": "null"}
_STRING_FAULTS: Final = {
    "Unterminated string": "The text that begins here is never closed.",
    "Invalid control character": "A text ends on the line it begins on; a line break in it is written \\n.",
    "Invalid \\escape": "This escape does not exist; a backslash is written \\\\.",
    "Invalid \\uXXXX": "\\u is followed by four hexadecimal digits.",
}
_NOT_FINITE: Final = frozenset({"NaN", "Infinity", "-Infinity"})


class NotJSON(ValueError):
    """The text is not JSON, for a reason, from an offset on."""

    def __init__(self, why: str, at: int, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.at = at
        self.hint = hint


def read(source: Source, deepest: int) -> Document:
    """Return the JSON document in ``source``, its errors collected. Raises NotJSON for a syntax error."""
    builder = Builder(source, deepest)
    end = _value(builder, source.text, _skip(source.text, 0))
    end = _skip(source.text, end)
    if end < len(source.text):
        raise NotJSON("The text goes on after its end.", end)
    return builder.finish()


def syntax_error(source: Source, problem: NotJSON) -> Invalid:
    """Return the error to raise where JSON is the only reading."""
    return Builder(source, 0).stop(Code.JSON_SYNTAX, "Not valid JSON", problem.why, problem.hint, problem.at)


def _value(builder: Builder, text: str, at: int) -> int:
    """Read the value at ``at`` and return where it ends. Recursion is bounded by the builder's depth."""
    first = text[at : at + 1]
    if first == '"':
        word, end = _string(builder, text, at)
        builder.leaf(word, at)
        return end
    if first == "{":
        return _object(builder, text, at)
    if first == "[":
        return _array(builder, text, at)
    return _bare(builder, text, at)


def _object(builder: Builder, text: str, at: int) -> int:
    builder.open({}, at)
    at = _skip(text, at + 1)
    if text.startswith("}", at):
        builder.close()
        return at + 1
    while True:
        if not text.startswith('"', at):
            raise NotJSON("A key in double quotes is expected here.", at, _comma_hint(text, at, "}"))
        key, end = _string(builder, text, at)
        builder.key(key, at)
        at = _skip(text, end)
        if not text.startswith(":", at):
            raise NotJSON("A colon is expected after the key.", at)
        at = _skip(text, _value(builder, text, _skip(text, at + 1)))
        if text.startswith("}", at):
            builder.close()
            return at + 1
        if not text.startswith(",", at):
            raise NotJSON("A comma or a closing brace is expected here.", at)
        at = _skip(text, at + 1)


def _array(builder: Builder, text: str, at: int) -> int:
    builder.open([], at)
    at = _skip(text, at + 1)
    if text.startswith("]", at):
        builder.close()
        return at + 1
    while True:
        at = _skip(text, _value(builder, text, at))
        if text.startswith("]", at):
            builder.close()
            return at + 1
        if not text.startswith(",", at):
            raise NotJSON("A comma or a closing bracket is expected here.", at)
        at = _skip(text, at + 1)


def _string(builder: Builder, text: str, at: int) -> tuple[str, int]:
    try:
        word, end = scanstring(text, at + 1)
    except JSONDecodeError as error:
        why = next((words for start, words in _STRING_FAULTS.items() if error.msg.startswith(start)), f"{error.msg}.")
        raise NotJSON(why, error.pos) from error
    return builder.checked(word, at), end


def _bare(builder: Builder, text: str, at: int) -> int:
    found = NUMBER.match(text, at) or _WORD.match(text, at)
    if found is None:
        raise NotJSON("A value is expected here.", at, _comma_hint(text, at, "]"))
    word = found.group()
    if found.re is NUMBER:
        try:
            builder.number(number(found), at)
        except TooLong:
            builder.too_long(at)
            builder.leaf(None, at)
    elif word in _WORDS:
        builder.leaf(_WORDS[word], at)
    elif word in _NOT_FINITE:
        builder.not_finite(word, at)
        builder.leaf(None, at)
    else:
        hint = f"JSON calls it {_PYTHONS[word]}." if word in _PYTHONS else ""
        raise NotJSON(f"`{word[:40]}` is not a JSON value.", at, hint)
    return found.end()


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _comma_hint(text: str, at: int, closer: str) -> str:
    return "Remove the comma before it." if text.startswith(closer, at) else ""
