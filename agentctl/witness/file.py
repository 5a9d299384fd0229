"""A file elsewhere as a witness: a line for each checkpoint, only ever appended to."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from agentctl.errors import Rejected, Unreachable
from agentctl.facts import dataclass
from agentctl.model.canonical import canonical
from agentctl.witness.base import Attestation

_LARGEST = 256 * 2**20


@dataclass(frozen=True)
class FileWitness:
    """``path`` lies where whoever can change the workspace can't change it: another disk, an append-only mount."""

    path: Path

    @property
    def name(self) -> str:
        return f"file {self.path}"

    def keep(self, attestation: Attestation) -> None:
        line = canonical({"checkpoint": attestation.statement.decode(), "signature": attestation.signature.decode()})
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
            with os.fdopen(descriptor, "r+b", buffering=0) as file:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                end = _end(descriptor)
                if end == line + b"\n":
                    return
                # A line that a full disk cut short must not swallow this one.
                file.write((b"" if end.endswith(b"\n") or not end else b"\n") + line + b"\n")
                os.fsync(descriptor)
        except OSError as error:
            raise Unreachable("The witness could not be told", f"{self.path}: {error.strerror}.") from error

    def told(self) -> tuple[Attestation, ...]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                if os.fstat(descriptor).st_size > _LARGEST:
                    raise Rejected("The witness cannot be read", f"{self.path}: it has more than {_LARGEST} bytes.")
                lines = file.read().splitlines()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise Unreachable("The witness cannot be read", f"{self.path}: {error.strerror}.") from error
        return tuple(attestation for line in lines if (attestation := _attestation(line)) is not None)


def _attestation(line: bytes) -> Attestation | None:
    """Return what a line says; a line cut short says nothing, and the one after it says more."""
    try:
        said = json.loads(line)
        return Attestation(said["checkpoint"].encode(), said["signature"].encode())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _end(descriptor: int) -> bytes:
    """Return the last line, with its newline if it has one."""
    size = os.fstat(descriptor).st_size
    end = os.pread(descriptor, min(size, 1 << 16), max(0, size - (1 << 16)))
    return end[end.rfind(b"\n", 0, -1) + 1 :]
