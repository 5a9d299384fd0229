"""What a text was parsed to: its value, and where in the text each part of it stands. No parsing happens here."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any, TypeAlias

from agentctl.errors import Invalid
from agentctl.facts import dataclass
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.model.values import to_wire
from agentctl.syntax.codes import Code

Pointer: TypeAlias = tuple[str | int, ...]

MOST_PROBLEMS = 100
_LONGEST_LINE = 400
_BLOCK = 1024
_FEW = 64


class Source:
    """A named text whose offsets can be told as lines and columns.

    Lines are counted block by block: a table of all of them would let a file of newlines take a hundred times its size.
    """

    __slots__ = ("_above", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._above: array[int] | None = None

    def span(self, offset: int) -> Span:
        block = offset // _BLOCK
        line = self._lines_above()[block] + self.text.count("\n", block * _BLOCK, offset) + 1
        return Span(self.file, line, offset - self.text.rfind("\n", 0, offset))

    def spans(self, offsets: Iterable[int]) -> list[Span]:
        """Return what ``span`` does of each of ``offsets``, which go upwards, and look at each line once in all."""
        spans: list[Span] = []
        line, before, looked_at = 1, -1, 0      # `before` is where the newline above stands
        for offset in offsets:
            if newlines := self.text.count("\n", looked_at, offset):
                line += newlines
                before = self.text.rfind("\n", looked_at, offset)
            looked_at = offset
            spans.append(Span(self.file, line, offset - before))
        return spans

    def line(self, number: int) -> str:
        """Return the text of a line, cut where it is longer than anyone would read."""
        above = self._lines_above()
        block = max(0, bisect_left(above, number - 1) - 1)
        start = block * _BLOCK
        for _ in range(number - 1 - above[block]):
            start = self.text.index("\n", start) + 1
        return self._line_around(start)

    def _line_around(self, offset: int) -> str:
        start = self.text.rfind("\n", 0, offset) + 1
        line = self.text[start : start + _LONGEST_LINE + 1].partition("\n")[0]
        return line[:_LONGEST_LINE] + "…" if len(line) > _LONGEST_LINE else line.rstrip("\r")

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
            source=self._line_around(offset) if span.column <= _LONGEST_LINE else "",
        )

    def too_many(self, offset: int) -> Diagnostic:
        """Return what closes a list of problems that was cut short."""
        detail = f"After {MOST_PROBLEMS} problems no more are told."
        return self.diagnostic(Severity.ERROR, Code.TOO_MANY_PROBLEMS, "Too many problems", detail, "", offset)

    def _lines_above(self) -> array[int]:
        """Return how many lines end before each block."""
        if self._above is None:
            counts = (self.text.count("\n", at, at + _BLOCK) for at in range(0, len(self.text) + 1, _BLOCK))
            self._above = array("L", accumulate(counts, initial=0))
        return self._above


@dataclass(frozen=True)
class Marks:
    """Where the entries of every container stand: offsets into the text, flat, and where each container's begin.

    A mapping's entries take two offsets each (key, value), a list's one. Containers are told apart by identity, which
    is safe because a text without aliases never names one twice and ``value``, which they are in, keeps them all alive.
    """

    value: Any
    root: int
    offsets: array[int]
    first: dict[int, int]


class Document:
    """A parsed text. ``value`` is made of dict, list, str, int, bool, None and Decimal only.

    Numbers that JSON cannot hold stand as themselves in ``value`` and tagged in ``wire``. Where things stand is found
    by ``marks`` when it is first asked for; ``entries`` are the offsets of those of some lists, known already.
    """

    __slots__ = (
        "_beyond_json", "_entries", "_find_marks", "_found_marks", "_indices", "_source", "diagnostics", "value",
    )

    def __init__(
        self,
        source: Source,
        value: Any,
        marks: Callable[[], Marks],
        diagnostics: Iterable[Diagnostic],
        *,
        beyond_json: bool,
        entries: Mapping[Pointer, array[int]] | None = None,
    ) -> None:
        self.value = value
        self.diagnostics = tuple(diagnostics)
        self._source = source
        self._find_marks = marks
        self._found_marks: Marks | None = None
        self._entries = entries or {}
        self._beyond_json = beyond_json
        self._indices: dict[int, dict[str, int]] = {}

    @property
    def file(self) -> str:
        return self._source.file

    @property
    def marks(self) -> Marks:
        if self._found_marks is None:
            self._found_marks = self._find_marks()
        return self._found_marks

    def wire(self, node: Any) -> Any:
        """Return ``node``, a part of ``value``, as JSON: what schemas judge. Tags the author wrote stay as they are."""
        return tagged(node) if self._beyond_json else node

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(item for item in self.diagnostics if item.severity is Severity.ERROR)

    def span(self, pointer: Pointer, *, key: bool = False) -> Span:
        """Return where the node at ``pointer`` (or its ``key``) begins, or its nearest parent that exists."""
        return self._source.span(self.offset(pointer, key=key))

    def spans(self, pointer: Pointer) -> list[Span]:
        """Return where each entry of the list at ``pointer`` begins."""
        offsets = self._entries.get(pointer)
        if offsets is None:
            node = self.marks.value
            for part in pointer:
                node = node[part]
            first = self.marks.first[id(node)]
            offsets = self.marks.offsets[first : first + len(node)]
        return self._source.spans(offsets)

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

    def _index(self, mapping: dict[str, Any], key: Any) -> int:
        if len(mapping) <= _FEW:
            return list(mapping).index(key)
        if id(mapping) not in self._indices:
            self._indices[id(mapping)] = {name: index for index, name in enumerate(mapping)}
        return self._indices[id(mapping)][key]

    def too_many(self) -> Diagnostic:
        """Return what closes a list of problems with this document that was cut short."""
        return self._source.too_many(self.marks.root)

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
        marks = self.marks
        node, found = marks.value, marks.root
        last = len(pointer) - 1
        for depth, part in enumerate(pointer):
            first = marks.first.get(id(node))
            if isinstance(node, dict) and part in node and first is not None:
                place = first + 2 * self._index(node, part)
                found = marks.offsets[place if key and depth == last else place + 1]
                node = node[part]
            elif isinstance(node, list) and isinstance(part, int) and part < len(node) and first is not None:
                found = marks.offsets[first + part]
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
    kind = type(node)
    if kind is dict:
        return {key: item if type(item) is str else tagged(item) for key, item in node.items()}
    if kind is list:
        return [item if type(item) is str else tagged(item) for item in node]
    return to_wire(node) if kind is Decimal or kind is int else node


def json_pointer(pointer: Pointer) -> str:
    """Return ``pointer`` in the notation of RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)
