"""Gathers what is wrong with a plan, so that all of it is told at once and nothing twice."""

from __future__ import annotations

from collections.abc import Iterable

from agentctl.facts import replace
from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.syntax.codes import Code as SyntaxCode
from agentctl.syntax.document import MOST_PROBLEMS, Document, Pointer, json_pointer
from agentctl.syntax.problem import Problem

_MOST_KEPT = 10 * MOST_PROBLEMS


class Findings:
    """The diagnostics about one document, in the making.

    A node that has been blamed is not blamed again for what follows from that: a refused alias is not "no mapping" too.
    """

    __slots__ = ("_blamed", "_errors", "_found", "_trouble", "_withheld", "document")

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: list[Diagnostic] = list(document.diagnostics)
        self._errors = len(document.errors)
        self._trouble = 0
        self._withheld: set[int] = set()
        self._blamed: set[str] = {
            item.pointer
            for item in document.errors
            if item.pointer is not None and item.code != SyntaxCode.DUPLICATE_KEY
        }

    @property
    def any_error(self) -> bool:
        return self._errors > 0

    @property
    def trouble(self) -> int:
        """How often something was found wrong, told or not: by comparing, whether one part of the plan is sound."""
        return self._trouble

    @property
    def is_full(self) -> bool:
        """Whether there is more than anyone will be shown, so that looking further is of no use."""
        return self._errors > MOST_PROBLEMS

    def error(
        self, code: str, summary: str, detail: str, pointer: Pointer, *, hint: str = "", key: bool = False
    ) -> None:
        """Add an error about the node at ``pointer``, or about its key."""
        self._trouble += 1
        if not self._is_blamed(pointer):
            self._add(self.document.diagnostic(code, summary, detail, hint, pointer, key=key))

    def warning(self, code: str, summary: str, detail: str, pointer: Pointer, *, hint: str = "") -> None:
        self._add(self.document.diagnostic(code, summary, detail, hint, pointer, severity=Severity.WARNING))

    def blame(self, pointer: Pointer) -> None:
        """Note that what is wrong with the node at ``pointer`` has been told."""
        self._trouble += 1
        self._blamed.add(json_pointer(pointer))

    def add(self, problems: Iterable[Problem], pointer: Pointer = ()) -> None:
        """Add what a schema found wrong below ``pointer``."""
        for problem in problems:
            place = self.document.existing((*pointer, *problem.pointer))
            self.error(problem.code, problem.summary, problem.detail, place, hint=problem.hint, key=problem.at_key)

    def error_unquoted(self, code: str, summary: str, detail: str, pointer: Pointer, *, hint: str) -> None:
        """Add an error about what may be a secret: no diagnostic shows the line it is in."""
        self._trouble += 1
        found = self.document.diagnostic(code, summary, detail, hint, pointer)
        self._withheld.add(self.document.span(pointer).line)
        if not self._is_blamed(pointer):
            self._add(found)

    def in_order(self) -> tuple[Diagnostic, ...]:
        """Return the diagnostics in the order of the text, cut where there are too many to be read."""
        told = dict.fromkeys(Severity, 0)
        kept: list[Diagnostic] = []
        for item in sorted(self._found, key=_place):
            told[item.severity] += 1
            if told[item.severity] <= MOST_PROBLEMS:
                kept.append(self._without_secrets(item))
        return (*kept, self.document.too_many()) if self.is_full else tuple(kept)

    def _without_secrets(self, diagnostic: Diagnostic) -> Diagnostic:
        if diagnostic.span is None or diagnostic.span.line not in self._withheld:
            return diagnostic
        quotes_line = diagnostic.code == SyntaxCode.COMMENT_CUTS_VALUE
        return replace(diagnostic, source="", detail="" if quotes_line else diagnostic.detail)

    def _add(self, diagnostic: Diagnostic) -> None:
        self._errors += diagnostic.severity is Severity.ERROR
        if len(self._found) < _MOST_KEPT:
            self._found.append(diagnostic)

    def _is_blamed(self, pointer: Pointer) -> bool:
        return bool(self._blamed) and json_pointer(pointer) in self._blamed


def _place(diagnostic: Diagnostic) -> tuple[int, int]:
    span = diagnostic.span
    return (span.line, span.column) if span else (0, 0)
