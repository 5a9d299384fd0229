"""The one byte form of a JSON document (RFC 8785, without floats) and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from agentctl.model.values import SAFE_INTEGER, NotAValue

_FIRST_SURROGATE = "\ud800"


def canonical(wire: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON document. Raises NotAValue for floats, big integers and lone surrogates."""
    try:
        text = json.dumps(_checked(wire), ensure_ascii=False, separators=(",", ":"), check_circular=False)
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotAValue("a lone surrogate is not text") from error
    except RecursionError as error:
        raise NotAValue("nested too deeply") from error


def digest(wire: Any) -> str:
    """Return ``sha256:`` and the hex SHA-256 of the canonical bytes of ``wire``."""
    return digest_bytes(canonical(wire))


def digest_bytes(data: bytes) -> str:
    """Return ``sha256:`` and the hex SHA-256 of ``data``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _checked(wire: Any) -> Any:
    """Return ``wire`` with its mappings in RFC 8785 order: by UTF-16 code units, not by code points."""
    if isinstance(wire, str | bool) or wire is None:
        return wire
    if isinstance(wire, int):
        if not -SAFE_INTEGER <= wire <= SAFE_INTEGER:
            raise NotAValue("an integer beyond 2^53 travels as $int")
        return wire
    if isinstance(wire, dict):
        if not all(isinstance(key, str) for key in wire):
            raise NotAValue("a mapping's keys are strings")
        if all(key < _FIRST_SURROGATE for key in wire):
            return {key: _checked(wire[key]) for key in sorted(wire)}
        return {key: _checked(wire[key]) for key in sorted(wire, key=_utf16)}
    if isinstance(wire, list | tuple):
        return [_checked(item) for item in wire]
    raise NotAValue(f"{type(wire).__name__} has no canonical form")


def _utf16(key: str) -> bytes:
    try:
        return key.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise NotAValue("a lone surrogate is not text") from error
