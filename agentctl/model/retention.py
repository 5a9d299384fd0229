"""How long things are kept, and what was dropped since, as the trace tells it. Decides nothing, drops nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from agentctl.facts import dataclass
from agentctl.model.duration import seconds, spoken
from agentctl.model.run import Act, History
from agentctl.patterns import regex

_KEEP = regex(r"[1-9][0-9]{0,5}[dhms]?")
EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Lasting:
    """Kept for so many seconds after it was last of use."""

    seconds: int

    def __str__(self) -> str:
        return spoken(self.seconds)


@dataclass(frozen=True)
class Newest:
    """Kept with so many of the newest runs."""

    runs: int

    def __str__(self) -> str:
        return f"{self.runs} runs" if self.runs != 1 else "1 run"


Keep: TypeAlias = Lasting | Newest | None
"""None keeps for ever."""


class Origin(StrEnum):
    """Who said how long things are kept."""

    FILE = "agentctl.yaml"
    OPTION = "--keep"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long packs of runs are kept, and changesets with what belongs to them."""

    packs: Keep = None
    changesets: Keep = None
    origin: Origin = Origin.FILE


def keep_from_wire(wire: str | int | None) -> Keep:
    """Return what ``90d`` or ``50`` means. Raises ValueError for anything else."""
    if wire is None:
        return None
    text = str(wire)
    if not _KEEP.fullmatch(text):
        raise ValueError(text)
    return Newest(int(text)) if text.isdecimal() else Lasting(seconds(text))


def cutoff(keep: Keep, history: History, now: datetime) -> datetime:
    """Return the moment before which nothing is young any more."""
    match keep:
        case None:
            return EVER
        case Lasting():
            span = timedelta(seconds=keep.seconds)
            return now - span if span < now - EVER else EVER
        case Newest():
            runs = history.runs
            return datetime.fromisoformat(runs[-keep.runs].started_at) if len(runs) >= keep.runs else EVER


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """That something was dropped: when and by whom, and under which retention."""

    at: str
    by: str
    keep: str

    @property
    def why(self) -> str:
        return f"was dropped by retention on {self.at[:10]}, by {self.by}"


def dropped(acts: Iterable[Act]) -> dict[str, Dropped]:
    """Return what was dropped last of each run (by its id) and changeset (by its digest), as far as told."""
    return {name: found for act in acts if act.kind == "gc" for name, found in _dropped(act)}


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What can be done no more with a run: steps to undo, going on with it."""

    steps: tuple[str, ...] = ()
    resume: bool = False


def lost(acts: Iterable[Act], run: str) -> Lost:
    """Return what all that was dropped has cost ``run``."""
    told = [loss for act in acts if act.kind == "gc" for loss in act.body["runs"] if loss["run"] == run]
    steps = dict.fromkeys(step for loss in told for step in loss["steps"])
    return Lost(steps=tuple(steps), resume=any(loss["resume"] for loss in told))


def _dropped(act: Act) -> Iterator[tuple[str, Dropped]]:
    body: Any = act.body
    for file in body["files"]:
        folder = file["path"].partition("/")[0]
        if folder == "changesets" or (folder == "packs" and not file["of"].startswith("sha256:")):
            keep = body["keep"]["changesets" if folder == "changesets" else "packs"]
            yield file["of"], Dropped(at=act.at, by=body["by"], keep=keep)
