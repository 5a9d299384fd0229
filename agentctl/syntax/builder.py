"""Puts a value together from what a YAML or JSON reader meets, keeping positions and collecting problems."""

from __future__ import annotations

from array import array
from decimal import Decimal
from typing import Any, Final

from agentctl.errors import Invalid
from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.model.values import SAFE_INTEGER
from agentctl.syntax.characters import name_of, unsafe_character, without_unsafe
from agentctl.syntax.codes import Code
from agentctl.syntax.document import MOST_PROBLEMS, Document, Marks, Pointer, Source, invalid
from agentctl.syntax.scalars import MOST_DIGITS


class _Place:
    """Where the next value goes when that is not under a key."""


_ROOT: Final = _Place()
_LIST: Final = _Place()
_NOWHERE: Final = _Place()      # under a key that cannot be kept: read all the same, for the problems inside
_INSIDE_KEY: Final = _Place()   # in a mapping or list that was written as a key


class Builder:
    """One value in the making. Readers call these in document order; ``finish`` gives the Document.

    ``wants_key`` says whether what comes next is a key of the innermost mapping.
    """

    __slots__ = (
        "_beyond_json", "_container", "_deepest", "_first", "_keys", "_marks", "_offsets", "_place", "_problems",
        "_root", "_root_at", "_stack", "_told", "source", "wants_key",
    )

    def __init__(self, source: Source, deepest: int) -> None:
        self.source = source
        self.wants_key = False
        self._deepest = deepest
        self._root: Any = None
        self._root_at = 0
        self._container: Any = None
        self._place: str | _Place = _ROOT
        self._marks: array[int] = array("I")
        self._stack: list[tuple[Any, str | _Place, array[int]]] = []
        self._offsets: array[int] = array("I")
        self._first: dict[int, int] = {}
        self._keys: dict[str, str] = {}
        self._problems: list[Diagnostic] = []
        self._told = dict.fromkeys(Severity, 0)
        self._beyond_json = False

    def open(self, container: dict[str, Any] | list[Any], at: int) -> None:
        """Begin a mapping or a list. Raises Invalid past the greatest depth."""
        if len(self._stack) >= self._deepest:
            detail = f"More than {self._deepest} mappings and lists stand inside one another here."
            raise self.stop(Code.TOO_DEEP, "Nested too deeply", detail, "", at)
        if self.wants_key:
            detail = "A mapping or a list cannot be a key."
            self.problem(Code.KEY_NOT_TEXT, "Key is not text", detail, _key_hint(self.source, at), at)
            self._place = _INSIDE_KEY
        else:
            self.leaf(container, at)
        self._stack.append((self._container, self._place, self._marks))
        self._container, self._marks = container, array("I")
        self.wants_key = type(container) is dict
        self._place = _NOWHERE if self.wants_key else _LIST

    def close(self) -> None:
        """End the innermost mapping or list."""
        self._first[id(self._container)] = len(self._offsets)
        self._offsets.extend(self._marks)
        self._container, self._place, self._marks = self._stack.pop()
        if self._place is _INSIDE_KEY:
            self._place, self.wants_key = _NOWHERE, False
        else:
            self.wants_key = type(self._container) is dict

    def key(self, text: str, at: int) -> None:
        """Name the next entry of a mapping. A key that already stands keeps its first value."""
        self.wants_key = False
        if text in self._container:
            self._refuse_duplicate(text, at)
        else:
            self._place = self._keys.setdefault(text, text)
            self._marks.append(at)

    def no_key(self) -> None:
        """Begin an entry whose key cannot be kept; the reader has said why."""
        self.wants_key = False
        self._place = _NOWHERE

    def leaf(self, value: Any, at: int) -> None:
        """Add a value to the innermost container."""
        place = self._place
        if type(place) is str:
            self._container[place] = value
            self._marks.append(at)
            self.wants_key = True
        elif place is _LIST:
            self._container.append(value)
            self._marks.append(at)
        elif place is _NOWHERE:
            self.wants_key = True
        else:
            self._root, self._root_at = value, at

    def number(self, value: int | Decimal, at: int) -> None:
        """Add a number, which JSON may not be able to hold."""
        self._beyond_json |= type(value) is Decimal or not -SAFE_INTEGER <= value <= SAFE_INTEGER
        self.leaf(value, at)

    def checked(self, text: str, at: int) -> str:
        """Return ``text``, or a harmless stand-in where escapes made a character that no value holds: a problem."""
        if character := unsafe_character(text):
            self.problem(
                Code.CONTROL_CHARACTER, "Refused character",
                f"This text holds {name_of(character)}, written as an escape.",
                "Remove it. Binary content is written as {$bytes: BASE64}.", at,
            )
            return without_unsafe(text)
        return text

    def not_finite(self, text: str, at: int) -> None:
        detail = f"`{text}` is infinity or not a number; no record can hold it."
        self.problem(Code.NOT_FINITE, "Not a finite number", detail, f'If text is meant, write "{text}".', at)

    def too_long(self, at: int) -> None:
        detail = f"At most {MOST_DIGITS} digits are read, written out without an exponent."
        self.problem(Code.NUMBER_TOO_LONG, "Number too long", detail, "If text is meant, put it in quotes.", at)

    def problem(
        self,
        code: str,
        summary: str,
        detail: str,
        hint: str,
        at: int,
        *,
        key: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Collect a problem with the node being read, or with its entry ``key``.

        Raises Invalid when there are too many errors to be of use; warnings beyond that number are left out.
        """
        self._told[severity] += 1
        if severity is Severity.WARNING and self._told[severity] > MOST_PROBLEMS:
            return
        pointer = self._pointer() if key is None else (*self._pointer(), key)
        self._problems.append(self.source.diagnostic(severity, code, summary, detail, hint, at, pointer))
        if self._told[Severity.ERROR] >= MOST_PROBLEMS:
            raise invalid(self.source.file, [*self._problems, self.source.too_many(at)])

    def stop(self, code: str, summary: str, detail: str, hint: str, at: int) -> Invalid:
        """Return the error for what nothing can be understood beyond. It comes alone: the rest may be its echo."""
        only = self.source.diagnostic(Severity.ERROR, code, summary, detail, hint, at)
        return invalid(self.source.file, [only])

    def finish(self) -> Document:
        """Return the Document, its problems in the order of the text."""
        marks = Marks(self._root, self._root_at, self._offsets, self._first)
        problems = sorted(self._problems, key=lambda item: (item.span.line, item.span.column) if item.span else (0, 0))
        return Document(self.source, self._root, lambda: marks, problems, beyond_json=self._beyond_json)

    def _refuse_duplicate(self, text: str, at: int) -> None:
        first = self.source.span(self._marks[2 * list(self._container).index(text)])
        self._place = _NOWHERE
        detail = f"`{text}` already stands at line {first.line}."
        self.problem(Code.DUPLICATE_KEY, "Duplicate key", detail, "Keep one of them.", at, key=text)

    def _pointer(self) -> Pointer:
        """Return the pointer of the node being read, as far as it has one."""
        parts: list[str | int] = []
        for container, place, _ in self._stack[1:]:
            if place is _LIST:
                parts.append(len(container) - 1)
            elif type(place) is str:
                parts.append(place)
        if self._place is _LIST:
            parts.append(len(self._container))
        elif type(self._place) is str and not self.wants_key:
            parts.append(self._place)
        return tuple(parts)


def _key_hint(source: Source, at: int) -> str:
    if source.text.startswith("{{", at - 1) or source.text.startswith("{{", at):
        return 'Text that begins with "{{" needs quotes around it.'
    return 'Keys are text. A value that begins with "{", "[" or "?" needs quotes.'
