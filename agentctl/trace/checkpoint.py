"""The signed statement about a closed trace file: its head and length. How signing is done is ``identity``'s part."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from agentctl.facts import by_name, dataclass
from agentctl.files import read, sync_folder
from agentctl.model.canonical import canonical
from agentctl.model.state import Head
from agentctl.model.values import NotAValue
from agentctl.patterns import regex

NAMESPACE = "agentctl-checkpoint"
"""The SSHSIG namespace: a signature made for anything else never passes for a checkpoint's."""

Sign: TypeAlias = Callable[[bytes], bytes]
"""Message to armored SSHSIG, in ``NAMESPACE``."""

Check: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether an armored signature over a message is good, in ``NAMESPACE``, by this lineage's key."""

Tell: TypeAlias = Callable[[bytes, bytes], None]
"""Who hears of a statement and its signature."""

_SUFFIX = ".json"
_SIGNATURE = ".json.sig"
_INTERIM = ".interim"       # one file for statement and signature: it is replaced, and must never be half of each
_LARGEST = 1 << 20
_DIGEST = regex(r"sha256:[0-9a-f]{64}")


_KINDS = ("Checkpoint", "Interim")      # of a closed file, of one that still grows


class NotACheckpoint(ValueError):
    """A file that is not the canonical form of a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """``head`` is the digest of the last line of ``file``, ``length`` the file's size, ``digest`` that of its bytes.

    ``digest`` is empty where who signed had not seen every byte. An ``interim`` one speaks of a file that still grows,
    up to a line of it; it never passes for that of a closed file.
    """

    lineage: str
    file: str
    seq: int
    head: str
    length: int
    time: str
    digest: str = ""
    interim: bool = False

    @property
    def as_head(self) -> Head:
        return Head(digest=self.head, seq=self.seq, file=self.file)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a trace lives, for whom, and by whose signature its files are closed.

    ``tell`` hears of each interim checkpoint once it is stored. It must return at once and raise nothing.
    """

    trace: Path
    checkpoints: Path
    lineage: str
    sign: Sign
    mode: int = 0o600
    tell: Tell = lambda _statement, _signature: None


def encode(checkpoint: Checkpoint) -> bytes:
    """Return the bytes that are stored and signed."""
    fields = by_name(checkpoint)
    kind = _KINDS[fields.pop("interim")]
    if not checkpoint.digest:
        del fields["digest"]
    return canonical({"kind": kind, "version": 1, **fields})


def decode(data: bytes) -> Checkpoint:
    """Return the checkpoint whose stored bytes these are. Raises NotACheckpoint for anything else."""
    try:
        fields = json.loads(data)
        if canonical(fields) != data or (kind := fields.pop("kind")) not in _KINDS or fields.pop("version") != 1:
            raise NotACheckpoint("it is not a checkpoint of version 1 in canonical form")
        if "interim" in fields:
            raise NotACheckpoint("it has a field that no checkpoint has")
        checkpoint = Checkpoint(**fields, interim=bool(_KINDS.index(kind)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, NotAValue) as error:
        raise NotACheckpoint("it is not a checkpoint of version 1 in canonical form") from error
    numbers = checkpoint.seq, checkpoint.length
    texts = checkpoint.lineage, checkpoint.file, checkpoint.head, checkpoint.time
    if not all(type(number) is int for number in numbers) or not all(isinstance(text, str) for text in texts):
        raise NotACheckpoint("a field has the wrong type")
    if "digest" in fields and not (isinstance(checkpoint.digest, str) and _DIGEST.fullmatch(checkpoint.digest)):
        raise NotACheckpoint("its `digest` is not one")
    if checkpoint.interim and not checkpoint.digest:
        raise NotACheckpoint("it is interim and has no `digest`")
    return checkpoint


def write(folder: Path, checkpoint: Checkpoint, sign: Sign, mode: int) -> None:
    """Store the statement and its signature durably. Safe to repeat for the same file."""
    statement = encode(checkpoint)
    signature = sign(statement)
    stem = checkpoint.file.removesuffix(".jsonl")
    for name, data in ((stem + _SUFFIX, statement), (stem + _SIGNATURE, signature)):
        _write_once(folder, name, data, mode)
    sync_folder(folder)


def write_interim(folder: Path, checkpoint: Checkpoint, sign: Sign, mode: int) -> tuple[bytes, bytes]:
    """Store what a growing file holds so far, durably, in place of what was said before; return what was signed."""
    statement = encode(checkpoint)
    signature = sign(statement)
    both = canonical({"checkpoint": statement.decode(), "signature": signature.decode()})
    _write_once(folder, checkpoint.file.removesuffix(".jsonl") + _INTERIM, both, mode)
    sync_folder(folder)
    return statement, signature


def interim(folder: Path, file: str) -> tuple[bytes, bytes] | None:
    """Return the interim statement about a trace file, and its signature, or None. Raises NotACheckpoint."""
    data = _bytes(folder / (file.removesuffix(".jsonl") + _INTERIM))
    if data is None:
        return None
    try:
        both = json.loads(data)
        said = both["checkpoint"].encode(), both["signature"].encode()
        if canonical(both) != data or len(both) != len(said):
            raise NotACheckpoint("it is not an interim checkpoint in canonical form")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, NotAValue) as error:
        raise NotACheckpoint("it is not an interim checkpoint in canonical form") from error
    return said


def drop_interim(folder: Path, file: str) -> None:
    """Take away what was said of a file before it was closed. Syncs nothing: one that comes back is still true."""
    (folder / (file.removesuffix(".jsonl") + _INTERIM)).unlink(missing_ok=True)


def statement(folder: Path, file: str) -> bytes | None:
    """Return the stored bytes of the checkpoint of a trace file, or None."""
    return _bytes(folder / (file.removesuffix(".jsonl") + _SUFFIX))


def signature(folder: Path, file: str) -> bytes | None:
    """Return the stored signature of the checkpoint of a trace file, or None."""
    return _bytes(folder / (file.removesuffix(".jsonl") + _SIGNATURE))


def files(folder: Path) -> set[str]:
    """Return the names of the trace files the folder says anything about, whatever else lies in it included."""
    return {_file(name) for name in _names(folder)}


def closed(folder: Path) -> set[str]:
    """Return the same but for files of which only an interim checkpoint is there."""
    return {_file(name) for name in _names(folder) if not name.endswith(_INTERIM)}


def _names(folder: Path) -> list[str]:
    names = [entry.name for entry in (folder.iterdir() if folder.is_dir() else ())]
    return [name for name in names if not (name.startswith(".") and name.endswith(".tmp"))]


def _file(name: str) -> str:
    return name.removesuffix(_INTERIM).removesuffix(".sig").removesuffix(".json") + ".jsonl"


def _bytes(path: Path) -> bytes | None:
    try:
        return read(path, _LARGEST)
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

