"""What people signed and the trace records, checked again: overrides, reviews, rejections and lifted halts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.errors import AgentctlError, Unwritable
from agentctl.identity import sshsig
from agentctl.model import lifting, override, rejection, review
from agentctl.model.canonical import canonical, digest_bytes
from agentctl.model.values import NotAValue
from agentctl.trace.chain import Link
from agentctl.trace.record import Kind
from agentctl.workspace.workspace import Workspace

_NAMESPACES = {
    Kind.OVERRIDE: override.Statement.NAMESPACE,
    Kind.REVIEW: review.Statement.NAMESPACE,
    Kind.REJECT: rejection.Statement.NAMESPACE,
    Kind.UNHALT: lifting.Statement.NAMESPACE,
}


class Signatures:
    """Examines records that hold a person's signature.

    One that is not of what is recorded is a fault. Whose key it is by is compared with today's policy, and only noted:
    people come to have other keys.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.count = 0
        self.notes: dict[str, None] = {}        # in order, each once: what is broken is looked at again line by line
        self._workspace = workspace

    def __call__(self, link: Link) -> str:
        record = link.record
        namespace = _NAMESPACES.get(record.kind)
        signed = record.body.get("signed") if record.kind is Kind.UNHALT else record.body
        if namespace is None or signed is None:
            return ""
        try:
            statement, armored = signed["statement"], signed["signature"].encode()
            text, key = canonical(statement) + b"\n", sshsig.parse(armored).signed
            person = statement["person"]
        except (sshsig.NotASignature, NotAValue, ValueError, KeyError, TypeError, AttributeError):
            return f"the signature that its `{record.kind}` records cannot be read"
        try:
            good = sshsig.verify(text, armored, public_key=key, namespace=namespace)
        except Unwritable as error:
            self.notes[f"{link.file.name}:{link.line}: its signature was not checked: {error.detail}"] = None
            return ""
        if not good:
            return f"the signature that its `{record.kind}` records is not of what it says"
        if record.kind is not Kind.UNHALT and record.body.get("id") != digest_bytes(text):
            return f"its `{record.kind}` is recorded under the id of something else"
        self.count += 1
        self._compare(link, person, key)
        return ""

    def _compare(self, link: Link, person: str, key: str) -> None:
        try:
            keys = self._keys(person)
        except AgentctlError as error:
            self.notes[f"who signed what the trace records was not compared: {error.summary.lower()}"] = None
            return
        if sshsig.key_blob(key) not in keys:
            where = f"{link.file.name}:{link.line}"
            self.notes[f"{where}: what `{person}` signed is by a key that policy does not list for them now"] = None

    def _keys(self, person: str) -> set[bytes]:
        known: Mapping[str, Any] = self._workspace.policy.people
        return {sshsig.key_blob(line) for line in (known[person].keys if person in known else ())}
