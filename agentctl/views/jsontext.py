"""Documents as JSON text: lossless, and harmless on a terminal, because what does not show itself is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentctl.views import safe


def pretty(document: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Return a document as indented JSON, newline-ended; ``ascii_only`` is for streams that can't say more."""
    return _harmless(json.dumps(document, ensure_ascii=ascii_only, indent=2)) + "\n"


def one_line(document: Mapping[str, Any]) -> str:
    """Return a document as one line of JSON, newline-ended."""
    return _harmless(json.dumps(document, ensure_ascii=False, separators=(",", ":"))) + "\n"


def _harmless(text: str) -> str:
    if text.isascii() and "\x7f" not in text and "##" not in text and "::" not in text:
        return text
    return "\n".join(safe.escape(line, _escaped) for line in text.split("\n"))


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if character in "\x7f#:" else json.dumps(character)[1:-1]
