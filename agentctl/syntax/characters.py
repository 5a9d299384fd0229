"""Bytes to text: UTF-8 only, and none of the characters that make a text read differently from what it is."""

from __future__ import annotations

from typing import Final

from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.patterns import regex
from agentctl.syntax.codes import Code
from agentctl.syntax.document import Source, invalid

_MOST = 20
_CONTROLS: Final = bytes((*range(9), 11, 12, *range(14, 32), 127))
_REFUSED: Final = regex("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)")
_UNSAFE: Final = regex("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_WIDE_MARKS: Final = ((b"\xff\xfe\x00\x00", "UTF-32"), (b"\x00\x00\xfe\xff", "UTF-32"),
                      (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def read_text(data: bytes, file: str, largest: int) -> Source:
    """Return the text of a file. Raises Invalid where it is too large, not UTF-8, or holds a refused character."""
    if len(data) > largest:
        detail = f"The file has {len(data):,} bytes; at most {largest:,} are read."
        raise invalid(file, [_about_file(file, Code.TOO_LARGE, "File too large", detail)])
    for mark, name in _WIDE_MARKS:
        if data.startswith(mark):
            detail = f"The file begins with the byte order mark of {name}."
            raise invalid(file, [_about_file(file, Code.NOT_UTF8, "Not UTF-8", detail, "Save the file as UTF-8.")])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = Source(file, data[: error.start].decode("utf-8"))
        found = before.diagnostic(
            Severity.ERROR, Code.NOT_UTF8, "Not UTF-8",
            f"The byte 0x{data[error.start]:02x} here is not valid UTF-8.", "Save the file as UTF-8.", len(before.text),
        )
        raise invalid(file, [found]) from error
    source = Source(file, text.removeprefix("\ufeff"))
    if _may_hold_refused(data):
        _refuse_characters(source)
    return source


def unsafe_character(text: str) -> str:
    """Return the first control character or lone surrogate in ``text``, or nothing.

    Tab, newline and carriage return are text; U+0085, U+2028 and U+2029 are too where they were written as escapes.
    """
    if text.isprintable():
        return ""
    found = _UNSAFE.search(text)
    return found.group() if found else ""


def without_unsafe(text: str) -> str:
    """Return ``text`` with each such character replaced."""
    return _UNSAFE.sub("\ufffd", text)


def name_of(character: str) -> str:
    return f"U+{ord(character):04X}"


def _may_hold_refused(data: bytes) -> bool:
    return (
        not data.isascii()
        or len(data.translate(None, _CONTROLS)) != len(data)
        or data.count(b"\r") != data.count(b"\r\n")
    )


def _refuse_characters(source: Source) -> None:
    problems: list[Diagnostic] = []
    for found in _REFUSED.finditer(source.text):
        problems.append(source.diagnostic(
            Severity.ERROR, Code.CONTROL_CHARACTER, "Refused character",
            f"The character {name_of(found.group())} may not stand in a file as it is.",
            _hint(found.group()), found.start(),
        ))
        if len(problems) == _MOST:
            break
    if problems:
        raise invalid(source.file, problems)


def _hint(character: str) -> str:
    if character == "\r":
        return "End lines with a newline, or with a carriage return and a newline."
    if character in "\x85\u2028\u2029":
        return f'If it is meant, write it as "\\u{ord(character):04x}" in double quotes.'
    return "Remove it. Binary content is written as {$bytes: BASE64}."


def _about_file(file: str, code: str, summary: str, detail: str, hint: str = "") -> Diagnostic:
    return Source(file, "").diagnostic(Severity.ERROR, code, summary, detail, hint, 0)
