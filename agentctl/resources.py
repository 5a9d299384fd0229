"""Finds the JSON Schemas, in a wheel as in a checkout; judging documents by them is ``syntax``'s part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agentctl.errors import Usage

_SUFFIX = ".schema.json"
_PACKAGE = Path(__file__).parent


def schema(name: str) -> dict[str, Any]:
    """Return the schema called ``name`` (``plan``, ``policy``…). Raises Usage, naming those that exist."""
    path = _folder() / f"{name}{_SUFFIX}"
    if "/" in name or not path.is_file():
        raise Usage("No such schema", f"There is no schema `{name}`.", hint=f"There are: {', '.join(schema_names())}.")
    loaded: dict[str, Any] = json.loads(path.read_bytes())
    return loaded


def schema_names() -> tuple[str, ...]:
    """Return the names ``schema`` knows, sorted."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in _folder().glob(f"*{_SUFFIX}")))


def _folder() -> Path:
    packaged = _PACKAGE / "_schemas"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "schemas"
