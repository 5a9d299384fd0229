"""Strict YAML 1.2 (and JSON) to a Document, or every reason why not. Shapes and meanings are judged elsewhere."""

from __future__ import annotations

from typing import Final

from agentctl.facts import dataclass
from agentctl.syntax import block
from agentctl.syntax.characters import read_text
from agentctl.syntax.collector import paused
from agentctl.syntax.document import Document, Source, invalid


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much is read. Depth is bounded because libyaml's time grows with its square, and ours with a stack."""

    size: int = 64 * 2**20
    depth: int = 64


DEFAULTS: Final = Limits()


def parse(data: bytes, file: str, *, limits: Limits = DEFAULTS) -> Document:
    """Return the document in ``data``. Raises Invalid with every error; ``diagnostics`` then holds warnings only."""
    document = read(data, file, limits=limits)
    if document.errors:
        raise invalid(file, document.diagnostics)
    return document


def read(data: bytes, file: str, *, limits: Limits = DEFAULTS) -> Document:
    """Return the document with its errors among its ``diagnostics``, so that a caller can go on and find more.

    Raises Invalid where nothing can be understood: bytes that are no text, a syntax error, a bomb.
    """
    source = read_text(data, file, limits.size)
    with paused():
        if not source.text.lstrip(" \t\r\n").startswith(("{", "[")):
            return _read_yaml(source, limits)
        from agentctl.syntax import json

        try:
            return json.read(source, limits.depth)
        except json.NotJSON as problem:
            if file.lower().endswith(".json"):
                raise json.syntax_error(source, problem) from problem
            return _read_yaml(source, limits)


def _read_yaml(source: Source, limits: Limits) -> Document:
    if (found := block.read(source.text, limits.depth)) is None:
        from agentctl.syntax import events

        return events.read(source, limits.depth)
    return Document(
        source, found.value, lambda: block.marks(source.text), (), beyond_json=found.beyond_json, entries=found.entries
    )
