"""Connector manifests as files: reads one, and the description it is held against. Needs no workspace."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentctl.errors import Invalid
from agentctl.files import read
from agentctl.model.diagnostic import Diagnostic

_LARGEST = 4 * 1024 * 1024
_DESCRIPTION = 64 * 1024 * 1024


def examined(manifest: Path, openapi: Path | None) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a manifest. Raises Invalid where a file cannot be read."""
    from agentctl.connectors.rest.load import examine

    data = _bytes(manifest, _LARGEST)
    return examine(data, str(manifest), None if openapi is None else _described(openapi))


def drafted(name: str, openapi: Path, include: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the text of a manifest drafted from a description, and what was left out and why, in foreign words."""
    from agentctl.connectors.rest.draft_text import text
    from agentctl.connectors.rest.drafting import draft
    from agentctl.connectors.rest.load import examine

    description = _described(openapi)
    made = draft(name, description, include)
    written = text(made)
    if problems := examine(written.encode(), f"{name}.yaml", description):
        raise Invalid("Draft not valid", f"What this description says cannot be drafted: {problems[0].detail}")
    return written, made.left_out


def save_new(text: str, path: Path) -> None:
    """Write a file that was not there. Raises Invalid where something is."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        detail = f"{path} is there already, and stays as it is."
        raise Invalid("File exists", detail, hint="Name another file.") from error
    except OSError as error:
        raise Invalid("File not writable", f"{path}: {error.strerror}.") from error


def _described(path: Path) -> Mapping[str, Any]:
    data = _bytes(path, _DESCRIPTION)
    found = _json(path, data) if data.lstrip()[:1] == b"{" else _yaml(path, data)
    if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
        raise Invalid("Description not usable", f"{path} is no OpenAPI description: it has no `paths`.")
    return found


def _json(path: Path, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Invalid("Description not usable", f"{path} is not JSON.") from error


def _yaml(path: Path, data: bytes) -> Any:
    from agentctl.syntax.yaml import parse

    return parse(data, str(path)).value


def _bytes(path: Path, most: int) -> bytes:
    try:
        return read(path, most)
    except OSError as error:
        raise Invalid("File not readable", f"{path}: {error.strerror}.") from error
