"""The trace read and replayed, as far as it is intact."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from agentctl.facts import replace
from agentctl.model.run import History, StepRun
from agentctl.trace import checkpoint
from agentctl.trace.chain import Fault, Found, Link, ReadFile, parse_name, walk
from agentctl.trace.record import NotARecord
from agentctl.trace.replay import NotTold, Telling
from agentctl.trace.stretch import Stretch

_Stamp: TypeAlias = tuple[str, int, int, int]


_LONG = 1 << 18     # bytes from which on it takes less to check signatures than to read every line


class Reading:
    """The history of one folder, read again only once a file of the trace is no longer as it was.

    ``vouching`` is asked for what reads a long trace by the word of signatures.
    """

    def __init__(
        self, folder: Path, checkpoints: Path, vouching: Callable[[], ReadFile | None] = lambda: None
    ) -> None:
        self._folder = folder
        self._checkpoints = checkpoints
        self._vouching = vouching
        self._read: tuple[frozenset[_Stamp], History] | None = None
        self._known: dict[str, Mapping[str, StepRun]] = {}

    def know(self, digest: str, steps: Mapping[str, StepRun]) -> None:
        """Take the steps of a run from who wrote its file, the bytes of which have ``digest``, and need not read it."""
        self._known[digest] = steps

    def history(self) -> History:
        stamps = _stamps(self._folder)      # taken before reading: what is written meanwhile makes them old
        if self._read is None or self._read[0] != stamps:
            spoken_of = checkpoint.files(self._checkpoints)     # first: a file is there before its checkpoint
            history = read_history(self._folder, self._read_file(stamps), self._known)
            there = {name for name, *_ in stamps | _stamps(self._folder)}
            lost = (*_lost(there, spoken_of), *_cut(self._folder, self._checkpoints, there))
            self._read = (stamps, replace(history, damage=(*history.damage, *lost)))
        return self._read[1]

    def walk(self) -> Iterator[Found]:
        """Yield what the trace holds by now, in order: of a long one what is signed as one, and not each line of it."""
        return walk(self._folder, self._read_file(_stamps(self._folder)))

    def _read_file(self, stamps: Collection[_Stamp]) -> ReadFile | None:
        return self._vouching() if sum(size for _, _, size, _ in stamps) >= _LONG else None


def _lost(there: Collection[str], spoken_of: Collection[str]) -> list[str]:
    """Return what the trace cannot tell of itself: that it is gone, or that it ended later."""
    if not any(parse_name(name) for name in there):
        return ["trace: there is none, and every workspace's begins with its `init`"]
    return [f"{name}: a checkpoint speaks of it, but it is not there" for name in sorted({*spoken_of} - {*there})]


def _cut(folder: Path, checkpoints: Path, there: Collection[str]) -> list[str]:
    """Return that the newest file is not as long as when it was closed: nothing follows it that would show that."""
    newest = max((name for name in there if parse_name(name)), default="")
    try:
        stored = checkpoint.statement(checkpoints, newest) if newest else None
        if stored is None:
            return []
        said = checkpoint.decode(stored)
        size = (folder / newest).stat().st_size     # after the checkpoint: by then the file is as long as it ever gets
    except (OSError, checkpoint.NotACheckpoint):
        return []       # of which ``verify`` tells
    if said.file != newest or said.length == size:
        return []
    return [f"{newest}: it is not what its checkpoint says it was when it was closed"]


def _stamps(folder: Path) -> frozenset[_Stamp]:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    except OSError:
        return frozenset()
    return frozenset((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found)


def read_history(
    folder: Path, read: ReadFile | None = None, known: dict[str, Mapping[str, StepRun]] | None = None
) -> History:
    """Return what the trace in ``folder`` tells. Where it is damaged, what is intact, and where the damage is.

    ``read`` may bring stretches of it that somebody vouches for; their steps are told when they are asked for, unless
    they are ``known`` by the digest of their file.
    """
    telling = Telling(known={} if known is None else known)
    faults: list[Fault] = []
    broken_off = ""
    for found in walk(folder, read):
        match found:
            case Link() if found.file.name != broken_off:
                if fault := _heard(telling, found):
                    broken_off = found.file.name
                    faults.append(fault)
            case Fault():
                faults.append(found)
    damaged = {file.number for fault in faults if (file := parse_name(fault.file))}
    history = telling.history()
    return replace(
        history,
        runs=tuple(replace(run, complete=False) if run.number in damaged else run for run in history.runs),
        damage=tuple(f"{fault}: {fault.why}" for fault in faults),
    )


def _heard(telling: Telling, found: Link) -> Fault | None:
    """Take in what was found; return where it tells nothing, if anywhere."""
    number, line = found.file.number, found.line
    try:
        if not isinstance(found, Stretch):
            telling.hear(number, found.record)
            return None
        with suppress(NotTold):
            telling.defer(number, found)
            return None
        line = 0
        for record in found.records():
            line += 1
            telling.hear(number, record)
    except (NotTold, NotARecord) as error:
        return Fault(found.file.name, line, str(error))
    return None
