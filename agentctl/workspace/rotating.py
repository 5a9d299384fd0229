"""``key rotate``: new roots to seal and sign with in the place of the old, told in the trace under both signatures."""

from __future__ import annotations

import socket

from agentctl.errors import Tampered
from agentctl.facts import dataclass, replace
from agentctl.identity import keyring, keys
from agentctl.identity.plans import fingerprint
from agentctl.identity.sshsig import public_key, sign
from agentctl.identity.succession import Succession, signed
from agentctl.identity.vault import Vault
from agentctl.trace import checkpoint
from agentctl.trace.checkpoint import Places
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind
from agentctl.workspace.halting import checked
from agentctl.workspace.lineage import new_id
from agentctl.workspace.succession import settle
from agentctl.workspace.unlocking import locked
from agentctl.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """Which record tells it, and the public keys before and after."""

    record: int
    old: str
    new: str


def rotate(workspace: Workspace, reason: str, *, compromised: bool) -> Rotated:
    """Replace the roots that seal and sign; ``compromised`` says that somebody else is held to have the old ones.

    The record is what puts the new ones in force: before it they lie beside the old in the key's file, after it the old
    seed is taken out. Raises Locked, Superseded, Unwritable, Tampered; then the old key is in force.
    """
    said = checked(reason)
    with locked(workspace, "", 0.0):
        ready = keyring.prepared(workspace.key)
        new = keyring.renewed(ready)
        keys.replace(workspace.key_path, ready)
        name = new_id(8)
        with Journal.open(_places(workspace, name, ready, new), Kind.KEY.value, name, clock=workspace.now) as journal:
            if journal.head is None:
                raise Tampered("The trace is damaged", "There is none, so nothing can tell of a new key.")
            succession = Succession(
                lineage=workspace.lineage,
                after=journal.head.digest,
                old=public_key(ready.signing),
                new=public_key(new.signing),
                sealing=Vault(new).key_id,
                compromised=compromised,
                by=workspace.person,
                host=socket.gethostname(),
                reason=said,
                time=workspace.timestamp(),
            )
            record = journal.append(Kind.KEY, signed(succession, old=ready.signing, new=new.signing), sync=True)
        settle(workspace, new)
    return Rotated(record=record.seq, old=succession.old, new=succession.new)


def words(rotated: Rotated, *, compromised: bool) -> str:
    """Return what was done and what is left to do, for the person who did it."""
    told = [
        f"The workspace's key is replaced, and record {rotated.record} says so.",
        f"  now     {fingerprint(rotated.new)}",
        f"  before  {fingerprint(rotated.old)}",
        "What was sealed before stays readable with the new key file. Keep a copy of it.",
        "Others who act here are refused until they have it. To hand it on:",
        "    agentctl key export -o ~/key.json",
        "There, it is taken in with:",
        "    agentctl key import --replace ~/key.json",
        "Who checks the trace from outside needs the new public key:",
        "    agentctl key export --public",
    ]
    if compromised:
        told += [
            "Whoever has the old key can read what was sealed with it, guess hidden values by",
            "trying them, and could have written anew what no witness had seen before this",
            "record. Change what those values give access to. docs/KEYS.md says more.",
        ]
    return "\n".join(told)


def _places(workspace: Workspace, name: str, old: keys.Key, new: keys.Key) -> Places:
    """The file that tells of the new key is closed with it; one that a dead writer left open, still with the old."""

    def by_place(message: bytes) -> bytes:
        own = checkpoint.decode(message).file.endswith(f"-{Kind.KEY}-{name}.jsonl")
        return sign(message, seed=(new if own else old).signing, namespace=checkpoint.NAMESPACE)

    return replace(workspace.places, sign=by_place)
