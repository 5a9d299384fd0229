"""The one byte form of a JSON document (RFC 8785, without floats) and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from agentctl.model.values import SAFE_INTEGER, NotAValue
from agentctl.patterns import regex

_FIRST_SURROGATE = "\ud800"
_sorted = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False).encode
_as_given = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

# A float, or an integer that may be beyond 2^53, and what ends it. In a string it only costs the slow way; the times
# in every record of a trace are not taken for numbers. It begins with two sets of characters, and nothing else: by the
# first the search skips what lies between, by the second it gives up nearly everywhere.
_SUSPECT = regex(r"[:,\[][-0-9IN](?:[0-9]*[.eE][-+.eE0-9]*|[0-9]{15,}|nfinity|Infinity|aN)[,\]}]")
_NUMBER = tuple("-0123456789IN")


def canonical(wire: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON document whose mappings' keys are strings.

    Raises NotAValue for floats, integers beyond 2^53, lone surrogates and what is no JSON.
    """
    return encoded(_written, wire)


def encoded(write: Callable[[Any], str], value: Any) -> bytes:
    """Return the bytes of the text that ``write`` makes of ``value``. Raises NotAValue where there is none."""
    try:
        return write(value).encode()
    except UnicodeEncodeError as error:
        raise NotAValue("a lone surrogate is not text") from error
    except RecursionError as error:
        raise NotAValue("nested too deeply") from error
    except (TypeError, ValueError) as error:
        if isinstance(error, NotAValue):
            raise
        raise NotAValue(f"it has no canonical form: {error}") from error


def _written(wire: Any) -> str:
    text = _sorted(wire)
    if text.startswith(_NUMBER) or _SUSPECT.search(text) or not (text.isascii() or max(text) < _FIRST_SURROGATE):
        return _as_given(checked(wire))
    return text


def with_part(wire: Mapping[str, Any], name: str, part: bytes) -> bytes:
    """Return the canonical bytes of ``wire`` with ``part``, canonical bytes of its own, under ``name``.

    Of the ASCII names of ``wire`` one at least comes before ``name`` and one after it.
    """
    before = {key: item for key, item in wire.items() if key < name}
    after = {key: item for key, item in wire.items() if key > name}
    return b'%b,"%b":%b,%b' % (canonical(before)[:-1], name.encode(), part, canonical(after)[1:])


def digest(wire: Any) -> str:
    """Return ``sha256:`` and the hex SHA-256 of the canonical bytes of ``wire``."""
    return digest_bytes(canonical(wire))


def digest_bytes(data: bytes) -> str:
    """Return ``sha256:`` and the hex SHA-256 of ``data``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def checked(wire: Any) -> Any:
    """Return ``wire`` with its mappings in RFC 8785 order: by UTF-16 code units, not by code points.

    The plain way, for what the encoder's own order and numbers might get wrong. Raises NotAValue as ``canonical``.
    """
    if isinstance(wire, str | bool) or wire is None:
        return wire
    if isinstance(wire, int):
        if not -SAFE_INTEGER <= wire <= SAFE_INTEGER:
            raise NotAValue("an integer beyond 2^53 travels as $int")
        return wire
    if isinstance(wire, dict):
        if not all(isinstance(key, str) for key in wire):
            raise NotAValue("a mapping's keys are strings")
        return {key: checked(wire[key]) for key in sorted(wire, key=_utf16)}
    if isinstance(wire, list | tuple):
        return [checked(item) for item in wire]
    raise NotAValue(f"{type(wire).__name__} has no canonical form")


def _utf16(key: str) -> bytes:
    try:
        return key.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise NotAValue("a lone surrogate is not text") from error
