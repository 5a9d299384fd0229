"""A value written down as YAML for a person to edit: our own reader reads the very same value back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_.-]*")
_NOT_KEYS = frozenset({"null", "true", "false", "nan", "infinity"})
_FIXED = re.compile(r"-?(?:0|[1-9][0-9]{0,30})\.[0-9]{1,30}")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,30})")
_LONG = 70
_AS_ESCAPES = "\x7f\x85\u2028\u2029\ufeff\ufffe\uffff"


def written(wire: dict[str, Any]) -> str:
    """Return a mapping in JSON form as YAML, texts of several lines as blocks."""
    return "\n".join(_mapping(wire, "")) + "\n" if wire else "{}\n"


def _mapping(wire: dict[str, Any], indent: str) -> Iterator[str]:
    for key, item in wire.items():
        name = key if _KEY.fullmatch(key) and key.lower() not in _NOT_KEYS else _quoted(key)
        yield from _entry(f"{indent}{name}:", item, indent)


def _list(wire: list[Any], indent: str) -> Iterator[str]:
    for item in wire:
        yield from _entry(f"{indent}-", item, indent)


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    """Yield an entry after its key or dash; what spans lines stands below, indented."""
    if isinstance(item, dict) and item and not _is_tag(item):
        yield head
        yield from _mapping(item, indent + "  ")
    elif isinstance(item, list) and item:
        yield head
        yield from _list(item, indent + "  ")
    elif isinstance(item, str) and _is_block(item):
        body = item.removesuffix("\n")
        yield f"{head} |{'' if item.endswith(chr(10)) else '-'}"
        yield from (f"{indent}  {line}" if line else "" for line in body.split("\n"))
    else:
        yield f"{head} {_inline(item)}"


def _is_tag(item: dict[str, Any]) -> bool:
    return len(item) == 1 and next(iter(item)) != "$literal" and next(iter(item)).startswith("$")


def _is_block(text: str) -> bool:
    """Whether a block says exactly ``text``: what begins or ends with blanks, or can't be seen, is quoted instead."""
    if "\n" not in text and len(text) <= _LONG:
        return False
    plain = text.replace("\n", "").replace("\t", " ")
    if not plain.isprintable() or any(character in text for character in _AS_ESCAPES):
        return False
    return not text[0].isspace() and not text.removesuffix("\n")[-1:].isspace() and bool(text.strip())


def _inline(item: Any) -> str:
    if isinstance(item, dict):
        if _is_tag(item):
            ((tag, inner),) = item.items()
            if isinstance(inner, str) and (
                (tag == "$decimal" and _FIXED.fullmatch(inner)) or (tag == "$int" and _WHOLE.fullmatch(inner))
            ):
                return inner
        return "{" + ", ".join(f"{_quoted(key)}: {_inline(inner)}" for key, inner in item.items()) + "}"
    if isinstance(item, list):
        return "[" + ", ".join(map(_inline, item)) + "]"
    return _quoted(item) if isinstance(item, str) else json.dumps(item)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    for character in _AS_ESCAPES:
        quoted = quoted.replace(character, f"\\u{ord(character):04x}")
    return quoted
