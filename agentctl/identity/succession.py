"""What says that one workspace key took another's place: signed by both. Where it stands in a trace is not its part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentctl.facts import dataclass
from agentctl.identity import sshsig
from agentctl.model.canonical import canonical
from agentctl.model.values import NotAValue

NAMESPACE = "agentctl-key"
"""The SSHSIG namespace: no signature made for anything else ever puts a key in force."""

KIND = "ssh-ed25519 "
"""What the line of a workspace's public key begins with. Others could only be checked by running a program."""

_FIELDS = {
    "kind", "version", "lineage", "after", "old", "new", "sealing", "compromised", "by", "host", "reason", "time",
}


class NotASuccession(ValueError):
    """A record that does not put a key in the place of the one before it. The text says why."""


@dataclass(frozen=True, kw_only=True)
class Succession:
    """``new`` is in force after ``old``, from the record on that follows ``after``, the digest of the one before it.

    ``old`` and ``new`` are public key lines, ``sealing`` is the id of the new key as packs name it. ``compromised`` is
    whether somebody else is held to have the old one.
    """

    lineage: str
    after: str
    old: str
    new: str
    sealing: str
    compromised: bool
    by: str
    host: str
    reason: str
    time: str

    @property
    def text(self) -> str:
        """The signed text: canonical JSON."""
        fields = {name: getattr(self, name) for name in sorted(_FIELDS - {"kind", "version"})}
        return canonical({"kind": "KeySuccession", "version": 1, **fields}).decode()


def signed(succession: Succession, *, old: bytes, new: bytes) -> dict[str, object]:
    """Return the body of the record that tells it, signed with the seeds of both keys."""
    text = succession.text
    return {
        "statement": text,
        "by_old": sshsig.sign(text.encode(), seed=old, namespace=NAMESPACE).decode(),
        "by_new": sshsig.sign(text.encode(), seed=new, namespace=NAMESPACE).decode(),
    }


def accepted(body: Mapping[str, Any], *, lineage: str, after: str, old: str) -> Succession:
    """Return what a record says that follows ``after`` while ``old`` was in force. Raises NotASuccession."""
    text, succession = _read(body)
    if succession.lineage != lineage:
        raise NotASuccession(f"it replaces a key of another lineage, {succession.lineage}")
    if succession.after != after:
        raise NotASuccession("the key was replaced after another record than the one before it")
    if succession.old != old:
        raise NotASuccession("it replaces another key than the one in force")
    if not succession.new.startswith(KIND):
        raise NotASuccession("the new key is of a kind that no workspace has")
    for name, key in (("old", succession.old), ("new", succession.new)):
        if not sshsig.verify(text, body[f"by_{name}"].encode(), public_key=key, namespace=NAMESPACE):
            raise NotASuccession(f"its key is not vouched for by the {name} one")
    return succession


def _read(body: Mapping[str, Any]) -> tuple[bytes, Succession]:
    try:
        text = body["statement"].encode()
        fields = json.loads(text)
        if canonical(fields) != text or fields.keys() != _FIELDS:
            raise NotASuccession("what it says of the key is not in canonical form")
        if (fields.pop("kind"), fields.pop("version")) != ("KeySuccession", 1):
            raise NotASuccession("what it says of the key is of another kind or version")
        if not all(isinstance(value, bool if name == "compromised" else str) for name, value in fields.items()):
            raise NotASuccession("a field of what it says of the key has the wrong type")
        body["by_old"].encode(), body["by_new"].encode()
        return text, Succession(**fields)
    except NotASuccession:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, NotAValue) as error:
        raise NotASuccession("what it says of the key cannot be read") from error
