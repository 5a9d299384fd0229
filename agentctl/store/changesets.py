"""ChangeSets on disk: JSON Lines, found by digest, believed only when every byte still has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentctl.errors import Tampered, Usage
from agentctl.facts import dataclass
from agentctl.files import opened
from agentctl.model.canonical import canonical, digest, digest_bytes
from agentctl.model.change import Change, change_from_wire, change_to_wire
from agentctl.model.changeset import ChangeSet, Purpose, SystemIdentity, header, header_to_wire
from agentctl.model.edit import original
from agentctl.model.plan import plan_from_wire
from agentctl.model.values import NotAValue
from agentctl.patterns import regex
from agentctl.store import atomic

_LONGEST_LINE = 1 << 28
_PROOF = b'{"proof":'
_DIGEST = regex(r"(?:sha256:)?([0-9a-f]{4,64})")


@dataclass(frozen=True)
class ChangeSets:
    """The changesets of a workspace, each under its digest."""

    folder: Path
    mode: int = 0o600

    def save(self, changeset: ChangeSet) -> Path:
        """Store the changeset durably and return where. A damaged one under its digest is thereby replaced."""
        path = self.folder / f"{changeset.digest.removeprefix('sha256:')}.jsonl"
        write(path, changeset, self.mode)
        return path

    def load(self, name: str) -> ChangeSet:
        """Return the changeset of a digest, a unique beginning of one, or a file. Raises Usage, or Tampered."""
        stored = self._stored(name)
        if stored is None:
            if not Path(name).is_file():
                raise Usage("No such changeset", f"`{name}` is neither the digest of a stored changeset nor a file.")
            return read(Path(name))
        changeset = read(stored)
        if changeset.digest.removeprefix("sha256:") != stored.stem:
            raise _tampered(stored, "it holds another changeset than its name says")
        return changeset

    def has(self, name: str) -> bool:
        """Whether ``name`` is the digest of a stored changeset, or a unique beginning of one. Raises Usage."""
        return self._stored(name) is not None

    def digests(self) -> list[str]:
        """Return the digests of all stored changesets."""
        return sorted(f"sha256:{path.stem}" for path in self.folder.glob("*.jsonl") if len(path.stem) == 64)

    def _stored(self, name: str) -> Path | None:
        matched = _DIGEST.fullmatch(name)
        if matched is None:
            return None
        paths = sorted(self.folder.glob(f"{matched[1]}*.jsonl"))
        if len(paths) > 1:
            which = ", ".join(path.stem[:16] for path in paths[:5])
            raise Usage("The digest is not unique", f"`{name}` begins {len(paths)} stored changesets: {which}.")
        return paths[0] if paths else None


def write(path: Path, changeset: ChangeSet, mode: int) -> None:
    """Write the changeset to a file of its own (``plan -o FILE``)."""
    atomic.replace(path, encode(changeset), mode)


def encode(changeset: ChangeSet) -> Iterator[bytes]:
    """Yield the lines: the header with its digests, then a change each."""
    digests = {"effects": changeset.effects, "digest": changeset.digest}
    yield header(changeset, {**digests, "changes": len(changeset.changes)}) + b"\n"
    for line in changeset.lines:
        yield line + b"\n"
    if changeset.proof:
        yield canonical({"proof": changeset.proof}) + b"\n"


def read(path: Path) -> ChangeSet:
    """Return the changeset a file holds. Raises Tampered unless its content has the digest it states, or Usage."""
    try:
        with opened(path) as file:
            return _decode(path, iter(lambda: file.readline(_LONGEST_LINE), b""))
    except FileNotFoundError as error:      # dropped by a gc since it was found
        raise Usage("No such changeset", f"{path} is gone.") from error
    except OSError as error:
        raise Tampered("The changeset cannot be read", f"{path}: {error.strerror}.") from error


def is_changeset(path: Path) -> bool:
    """Whether a file begins as a changeset's does, and not as a plan's; whether it is whole is ``read``'s part."""
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


_BEGINNING = b'{"changes":'     # the first key of a header in canonical order; no plan has it


def _decode(path: Path, lines: Iterator[bytes]) -> ChangeSet:
    header = _object(path, 1, next(lines, b""))
    try:
        stated = {name: header.pop(name) for name in ("effects", "digest", "changes")}
        changes: list[Change] = []
        digests: list[str] = []
        proof = ""
        for number, line in enumerate(lines, start=2):
            if proof:
                raise _tampered(path, f"line {number} comes after the last one")
            if line.startswith(_PROOF):
                proof = _proof(path, number, line)
                continue
            changes.append(_change(path, number, line))
            digests.append(digest_bytes(line[:-1]))
        changeset = _changeset(header, tuple(changes), proof)
        original(changeset.plan)
        effects = digest(digests)
        found = {"effects": effects, "digest": digest({**header, "effects": effects}), "changes": len(changes)}
        if header_to_wire(changeset) != header:
            raise _tampered(path, "its first line does not have the fields of a changeset")
    except (NotAValue, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _tampered(path, "it does not have the form of a changeset") from error
    if found != stated:
        raise _tampered(path, f"its content has digest {found['digest']}, and it states {stated['digest']}")
    return changeset


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """Return the object a whole canonical line holds; that it is canonical makes its bytes what was digested."""
    try:
        wire = json.loads(line)
        whole = isinstance(wire, dict) and canonical(wire) + b"\n" == line
    except (ValueError, RecursionError) as error:
        raise _tampered(path, f"line {number} is not whole") from error
    if not whole:
        raise _tampered(path, f"line {number} is not whole or not in canonical form")
    loaded: dict[str, Any] = wire
    return loaded


def _change(path: Path, number: int, line: bytes) -> Change:
    wire = _object(path, number, line)
    change = change_from_wire(wire)
    if change_to_wire(change) != wire:
        raise _tampered(path, f"line {number} does not have the fields of a change")
    return change


def _proof(path: Path, number: int, line: bytes) -> str:
    """Return what the last line of a signed plan's changeset holds; whether it proves anything is not asked here."""
    wire = _object(path, number, line)
    if wire.keys() != {"proof"} or not isinstance(wire["proof"], str) or not wire["proof"]:
        raise _tampered(path, f"line {number} does not have the fields of a proof")
    return wire["proof"]


def _changeset(header: Mapping[str, Any], changes: tuple[Change, ...], proof: str) -> ChangeSet:
    if (header["version"], header["kind"]) != (1, "ChangeSet"):
        raise ValueError(header["kind"])
    return ChangeSet(
        lineage=header["lineage"],
        tenant=header["tenant"],
        environment=header["environment"],
        purpose=Purpose(header["purpose"]),
        plan=plan_from_wire(header["plan"]),
        policy=header["policy"],
        specs=header["specs"],
        systems={name: SystemIdentity(**system) for name, system in header["systems"].items()},
        changes=changes,
        undoes=header["undoes"],
        repeat=header["repeat"],
        signed_by=header.get("signed_by", ""),
        proof=proof,
    )


def _tampered(path: Path, why: str) -> Tampered:
    return Tampered(
        "The changeset is damaged or was edited",
        f"{path}: {why}. Nothing was executed.",
        hint="Plan again: the same effects have the same digest, so consent given to them stays good.",
    )
