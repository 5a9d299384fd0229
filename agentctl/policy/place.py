"""A node of a policy file, from which what is wrong with it can be told. What it means is read elsewhere."""

from __future__ import annotations

from agentctl.facts import dataclass
from agentctl.model.diagnostic import Diagnostic, Span
from agentctl.syntax.document import Document, Pointer


@dataclass(frozen=True)
class Place:
    """Where a node stands; ``place / key`` is where its part does."""

    document: Document
    pointer: Pointer

    @property
    def span(self) -> Span:
        return self.document.span(self.pointer)

    def __truediv__(self, part: str | int) -> Place:
        return Place(self.document, (*self.pointer, part))

    def wrong(self, code: str, summary: str, detail: str, hint: str = "", *, key: bool = False) -> Diagnostic:
        return self.document.diagnostic(code, summary, detail, hint, self.pointer, key=key)
