"""Percent-encoded paths and queries: which can only ever name something below the path they are joined to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from agentctl.errors import Rejected

_PATH = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
_SEPARATORS = re.compile(r"[/\\]")
_DOTS = frozenset({".", ".."})
_DECODINGS = 5          # proxies and frameworks decode more than once; what is still encoded then is refused


def segment(value: str) -> str:
    """Return ``value`` as one segment of a path. Raises Rejected where it would name something else, or nothing."""
    encoded = _quote(value)
    if not value or (why := fault(f"/{encoded}")):
        raise Rejected("Not a name in a path", f"{value!r} {why if value else 'is empty.'}")
    return encoded


def fault(path: str) -> str:
    """Return what is wrong with a percent-encoded path, as the end of a sentence, or nothing."""
    if not path.startswith("/"):
        return "does not begin with a slash."
    if not _PATH.fullmatch(path):
        return "has characters that must be percent-encoded."
    if "//" in path:
        return "has an empty segment."
    return _dots(path)


def _dots(path: str) -> str:
    """Say where a server that decodes once, or a proxy before it that does so too, would leave the path."""
    decoded = path
    for _ in range(_DECODINGS):
        if _DOTS.intersection(part.partition(";")[0] for part in _SEPARATORS.split(decoded)):
            return "has a segment of dots, which leads elsewhere."
        if any(character < " " or character == "\x7f" for character in decoded):
            return "has a control character."
        again = unquote(decoded, errors="replace")
        if again == decoded:
            return ""
        decoded = again
    return "is percent-encoded too many times."


def query_text(query: Iterable[tuple[str, str]]) -> str:
    """Return the query as it is sent. Raises Rejected for text that UTF-8 cannot hold."""
    return "&".join(f"{_quote(name)}={_quote(value)}" for name, value in query)


def _quote(text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise Rejected("Not a name in a path", f"{text!r} holds half a character.") from error
