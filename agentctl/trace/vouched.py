"""Reads of a file whose every byte its signed checkpoint vouches for no more than its ends. Other files: ``chain``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from agentctl.trace import checkpoint
from agentctl.trace.chain import Found, Link, TraceFile, link, walk_file
from agentctl.trace.checkpoint import Check, Checkpoint, NotACheckpoint
from agentctl.trace.record import RUN
from agentctl.trace.tail import digest_of, last_line


class Vouching:
    """Reads the files of a trace. ``names`` are those it took at the word of a signature instead of line by line.

    Who closed such a file wrote or checked every line of it, and signed the digest of them all; so what is left to be
    seen is that the bytes are those, and that the file's ends join those of its neighbours. ``through`` are files to be
    read line by line all the same.
    """

    def __init__(self, checkpoints: Path, lineage: str, check: Check, through: frozenset[str]) -> None:
        self.names: set[str] = set()
        self._checkpoints = checkpoints
        self._lineage = lineage
        self._check = check
        self._through = through

    def __call__(
        self, folder: Path, file: TraceFile, before: Link | None, *, anchored: bool, newest: bool
    ) -> Iterator[Found]:
        said = None
        if file.kind == RUN and anchored and file.name not in self._through:
            said = signed(self._checkpoints, self._lineage, file, self._check)
        ends = None if said is None else _ends(folder, file, before, said)
        if ends is None:
            yield from walk_file(folder, file, before, anchored=anchored, newest=newest)
            return
        self.names.add(file.name)
        yield from ends


def signed(checkpoints: Path, lineage: str, file: TraceFile, check: Check) -> Checkpoint | None:
    """Return what is signed of a closed file, if that vouches for its bytes."""
    try:
        statement = checkpoint.statement(checkpoints, file.name)
        signature = checkpoint.signature(checkpoints, file.name)
        if statement is None or signature is None or not check(statement, signature):
            return None
        said = checkpoint.decode(statement)
    except (OSError, NotACheckpoint):
        return None     # reading line by line comes to the same place, and says what is wrong there
    ours = said.digest and not said.interim and (said.lineage, said.file) == (lineage, file.name)
    return said if ours else None


def _ends(folder: Path, file: TraceFile, before: Link | None, said: Checkpoint) -> tuple[Link, ...] | None:
    """Return the first and the last Link of a file that is what was signed of it; None where anything differs."""
    try:
        with (folder / file.name).open("rb") as opened:
            if os.fstat(opened.fileno()).st_size != said.length or digest_of(opened, said.length) != said.digest:
                return None
            first, last = _first(opened), last_line(opened.fileno(), said.length)
    except OSError:
        return None
    begins = link(file, 1, first, len(first) + 1, before, alone=False)
    if not isinstance(begins, Link):
        return None
    lines = said.seq - begins.record.seq + 1
    if lines == 1:
        return (begins,) if begins.head == said.as_head and begins.end == said.length else None
    ends = link(file, lines, last, said.length, begins, alone=True)
    return (begins, ends) if isinstance(ends, Link) and ends.head == said.as_head else None


def _first(opened: BinaryIO) -> bytes:
    opened.seek(0)
    return opened.readline().removesuffix(b"\n")
