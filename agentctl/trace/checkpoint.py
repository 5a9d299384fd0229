"""The signed statement about a closed trace file: its head and length. How signing is done is ``identity``'s part."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from agentctl.model.canonical import canonical
from agentctl.model.state import Head
from agentctl.model.values import NotAValue
from agentctl.trace.lines import sync_folder

NAMESPACE = "agentctl-checkpoint"
"""The SSHSIG namespace: a signature made for anything else never passes for a checkpoint's."""

Sign: TypeAlias = Callable[[bytes], bytes]
"""Message to armored SSHSIG, in ``NAMESPACE``."""

Check: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether an armored signature over a message is good, in ``NAMESPACE``, by this lineage's key."""

_SUFFIX = ".json"
_SIGNATURE = ".json.sig"


class NotACheckpoint(ValueError):
    """A file that is not the canonical form of a checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """``head`` is the digest of the last line of ``file``, ``length`` the file's size in bytes."""

    lineage: str
    file: str
    seq: int
    head: str
    length: int
    time: str

    @property
    def as_head(self) -> Head:
        return Head(digest=self.head, seq=self.seq, file=self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a trace lives, for whom, and by whose signature its files are closed."""

    trace: Path
    checkpoints: Path
    lineage: str
    sign: Sign
    mode: int = 0o600


def encode(checkpoint: Checkpoint) -> bytes:
    """Return the bytes that are stored and signed."""
    return canonical({"kind": "Checkpoint", "version": 1, **asdict(checkpoint)})


def decode(data: bytes) -> Checkpoint:
    """Return the checkpoint whose stored bytes these are. Raises NotACheckpoint for anything else."""
    try:
        fields = json.loads(data)
        if canonical(fields) != data or (fields.pop("kind"), fields.pop("version")) != ("Checkpoint", 1):
            raise NotACheckpoint("it is not a checkpoint of version 1 in canonical form")
        checkpoint = Checkpoint(**fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, NotAValue) as error:
        raise NotACheckpoint("it is not a checkpoint of version 1 in canonical form") from error
    numbers, texts = (checkpoint.seq, checkpoint.length), (checkpoint.lineage, checkpoint.file, checkpoint.head)
    if not all(type(number) is int for number in numbers) or not all(isinstance(text, str) for text in texts):
        raise NotACheckpoint("a field has the wrong type")
    return checkpoint


def write(folder: Path, checkpoint: Checkpoint, sign: Sign, mode: int) -> None:
    """Store the statement and its signature durably. Safe to repeat for the same file."""
    statement = encode(checkpoint)
    signature = sign(statement)
    stem = checkpoint.file.removesuffix(".jsonl")
    for name, data in ((stem + _SUFFIX, statement), (stem + _SIGNATURE, signature)):
        _write_once(folder, name, data, mode)
    sync_folder(folder)


def statement(folder: Path, file: str) -> bytes | None:
    """Return the stored bytes of the checkpoint of a trace file, or None."""
    return _bytes(folder / (file.removesuffix(".jsonl") + _SUFFIX))


def signature(folder: Path, file: str) -> bytes | None:
    """Return the stored signature of the checkpoint of a trace file, or None."""
    return _bytes(folder / (file.removesuffix(".jsonl") + _SIGNATURE))


def files(folder: Path) -> set[str]:
    """Return the names of the trace files the folder says anything about, whatever else lies in it included."""
    return {
        entry.name.removesuffix(".sig").removesuffix(".json") + ".jsonl"
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if not (entry.name.startswith(".") and entry.name.endswith(".tmp"))
    }


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write_once(folder: Path, name: str, data: bytes, mode: int) -> None:
    temporary = folder / f".{name}.tmp"
    temporary.unlink(missing_ok=True)       # a dead writer's, perhaps another person's
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(folder / name)

