"""What a text was parsed to: its value, and where in the text each part of it stands. No parsing happens here."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

from agentctl.errors import Invalid
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.model.values import to_wire
from agentctl.syntax.codes import Code

Pointer: TypeAlias = tuple[str | int, ...]

MOST_PROBLEMS = 100
_LONGEST_LINE = 400


class Source:
    """A named text whose offsets can be told as lines and columns."""

    __slots__ = ("_starts", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts: array[int] | None = None

    def span(self, offset: int) -> Span:
        starts = self._line_starts()
        line = bisect_right(starts, min(offset, len(self.text)))
        return Span(self.file, line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return the text of a line, cut where it is longer than anyone would read."""
        starts = self._line_starts()
        start = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        if end - start > _LONGEST_LINE:
            return self.text[start : start + _LONGEST_LINE] + "…"
        return self.text[start:end].rstrip("\r")

    def diagnostic(
        self,
        severity: Severity,
        code: str,
        summary: str,
        detail: str,
        hint: str,
        offset: int,
        pointer: Pointer | None = None,
    ) -> Diagnostic:
        span = self.span(offset)
        return Diagnostic(
            severity=severity,
            code=str(code),
            summary=summary,
            detail=detail,
            hint=hint,
            span=span,
            pointer=None if pointer is None else json_pointer(pointer),
            source=self.line(span.line) if span.column <= _LONGEST_LINE else "",
        )

    def too_many(self, offset: int) -> Diagnostic:
        """Return what closes a list of problems that was cut short."""
        detail = f"After {MOST_PROBLEMS} problems no more are told."
        return self.diagnostic(Severity.ERROR, Code.TOO_MANY_PROBLEMS, "Too many problems", detail, "", offset)

    def _line_starts(self) -> array[int]:
        if self._starts is None:
            lengths = (len(line) + 1 for line in self.text.split("\n"))
            self._starts = array("L", accumulate(lengths, initial=0))
            self._starts.pop()
        return self._starts


class Marks(NamedTuple):
    """Where the entries of every container stand: offsets into the text, flat, and where each container's begin.

    A mapping's entries take two offsets each (key, value), a list's one. Containers are told apart by identity, which
    is safe because a text without aliases never names one twice and the Document keeps them all alive.
    """

    root: int
    offsets: array[int]
    first: dict[int, int]


class Document:
    """A parsed text. ``value`` is made of dict, list, str, int, bool, None and Decimal only.

    Numbers that JSON cannot hold stand as themselves in ``value`` and tagged in ``wire``.
    """

    __slots__ = ("_beyond_json", "_marks", "_source", "diagnostics", "value")

    def __init__(
        self, source: Source, value: Any, marks: Marks, diagnostics: Iterable[Diagnostic], *, beyond_json: bool
    ) -> None:
        self.value = value
        self.diagnostics = tuple(diagnostics)
        self._source = source
        self._marks = marks
        self._beyond_json = beyond_json

    @property
    def file(self) -> str:
        return self._source.file

    def wire(self, node: Any) -> Any:
        """Return ``node``, a part of ``value``, as JSON: what schemas judge. Tags the author wrote stay as they are."""
        return tagged(node) if self._beyond_json else node

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(item for item in self.diagnostics if item.severity is Severity.ERROR)

    def span(self, pointer: Pointer, *, key: bool = False) -> Span:
        """Return where the node at ``pointer`` (or its ``key``) begins, or its nearest parent that exists."""
        return self._source.span(self.offset(pointer, key=key))

    def source(self, line: int) -> str:
        """Return the text of a line, counted from 1."""
        return self._source.line(line)

    def diagnostic(
        self,
        code: str,
        summary: str,
        detail: str = "",
        hint: str = "",
        pointer: Pointer = (),
        *,
        key: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """Return a Diagnostic about the node at ``pointer``, its span and source line filled in."""
        return self._source.diagnostic(severity, code, summary, detail, hint, self.offset(pointer, key=key), pointer)

    def too_many(self) -> Diagnostic:
        """Return what closes a list of problems with this document that was cut short."""
        return self._source.too_many(self._marks.root)

    def existing(self, pointer: Pointer) -> Pointer:
        """Return as much of ``pointer`` as leads to a node of this document."""
        node = self.value
        for depth, part in enumerate(pointer):
            inside = part in node if isinstance(node, dict) else isinstance(node, list) and part in range(len(node))
            if not inside:
                return pointer[:depth]
            node = node[part]
        return pointer

    def offset(self, pointer: Pointer, *, key: bool = False) -> int:
        """Return where in the text the node at ``pointer``, or its nearest existing parent, begins."""
        node, found = self.value, self._marks.root
        last = len(pointer) - 1
        for depth, part in enumerate(pointer):
            first = self._marks.first.get(id(node))
            if isinstance(node, dict) and part in node and first is not None:
                place = first + 2 * _index(node, part)
                found = self._marks.offsets[place if key and depth == last else place + 1]
                node = node[part]
            elif isinstance(node, list) and isinstance(part, int) and part < len(node) and first is not None:
                found = self._marks.offsets[first + part]
                node = node[part]
            else:
                break
        return found


def invalid(file: str, diagnostics: Sequence[Diagnostic]) -> Invalid:
    """Return the error that says ``file`` cannot be accepted, and why."""
    count = sum(item.severity is Severity.ERROR for item in diagnostics)
    noun = "error" if count == 1 else "errors"
    return Invalid("File not valid", f"{file} has {count} {noun}.", diagnostics=tuple(diagnostics))


def tagged(node: Any) -> Any:
    """Return ``node`` with its decimals and big integers in their tagged form."""
    match node:
        case dict():
            return {key: tagged(item) for key, item in node.items()}
        case list():
            return [tagged(item) for item in node]
        case Decimal() | int():
            return to_wire(node)
    return node


def json_pointer(pointer: Pointer) -> str:
    """Return ``pointer`` in the notation of RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


def _index(mapping: dict[str, Any], key: str | int) -> int:
    return next(index for index, known in enumerate(mapping) if known == key)
