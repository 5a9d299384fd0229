"""How a drawing should look: width, colour, how much detail. Not what it says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass

_WIDTH = 80


class Detail(StrEnum):
    """``summary``: a line a group · ``compact``: what differs, long values elided · ``full``: everything."""

    SUMMARY = "summary"
    COMPACT = "compact"
    FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Look:
    width: int = _WIDTH
    colour: bool = False
    detail: Detail = Detail.COMPACT


def look_for(
    stream: Any, environ: Mapping[str, str], *, no_color: bool = False, detail: Detail = Detail.COMPACT
) -> Look:
    """Return the look that fits ``stream``: colour on a terminal only, unless ``environ`` asks otherwise."""
    return Look(width=_width(stream, environ), colour=_colour(stream, environ, no_color=no_color), detail=detail)


def _colour(stream: Any, environ: Mapping[str, str], *, no_color: bool) -> bool:
    if no_color or environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return _is_terminal(stream) and environ.get("TERM") != "dumb"


def _width(stream: Any, environ: Mapping[str, str]) -> int:
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return int(columns)
    if not _is_terminal(stream):
        return _WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WIDTH
    except (OSError, ValueError):       # a terminal that does not know its size
        return _WIDTH


def _is_terminal(stream: Any) -> bool:
    return bool(stream is not None and not stream.closed and stream.isatty())
