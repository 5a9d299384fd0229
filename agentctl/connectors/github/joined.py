"""The manifest of GitHub, out of its parts: one file for each kind of record, with what can be done to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from agentctl.connectors.rest.load import judged
from agentctl.connectors.rest.manifest import Manifest
from agentctl.syntax.yaml import parse

_FOLDER = Path(__file__).with_name("manifest")
_HEAD = "github.yaml"


@cache
def manifest() -> Manifest:
    """Return what the parts say together. That it is right is for tests to see, not for each command."""
    return judged(joined())


def document() -> bytes:
    """Return the parts as the one document they are, as ``connectors check`` takes it."""
    return json.dumps(joined(), ensure_ascii=False).encode()


def joined() -> Mapping[str, Any]:
    """Return what the parts say, section by section. No name may stand in two."""
    whole = _part(_FOLDER / _HEAD)
    for path in sorted(_FOLDER.glob("*.yaml")):
        for section, named in _part(path).items() if path.name != _HEAD else ():
            known = whole.setdefault(section, {})
            if twice := known.keys() & named.keys():
                raise ValueError(f"{path.name} says {section}.{min(twice)} again")
            known.update(named)
    return whole


def _part(path: Path) -> dict[str, Any]:
    part = parse(path.read_bytes(), path.name)
    wire: dict[str, Any] = part.wire(part.value)
    return wire
