"""By which public keys a trace is checked: those given or held here, and those they vouch for in turn."""

from __future__ import annotations

from pathlib import Path

from agentctl import files
from agentctl.errors import Tampered, Usage
from agentctl.facts import dataclass, replace
from agentctl.identity import keys
from agentctl.identity.keyring import public_keys
from agentctl.identity.plans import fingerprint
from agentctl.identity.sshsig import NotASignature, key_blob
from agentctl.trace.chain import Fault, Link
from agentctl.trace.checkpoint import Check
from agentctl.trace.verify import Grade, Verdict
from agentctl.workspace.succession import KeyLine, told
from agentctl.workspace.workspace import Workspace

_KIND = "ssh-ed25519"
_LARGEST = 1 << 20
_STOLEN = (
    "the key before file {number:06} was reported stolen: whoever had it could have written anew what no witness had "
    "seen by then"
)


@dataclass(frozen=True, kw_only=True)
class Anchored:
    """``line`` are the keys of the trace. Without ``check`` none is known from elsewhere to compare them with.

    Each key vouches for the one after it, and the later for all that stands before it. So one that is known makes all
    of them known; but each that is known must be there, or else a thief of an earlier one could tell another story.
    """

    line: KeyLine
    check: Check | None
    missing: tuple[str, ...]
    source: str

    def hear(self, link: Link) -> str:
        """Return what is wrong with a record that tells of a key."""
        return self.line.hear(link.file, link.line, link.record)

    def judged(self, verdict: Verdict) -> Verdict:
        """Return the verdict on a trace walked with ``check`` and ``hear``, with what its keys say of it."""
        if verdict.fault is not None:
            return verdict
        stolen = (number for number, one in sorted(self.line.successions.items()) if one.compromised)
        notes = (*verdict.notes, *(_STOLEN.format(number=number) for number in stolen))
        if not self.missing or verdict.head is None:
            return replace(verdict, notes=notes)
        name = fingerprint(self.missing[0])
        why = f"{self.source} {name}, which the trace never comes to: it was cut, or is an older copy"
        return replace(verdict, grade=Grade.BROKEN, fault=Fault(verdict.head.file, 0, why), notes=notes)


def anchored(workspace: Workspace, file: Path | None) -> Anchored:
    """Return how the trace is checked: by the keys in ``file`` where one is given, else by those of this machine."""
    known = _given(file) if file is not None else _own(workspace)      # before the trace, which may go on meanwhile
    line, _ = told(workspace.layout.trace, workspace.lineage)
    missing = tuple(key for key in known if line is not None and key not in line.public_keys)
    if line is None or (known and len(missing) == len(known)):      # then nothing it says of keys counts
        line = KeyLine(workspace.lineage, known[-1] if known else "")
    return Anchored(
        line=line,
        check=line.check if known else None,
        missing=missing,
        source="--key names" if file is not None else "this machine has the key",
    )


def _own(workspace: Workspace) -> tuple[str, ...]:
    try:
        return public_keys(workspace.held_key)
    except (keys.NoKey, Tampered):
        return ()


def _given(file: Path) -> tuple[str, ...]:
    """Return the public keys of a file of such lines, also with the name of a signer before each."""
    try:
        lines = files.read(file, _LARGEST).decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("The public key cannot be read", f"{file}: {error}.") from error
    found = []
    for line in lines:
        words = line.split("#")[0].split()
        if _KIND in words[:-1]:
            key = " ".join(words[words.index(_KIND) :][:2])
            try:
                key_blob(key)
            except NotASignature as error:
                raise Usage("The public key cannot be read", f"{file}: {error}.") from error
            found.append(key)
    if not found:
        raise Usage("The public key cannot be read", f"{file} has no line with an {_KIND} key.")
    return tuple(found)
