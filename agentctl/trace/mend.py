"""Closes what a dead writer left open, so that the next one can go on. Refuses to touch a damaged trace."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from agentctl.facts import dataclass
from agentctl.files import sync_folder
from agentctl.model.canonical import digest_bytes
from agentctl.trace import checkpoint
from agentctl.trace.chain import TraceFile
from agentctl.trace.checkpoint import Checkpoint, Places
from agentctl.trace.lines import Lines
from agentctl.trace.record import RUN, Kind, Record, encode, timestamp
from agentctl.trace.tail import Tail, broken, check_beginning, follow, sealed, tail
from agentctl.trace.whole import digest_if_whole

_ABANDONED = "its process ended before it could finish"


@dataclass(frozen=True, kw_only=True)
class Mended:
    """The number of the next file, the end it follows, and what its first record must say of a torn line."""

    number: int
    end: Tail | None
    note: Mapping[str, Any] | None = None


def mend(places: Places, files: list[TraceFile], clock: Callable[[], datetime]) -> Mended:
    """Close the newest file if its writer didn't: torn line aside, an open run ``abandoned``, head signed.

    Raises BlockingIOError while its writer lives, Tampered where it is not what its checkpoint says.
    """
    if not files:
        return Mended(number=1, end=None)
    file = files[-1]
    lines = Lines.resume(places.trace / file.name)
    try:
        lines.release_reserve()     # the dead writer's: on a full disk it is what mending needs
        end = tail(places.trace, file)
        if end is None:
            return _without(lines, files, places)
        if sealed(places.checkpoints, end):
            checkpoint.drop_interim(places.checkpoints, file.name)
            return Mended(number=file.number + 1, end=end)
        check_beginning(places, file)
        note = _put_torn_aside(lines, end.size)
        if file.kind == RUN and end.record.kind is not Kind.RUN_FINISHED:
            end, note = _abandon(lines, end, note, clock), None
        lines.sync()
    finally:
        lines.close()
    seal(places, end, digest_if_whole(places, files))
    return Mended(number=file.number + 1, end=end, note=note)


def seal(places: Places, end: Tail, digest: str) -> Checkpoint:
    """Sign and store what the closed file is. ``digest`` is of bytes the caller wrote or checked all of; else empty."""
    closed = statement_of(places, end, digest)
    checkpoint.write(places.checkpoints, closed, places.sign, places.mode)
    checkpoint.drop_interim(places.checkpoints, closed.file)
    return closed


def statement_of(places: Places, end: Tail, digest: str, *, interim: bool = False) -> Checkpoint:
    return Checkpoint(
        lineage=places.lineage,
        file=end.file.name,
        seq=end.record.seq,
        head=end.digest,
        length=end.size,
        time=end.record.time,
        digest=digest,
        interim=interim,
    )


def _without(lines: Lines, files: list[TraceFile], places: Places) -> Mended:
    """The newest file never came to hold a record: take it away and go on after the one before it."""
    *before, file = files
    if checkpoint.statement(places.checkpoints, file.name) is not None:
        raise broken(file.name, "it was emptied after it was closed")
    check_beginning(places, file)
    end = tail(places.trace, before[-1]) if before else None
    if before and (end is None or not sealed(places.checkpoints, end)):
        raise broken(before[-1].name, "it has no signed checkpoint although a later file was begun")
    note = _put_torn_aside(lines, 0)
    lines.remove()
    return Mended(number=file.number, end=end, note=note)


def _put_torn_aside(lines: Lines, size: int) -> Mapping[str, Any] | None:
    """Copy what stands after the last whole line to ``….torn``, durably, then cut it off."""
    torn = lines.rest(size)
    if not torn:
        return None
    aside = _free_name(lines.path)
    with aside.open("xb") as file:
        os.fchmod(file.fileno(), lines.path.stat().st_mode & 0o777)
        file.write(torn)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(aside.parent)
    lines.cut(size)
    return {"file": aside.name, "bytes": len(torn), "sha256": digest_bytes(torn)}


def _free_name(path: Path) -> Path:
    aside, number = path.with_name(f"{path.name}.torn"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.torn.{number}")
    return aside


def _abandon(lines: Lines, end: Tail, note: Mapping[str, Any] | None, clock: Callable[[], datetime]) -> Tail:
    """Write the ``run_finished`` that the run's own process could not."""
    prev, seq, time = follow(end)
    body: dict[str, Any] = {"status": "abandoned", "counts": {}, "reason": _ABANDONED}
    record = Record(
        seq=seq,
        time=max(timestamp(clock()), time),
        kind=Kind.RUN_FINISHED,
        prev=prev,
        run=end.file.id,
        body=body if note is None else {**body, "torn": note},
    )
    line = encode(record)
    size = lines.append(line, at=end.size, last_words=True)
    return Tail(file=end.file, record=record, digest=digest_bytes(line), size=size, torn=0)
