"""A document printed: drawn for people or as JSON, and into a file beside that where asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agentctl.cli.options import Format
from agentctl.cli.session import Session
from agentctl.views.look import Detail, Look

Draw = Callable[[Mapping[str, Any], Look], str]


def emit(
    document: Mapping[str, Any],
    draw: Draw,
    session: Session,
    *,
    format: Format = Format.TERMINAL,
    into: Path | None = None,
    detail: Detail = Detail.COMPACT,
) -> None:
    """Print ``document`` to stdout, drawn by ``draw`` or as it is; with ``into`` also write it there as JSON."""
    if into is not None:
        into.write_text(as_json(document), encoding="utf-8")
    if format is Format.JSON:
        sys.stdout.write(as_json(document))
    else:
        sys.stdout.write(draw(document, session.look(sys.stdout, detail)))


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=True, indent=2) + "\n"


def talk(text: str) -> None:
    """Say something to the person at the terminal, apart from the data on stdout."""
    sys.stderr.write(text)
    sys.stderr.flush()
