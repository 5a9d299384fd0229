"""Reads as one what a signature vouches for of a run; its lines are read when somebody asks. Other lines: ``chain``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentctl.facts import dataclass
from agentctl.model.canonical import digest_bytes
from agentctl.trace import checkpoint
from agentctl.trace.chain import Fault, Found, Link, TraceFile, link, walk_file
from agentctl.trace.checkpoint import Check, Checkpoint, NotACheckpoint
from agentctl.trace.record import RUN, Kind, NotARecord, Record, decode_signed
from agentctl.trace.vouched import signed

# Whoever looks back needs these without asking for the steps. Of canonical bytes nothing else says so; what says so
# elsewhere, in an argument, costs reading a line for nothing.
_MARKS = tuple(
    f'"{key}":"{value}"'.encode()
    for key, value in (
        ("kind", Kind.STEP_FAILED), ("kind", Kind.STEP_IN_DOUBT), ("kind", Kind.STEP_RESOLVED), ("status", "deviated")
    )
)


@dataclass(frozen=True)
class Stretch(Link):
    """The last of the lines that are vouched for, from the run's beginning on. It stands for them all.

    ``first`` is the first of them. ``marked`` are those between that tell of what went wrong, in order.
    """

    path: Path
    said: Checkpoint
    first: Record
    marked: tuple[Record, ...]

    def records(self) -> Iterator[Record]:
        """Yield the records, read anew. Raises NotARecord where the file is no longer what it was."""
        try:
            data = _beginning(self.path, self.said)
        except OSError as error:
            raise NotARecord(f"it cannot be read: {error.strerror}") from error
        if data is None:
            raise NotARecord("it is no longer what was signed")
        yield from map(decode_signed, data.split(b"\n")[:-1])


class Stretches:
    """Reads the files of a trace: of a run as one Stretch what was signed of it, by whom ``check`` knows; the rest line
    by line.

    Who signed a digest of a file's bytes had written, or told, every line of them; so what is left to be seen is that
    the bytes are those, and that they follow what is before them.
    """

    def __init__(self, checkpoints: Path, lineage: str, check: Check) -> None:
        self._checkpoints = checkpoints
        self._lineage = lineage
        self._check = check

    def __call__(
        self, folder: Path, file: TraceFile, before: Link | None, *, anchored: bool, newest: bool
    ) -> Iterator[Found]:
        said = self._said(file) if file.kind == RUN and anchored else None
        stretch = None if said is None else _stretch(folder, file, before, said)
        if stretch is not None:
            yield stretch
            before = stretch
        if stretch is None or stretch.said.interim:
            yield from walk_file(folder, file, before, anchored=anchored, newest=newest)

    def _said(self, file: TraceFile) -> Checkpoint | None:
        """Return what is signed of the file: of all of it, or of its beginning while it grows."""
        whole = signed(self._checkpoints, self._lineage, file, self._check)
        if whole is not None:
            return whole
        try:
            stored = checkpoint.interim(self._checkpoints, file.name)
            if stored is None or not self._check(*stored):
                return None
            said = checkpoint.decode(stored[0])
        except (OSError, NotACheckpoint):
            return None     # reading line by line needs none
        return said if said.interim and (said.lineage, said.file) == (self._lineage, file.name) else None


def _stretch(folder: Path, file: TraceFile, before: Link | None, said: Checkpoint) -> Stretch | None:
    """Return what was signed, or None where it is not what stands there, or does not follow ``before``."""
    path = folder / file.name
    try:
        data = _beginning(path, said)
    except OSError:
        return None
    if data is None or not data.endswith(b"\n"):
        return None
    end = data.index(b"\n")
    begins = link(file, 1, data[:end], end + 1, before, alone=False, read=decode_signed)
    if not isinstance(begins, Link):
        return None
    lines = data.count(b"\n")
    start = data.rfind(b"\n", 0, -1) + 1
    ends: Link | Fault = begins
    if lines > 1:
        ends = link(file, lines, data[start:-1], said.length, begins, alone=True, read=decode_signed)
    if not isinstance(ends, Link) or ends.head != said.as_head or said.seq - begins.record.seq + 1 != lines:
        return None
    try:
        marked = tuple(decode_signed(line) for line in _marked(data))
    except NotARecord:
        return None
    return Stretch(file, lines, ends.digest, ends.end, ends.record, path, said, begins.record, marked)


def _beginning(path: Path, said: Checkpoint) -> bytes | None:
    """Return the bytes that were signed, or None where others stand there, or where a closed file has more."""
    with path.open("rb") as opened:
        data = opened.read(said.length)
        if not said.interim and opened.read(1):
            return None
    return data if digest_bytes(data) == said.digest else None


def _marked(data: bytes) -> Iterator[bytes]:
    """Yield the lines, in order, of which it is known only by reading them whether they tell of something wrong."""
    starts: set[int] = set()
    for mark in _MARKS:
        found = data.find(mark)
        while found >= 0:
            starts.add(data.rfind(b"\n", 0, found) + 1)
            found = data.find(mark, data.find(b"\n", found))
    for start in sorted(starts - {0}):
        yield data[start : data.index(b"\n", start)]
