"""Which key is in force where in the trace, and whether this machine has it. Putting one in force is ``rotating``'s."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl import files
from agentctl.errors import Tampered, Unwritable
from agentctl.facts import dataclass, field
from agentctl.identity import keyring, keys, sshsig
from agentctl.identity.plans import fingerprint
from agentctl.identity.succession import KIND, NotASuccession, Succession, accepted
from agentctl.trace import checkpoint
from agentctl.trace.chain import TraceFile, parse_name
from agentctl.trace.record import Kind, NotARecord, Record, decode

if TYPE_CHECKING:
    from agentctl.workspace.workspace import Workspace

_LONGEST = 1 << 20


class Superseded(keys.NoKey):
    """The key on this machine was in force once, and another took its place."""


@dataclass
class KeyLine:
    """The keys of one lineage as its trace tells them: the first, and from which file on another took its place."""

    lineage: str
    first: str
    successions: dict[int, Succession] = field(default_factory=dict)

    @property
    def newest(self) -> str:
        return self.successions[max(self.successions)].new if self.successions else self.first

    @property
    def public_keys(self) -> tuple[str, ...]:
        """The public key lines in order."""
        return (self.first, *(one.new for one in self.told if one is not None))

    @property
    def told(self) -> tuple[Succession | None, ...]:
        """By what each of them came into force; the first by none."""
        return (None, *(self.successions[number] for number in sorted(self.successions)))

    def at(self, number: int) -> str:
        """Return the public key in force in the trace file of this number, the one that tells of it included."""
        numbers = sorted(self.successions)
        place = bisect_right(numbers, number)
        return self.successions[numbers[place - 1]].new if place else self.first

    def hear(self, file: TraceFile, line: int, record: Record) -> str:
        """Take up what a record says of the key; return in words what is wrong with it. Safe to repeat."""
        if record.kind is not Kind.KEY:
            return ""
        if file.kind != Kind.KEY or line != 1:
            return "a key is replaced in a file of its own, and there by its only record"
        try:
            old = self.at(file.number - 1)
            self.successions[file.number] = accepted(record.body, lineage=self.lineage, after=record.prev, old=old)
        except NotASuccession as error:
            return str(error)
        return ""

    def check(self, statement: bytes, armored: bytes) -> bool:
        """Whether a checkpoint is signed by the key in force in the file it speaks of."""
        try:
            file = parse_name(checkpoint.decode(statement).file)
        except checkpoint.NotACheckpoint:
            return False
        return file is not None and sshsig.verify(
            statement, armored, public_key=self.at(file.number), namespace=checkpoint.NAMESPACE
        )


def told(trace: Path, lineage: str) -> tuple[KeyLine | None, str]:
    """Return the keys that the trace tells of, as far as it can be told, and what is wrong there, if anything.

    None where nothing is told: there is no trace yet, or its beginning cannot be read. Reads only what tells of keys.
    """
    line: KeyLine | None = None
    for file in _telling(trace):
        try:
            with files.opened(trace / file.name) as opened:
                raw = opened.readline(_LONGEST)
            if file.kind == Kind.KEY and not raw.endswith(b"\n"):
                continue        # it is being written, or its writer died before it was told
            record = decode(raw.removesuffix(b"\n"))
            if file.kind == Kind.INIT:
                first = record.body["public_key"]
                if not (isinstance(first, str) and first.startswith(KIND)):
                    raise NotARecord("its `public_key` is none of a workspace")
                line = KeyLine(lineage, first)
            elif line is None or (why := line.hear(file, 1, record)):
                return line, f"{file.name}:1: {why if line else 'nothing tells of the key before it'}"
        except (OSError, NotARecord, KeyError) as error:
            return line, f"{file.name}:1: {error}"
    return line, ""


def in_force(key: keys.Key, path: Path, trace: Path, lineage: str) -> keys.Key:
    """Return ``key`` as it is in force: with its new roots, where the trace tells that they are.

    Raises Superseded where the trace tells of a later one, Tampered where it does not know this one.
    """
    line, wrong = told(trace, lineage)
    if wrong:
        raise Tampered(
            "The trace is damaged", f"{wrong}. Which key is in force cannot be told.", command="agentctl verify"
        )
    if line is None or line.newest == key.public_key:
        return key
    if key.successor is not None and line.newest == sshsig.public_key(key.successor.signing):
        return keyring.renewed(key)
    if (mine := key.public_key) in line.public_keys:
        replaced = next(one for one in line.successions.values() if one.old == mine)
        raise Superseded(
            "The workspace's key was replaced",
            f"That at {path} was in force until {replaced.time}, when {replaced.by} replaced it: {replaced.reason}",
            hint=f"Ask {line.successions[max(line.successions)].by} for the new key file, then:",
            command="agentctl key import --replace FILE",
        )
    raise Tampered(
        "The trace does not know the key",
        f"The key at {path}, {fingerprint(mine)}, came into force by no record of this trace: the trace was cut or is "
        "an older copy, or the key was made elsewhere.",
        command="agentctl verify",
    )


def take_up(workspace: Workspace) -> None:
    """Read the key anew: it may have been replaced while the lock was waited for. Hold the lock.

    Where its new roots came into force and who put them there died, they take their place in its file, and the old
    seed is gone.
    """
    workspace.forget_key()
    with suppress(keys.NoKey, Tampered):        # who needs the key asks for it, and is told then
        keys.clear(workspace.key_path)
        held, key = workspace.held_key, workspace.key
        if held is not key:
            settle(workspace, key)


def settle(workspace: Workspace, key: keys.Key) -> None:
    """Store ``key``, which the trace put in force. Where that fails the file still holds all of it, and is told of."""
    try:
        _sync(workspace.layout.trace)       # its writer may have died before it was durable, and the old seed goes now
        keys.replace(workspace.key_path, key)
    except (Unwritable, OSError) as error:
        workspace.tell(
            f"warning: The old key could not be taken out of its file\n  {error}\n"
            "  The new one is in force. The next run or act takes the old one out."
        )
    workspace.forget_key()


def _sync(trace: Path) -> None:
    *_, newest = _telling(trace)
    for path in (trace / newest.name, trace):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _telling(trace: Path) -> Iterator[TraceFile]:
    """Yield the files that tell of keys, in order."""
    with suppress(OSError):     # what is no folder tells of none, and is damage to whoever reads the trace
        found = (parse_name(os.fsencode(entry.name).decode(errors="replace")) for entry in trace.iterdir())
        telling = (
            file
            for file in found
            if file is not None and (file.kind == Kind.KEY or (file.kind == Kind.INIT and file.number == 1))
        )
        yield from sorted(telling, key=lambda file: (file.number, file.kind, file.id))
