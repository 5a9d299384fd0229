"""A file of a run or changeset as it is spoken of when it may be dropped. Which exist is ``store``'s part."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from agentctl.facts import dataclass


class Sort(StrEnum):
    """What a file is."""

    PACK = "pack"
    CHANGESET = "changeset"
    APPROVAL = "approval"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One file. ``of`` is the run of a pack, else a changeset's digest (of an approval only how it begins).

    ``stamp`` changes whenever the file is written anew.
    """

    path: str
    sort: Sort
    of: str
    bytes: int
    written: datetime
    stamp: tuple[int, int, int]
