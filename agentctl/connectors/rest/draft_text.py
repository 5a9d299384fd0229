"""A drafted manifest as the text people go on writing. What it holds of others stands in quotes, never in a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agentctl.connectors.rest.drafting import Draft, Place

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_KEY: Final = re.compile(r"[$A-Za-z_][A-Za-z0-9_.-]*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "none"})
_WIDE = 100
_HEAD = """\
# A draft. What follows a line that says `check` is a guess, and the careful one: look it up and correct it.
# Then: agentctl connectors check FILE --openapi DESCRIPTION
"""


def text(draft: Draft) -> str:
    """Return the manifest as YAML, each guess with its comment."""
    return _HEAD + "".join(f"{line}\n" for line in _block(draft.wire, (), draft.comments))


def _block(part: Mapping[str, Any], place: Place, comments: Mapping[Place, str]) -> Iterator[str]:
    for key, value in part.items():
        here = (*place, key)
        margin = "  " * len(place)
        if (comment := comments.get(here)) is not None:
            yield f"{margin}# {comment}"
        line = f"{margin}{_key(key)}: {_flow(value)}"
        opened = isinstance(value, dict) and value and (
            len(line) > _WIDE or len(place) < 2
            or any(other[:len(here)] == here and other != here for other in comments)
        )
        if opened:
            yield f"{margin}{_key(key)}:"
            yield from _block(value, here, comments)
        elif len(line) > _WIDE and isinstance(value, list):
            yield f"{margin}{_key(key)}:"
            yield from (f"{margin}  - {_flow(one)}" for one in value)
        else:
            yield line


def _flow(value: Any) -> str:
    match value:
        case Mapping():
            return "{" + ", ".join(f"{_key(key)}: {_flow(one)}" for key, one in value.items()) + "}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str() if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
    return json.dumps(value)


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) and key.lower() not in _WORDS else json.dumps(key)
