"""How a drawing should look: width, colour, how much detail. Not what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Detail(StrEnum):
    """``summary``: a line a group · ``compact``: what differs, long values elided · ``full``: everything."""

    SUMMARY = "summary"
    COMPACT = "compact"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    width: int = 80
    colour: bool = False
    detail: Detail = Detail.COMPACT
