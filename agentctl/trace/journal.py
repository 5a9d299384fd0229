"""The trace's only writer: a record is on disk before the deed it announces. Reading is ``chain``'s part."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from agentctl.errors import AgentctlError, Incomplete, Locked, Refused, Unwritable
from agentctl.facts import dataclass
from agentctl.model.canonical import digest_bytes
from agentctl.model.state import Head
from agentctl.trace import checkpoint
from agentctl.trace.chain import TraceFile
from agentctl.trace.checkpoint import Checkpoint, Places
from agentctl.trace.lines import Lines
from agentctl.trace.mend import Mended, mend, seal, statement_of
from agentctl.trace.record import FILE_KINDS, IN_ACTS, IN_RUNS, RUN, Kind, Record, encode, is_id, moment, timestamp
from agentctl.trace.tail import Tail, follow, newest

Clock: TypeAlias = Callable[[], datetime]

_RECORDS, _BYTES = 50, 1 << 18     # what a growing file may gain before its head is signed again
_SKEW = timedelta(minutes=2)        # what a clock may be behind the last record before a run refuses to start
_ENDINGS = frozenset(
    {Kind.STEP_FINISHED, Kind.STEP_FAILED, Kind.STEP_IN_DOUBT, Kind.STEP_SKIPPED, Kind.ESCALATION, Kind.RUN_FINISHED}
)


@dataclass(frozen=True, slots=True)
class _Written:
    """How far the trace goes, and the hash over all this file holds. One value: no signal ever comes between them."""

    end: Tail | None
    bytes: hashlib._Hash


class NotRecorded(Incomplete):
    """A record could not be made durable while a run was open. What it announces must not be done."""


class Journal:
    """Appends the records of one run or act to a file of its own, made with the first record.

    One process at a time writes a trace: hold the workspace's lock. A record returned with ``sync`` is durable, and so
    is all before it; one without rides along with the next that has it. After any failed write or sync nothing that
    was not returned may be believed, and what it announced must not be done.
    """

    @classmethod
    def open(cls, places: Places, kind: str, identifier: str, *, clock: Clock) -> Self:
        """Take up the trace at its end, first closing what a dead writer left open.

        Raises Tampered where the end is not what its checkpoint says, Locked where somebody is writing, Refused where
        the clock is behind the last record, Unwritable where the end cannot be mended. Makes no file yet.
        """
        if kind not in FILE_KINDS or not is_id(identifier):
            raise ValueError(f"{kind} {identifier} names no trace file")
        try:
            files = newest(places.trace, places.checkpoints)
            mended = mend(places, files, clock)
        except BlockingIOError as error:
            raise Locked("The trace is being written", f"Another process has {places.trace} open.") from error
        except OSError as error:
            raise _unwritable(places.trace, error) from error
        if kind == RUN:
            _check_clock(mended.end, clock())
        file = TraceFile(mended.number, kind, identifier)
        if any((other.kind, other.id) == (kind, identifier) for other in files):
            raise ValueError(f"{file.name}: the id is taken")
        return cls(places, file, mended, clock)

    def __init__(self, places: Places, file: TraceFile, mended: Mended, clock: Clock) -> None:
        self.file = file
        self._places = places
        self._clock = clock
        self._note = mended.note
        self._written = _Written(mended.end, hashlib.sha256())
        self._signed = 0 if mended.end is None else mended.end.record.seq, 0    # record and size last signed
        self._lines: Lines | None = None
        self._durable = False       # at least one record of this file
        self._closed = False
        self.signed: Checkpoint | None = None       # what was said of the whole file as it was closed

    @property
    def head(self) -> Head | None:
        """The trace's newest record, which this file need not hold yet."""
        return None if self._end is None else self._end.head

    def append(self, kind: Kind, body: Mapping[str, Any], *, sync: bool) -> Record:
        """Write one record; with ``sync`` return only when it is durable.

        Raises NotRecorded, or Unwritable where not even the first record came to be.
        """
        self._check_order(kind)
        prev, seq, time = follow(self._end)
        record = Record(
            seq=seq,
            time=timestamp(self._clock()) if kind is Kind.CLOCK else max(timestamp(self._clock()), time),
            kind=kind,
            prev=prev,
            run=self.file.id,
            body=body if self._note is None else {**body, "torn": self._note},
        )
        line = encode(record)
        try:
            if self._lines is None:
                self._lines = Lines.create(self._places.trace / self.file.name, self._places.mode)
            size = self._lines.append(line, at=self._size, last_words=kind in _ENDINGS)
            end = Tail(file=self.file, record=record, digest=digest_bytes(line), size=size, torn=0)
            self._written = _Written(end, _with(self._written.bytes, line))
            self._note = None
            if sync:
                self._lines.sync()
                self._durable = True
                self._sign_meanwhile(end)
        except OSError as error:
            raise self._failure(error) from error
        return record

    def close(self) -> Checkpoint | None:
        """Sign the file's head and length if the run or act is told to its end; else leave that to the next writer.

        So is a signature that cannot be written: what it would say is durable already.
        """
        lines, self._lines, self._closed = self._lines, None, True
        if lines is None:
            return None
        try:
            if self._end is None or not self._told or lines.failed:
                return None
            lines.sync()
            with suppress(OSError):
                lines.release_reserve()
                self.signed = seal(self._places, self._end, self._digest)
            return self.signed
        except OSError as error:
            raise self._failure(error) from error
        finally:
            with suppress(OSError):     # a reserve that stays is taken away by the next writer
                lines.close()

    def _sign_meanwhile(self, end: Tail) -> None:
        """Sign what is durable of a long run now and then, so that its beginning cannot be changed while it goes on."""
        records, size = self._signed
        if self._told or (end.record.seq - records < _RECORDS and end.size - size < _BYTES):
            return
        places, self._signed = self._places, (end.record.seq, end.size)
        said = statement_of(places, end, self._digest, interim=True)
        with suppress(OSError):     # the records are durable, and what cannot be said of them now is said next time
            places.tell(*checkpoint.write_interim(places.checkpoints, said, places.sign, places.mode))

    @property
    def _end(self) -> Tail | None:
        return self._written.end

    @property
    def _digest(self) -> str:
        return f"sha256:{self._written.bytes.hexdigest()}"

    @property
    def _size(self) -> int:
        return self._end.size if self._end is not None and self._end.file == self.file else 0

    @property
    def _told(self) -> bool:
        if self._end is None or self._end.file != self.file:
            return False
        return self.file.kind != RUN or self._end.record.kind is Kind.RUN_FINISHED

    def _check_order(self, kind: Kind) -> None:
        """A record in the wrong place would be a fault for every reader to come: it is never written."""
        first, run = self._size == 0, self.file.kind == RUN
        if self._closed or (run and self._told):
            raise ValueError(f"{self.file.name} is closed")
        if kind not in (IN_RUNS if run else IN_ACTS) or (run and first is not (kind is Kind.RUN_STARTED)):
            raise ValueError(f"`{kind}` has no place there in {self.file.name}")

    def _failure(self, error: OSError) -> AgentctlError:
        if isinstance(error, FileExistsError | BlockingIOError):
            return Locked("The trace is being written", f"Another process writes {self.file.name}.")
        if not self._durable or self.file.kind != RUN:
            return _unwritable(self._places.trace, error)
        return NotRecorded(
            "The trace could not be written",
            f"{self.file.name}: {error.strerror}. What was not recorded was not done.",
            hint="Make room or repair the disk, then go on with the run.",
            command=f"agentctl apply --resume {self.file.id}",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _with(seen: hashlib._Hash, line: bytes) -> hashlib._Hash:
    seen = seen.copy()
    seen.update(line + b"\n")
    return seen


def _check_clock(end: Tail | None, now: datetime) -> None:
    if end is not None and now < moment(end.record.time) - _SKEW:
        raise Refused(
            "The clock is behind the trace",
            f"The last record is of {end.record.time}, this machine says {timestamp(now)}. Consent and limits would be "
            "counted by a wrong clock.",
            hint="Set the clock, then try again.",
        )


def _unwritable(folder: Path, error: OSError) -> Unwritable:
    return Unwritable(
        "The trace could not be written",
        f"{folder}: {error.strerror}. Nothing was executed.",
        hint="Make room or repair the folder's permissions, then try again.",
    )
