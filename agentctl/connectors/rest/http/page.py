"""A page made for people where an answer was expected: what its title says."""

from __future__ import annotations

import re
from html import unescape

_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,2000})", re.IGNORECASE)
_BEGINNING = 65536
_LONGEST = 100


def title(body: bytes) -> str:
    """Return the title of a page in one line, or nothing. Foreign text: whoever shows it escapes it."""
    found = _TITLE.search(body[:_BEGINNING])
    text = " ".join(unescape(found[1].decode("utf-8", "replace")).split()) if found else ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def is_page(media_type: str, body: bytes) -> bool:
    """Whether this is HTML, said or evident."""
    return media_type in {"text/html", "application/xhtml+xml"} or (
        not media_type and body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))
    )
