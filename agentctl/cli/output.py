"""A document printed: drawn for people or as JSON, and into a file beside that where asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agentctl.cli.session import Session
from agentctl.views.emit import Format, save_json, write
from agentctl.views.emit import emit as emit_to
from agentctl.views.look import Detail, Look


def emit(
    document: Mapping[str, Any],
    draw: Callable[[Mapping[str, Any], Look], str],
    session: Session,
    *,
    format: Format = Format.TERMINAL,
    into: Path | None = None,
    detail: Detail = Detail.COMPACT,
    quiet: bool = False,
) -> None:
    """Print ``document`` to stdout, drawn or as it is, unless ``quiet``; write it as JSON ``into`` a file."""
    if into is not None:
        save_json(document, into)
    if quiet:
        return
    emit_to(document, draw, format, sys.stdout, session.look(sys.stdout, detail))


def talk(text: str) -> None:
    """Say something to the person at the terminal, apart from the data on stdout."""
    write(text, sys.stderr)
