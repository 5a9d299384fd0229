"""Wire values as text for people: typed, quoted, and never elided without length and digest."""

from __future__ import annotations

import hashlib
import json
from binascii import a2b_base64
from collections.abc import Hashable, Sequence
from typing import Any

from agentctl.patterns import regex
from agentctl.views import safe

_DIGEST_SHOWN = 12
_ATTACHED = {"name", "path", "type", "size", "digest"}
_KIND = regex(r"[a-z0-9]+/[a-z0-9.+-]{1,80}")
_HASHED = regex(r"sha256:[0-9a-f]{64}")
_ENCODED = json.JSONEncoder(sort_keys=True).encode


def inline(wire: Any, limit: int | None = None) -> str:
    """Return a wire value on one line; what is longer than ``limit`` characters is elided with length and digest."""
    if isinstance(wire, str):
        return quoted(wire, limit)
    if isinstance(wire, dict):
        tagged = tag(wire)
        if tagged is not None:
            return _tagged(*tagged, limit)
    files = [attached(item, whole=limit is None) for item in (wire if isinstance(wire, list) else [wire])]
    if files and all(files):
        return ", ".join(files)
    text = _plain(wire)
    if limit is None or len(text) <= limit:
        return text
    kind = f"{len(wire)} {'key' if isinstance(wire, dict) else 'item'}{'' if len(wire) == 1 else 's'}"
    ends = "{…}" if isinstance(wire, dict) else "[…]"
    return f"{ends} ({kind}, {size(len(_json(wire)))}, {short_digest(_json(wire))})"


def quoted(text: str, limit: int | None = None, start: int = 0) -> str:
    """Return a string in quotes, cut to ``limit`` characters from ``start`` where it is longer, saying what it was."""
    if limit is None or len(text) <= limit:
        return safe.quoted(text)
    shown = safe.quoted(text[start:start + limit])
    before, after = "…" if start else "", "…" if start + limit < len(text) else ""
    return f"{before}{shown}{after} ({extent(text)})"


def extent(text: str) -> str:
    """Return length and digest of a string: what stands where it is not shown whole."""
    return f"{len(text):,} characters, {short_digest(text.encode('utf-8', 'surrogatepass'))}"


def short_digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()[:_DIGEST_SHOWN]


def size(count: int) -> str:
    """Return a number of bytes as people say it."""
    if count < 1024:
        return f"{count} B"
    tenths = count * 10 // 1024
    for unit in ("KiB", "MiB", "GiB"):
        if tenths < 10240 or unit == "GiB":
            return f"{tenths // 10}.{tenths % 10} {unit}"
        tenths //= 1024
    raise AssertionError("unreachable: the last unit takes all")


def attached(wire: Any, *, whole: bool) -> str:
    """Return a file that goes along as ``"prices.pdf" (application/pdf, 29 B, sha256:eb9b24ea0c00)``, else nothing."""
    if not isinstance(wire, dict) or wire.keys() != _ATTACHED:
        return ""
    name, path, kind, digest = (wire[part] for part in ("name", "path", "type", "digest"))
    known = isinstance(wire["size"], int) and isinstance(kind, str) and isinstance(digest, str)
    if not known or not _KIND.fullmatch(kind) or not _HASHED.fullmatch(digest) or not isinstance(name, str):
        return ""
    from_ = "" if path == name else f" from {inline(path)}"
    shown = digest if whole else digest[:len("sha256:") + _DIGEST_SHOWN]
    return f"{safe.quoted(name)}{from_} ({kind}, {size(wire['size'])}, {shown})"


def tag(wire: Any) -> tuple[str, Any] | None:
    """Return tag and inner value of a tagged wire value, None for anything else."""
    if isinstance(wire, dict) and wire:
        first = next(iter(wire))
        if first.startswith("$"):
            return first, wire if len(wire) > 1 else wire[first]
    return None


def key(wire: Any) -> str:
    """Return a text that only the same value has: it tells 1 from true and from "1"."""
    return f"'{wire}" if isinstance(wire, str) else _ENCODED(wire)


def typed(wire: Any) -> Hashable:
    """Return what equals only that of the same value, as a key does; a text stands for itself."""
    return wire if isinstance(wire, str) else (_ENCODED(wire),)


def typed_each(wires: Sequence[Any]) -> Sequence[Hashable]:
    """Return the same of each of many values."""
    return wires if all_texts(wires) else [*map(typed, wires)]


def all_texts(wires: Sequence[Any]) -> bool:
    return {*map(type, wires)} <= {str}


def is_hidden(wire: Any) -> bool:
    return isinstance(wire, dict) and len(wire) == 1 and "$hidden" in wire


def mapping(wire: Any) -> dict[str, Any] | None:
    """Return the keys and values of a mapping, out of its ``$literal`` where it has one; None for other values."""
    if not isinstance(wire, dict):
        return None
    tagged = tag(wire)
    if tagged is None:
        return wire
    return tagged[1] if tagged[0] == "$literal" and isinstance(tagged[1], dict) else None


def _tagged(name: str, inner: Any, limit: int | None) -> str:
    match name:
        case "$unknown":
            return "(known after apply)"
        case "$hidden":
            return "(hidden)"
        case "$secret":
            return f"(secret {safe.line(str(inner))})"
        case "$from":
            return f"(from {safe.line(str(inner))})"
        case "$format":
            return _format(inner, limit)
        case "$bytes":
            return _bytes(str(inner))
        case "$literal" if isinstance(inner, dict):
            return _plain_mapping(inner) if limit is None else inline_mapping(inner, limit)
        case "$int" | "$decimal" | "$time" | "$date":
            text = safe.line(str(inner))
            return text if limit is None or len(text) <= limit else f"{text[:limit]}… ({extent(str(inner))})"
    return safe.line(_json({name: inner}).decode())


def inline_mapping(wire: dict[str, Any], limit: int) -> str:
    text = _plain_mapping(wire)
    return text if len(text) <= limit else f"{{…}} ({len(wire)} keys, {extent(text)})"


def _format(inner: Any, limit: int | None) -> str:
    if not isinstance(inner, dict):
        return f"(formatted {quoted(str(inner), limit)})"
    parts = {name: value for name, value in inner.items() if name != "$format"}
    names = ", ".join(f"{safe.line(name)}: {inline(value, limit)}" for name, value in parts.items())
    return f"(formatted {quoted(str(inner['$format']), limit)} with {names})"


def _bytes(encoded: str) -> str:
    try:
        data = a2b_base64(encoded, strict_mode=True)
    except ValueError:          # also what is not ASCII
        return f"b64 {quoted(encoded, 40)}"
    return f"b64 {size(len(data))} {short_digest(data)}"


def _plain(wire: Any) -> str:
    match wire:
        case None:
            return "null"
        case bool():
            return "true" if wire else "false"
        case str():
            return safe.quoted(wire)
        case dict():
            tagged = tag(wire)
            return _tagged(*tagged, None) if tagged else _plain_mapping(wire)
        case list() | tuple():
            return "[" + ", ".join(map(_plain, wire)) + "]"
    return safe.line(str(wire))


def _plain_mapping(wire: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{safe.line(str(key))}: {_plain(item)}" for key, item in wire.items()) + "}"


def _json(wire: Any) -> bytes:
    return json.dumps(wire, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")
