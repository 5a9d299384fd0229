"""Signatures of plan files by the agents that wrote them. What a proven author may do is policy's part."""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Iterable

from agentctl.identity import sshsig
from agentctl.model.authorship import Signed

NAMESPACE = "agentctl-plan"
COMMAND = f"ssh-keygen -Y sign -n {NAMESPACE} -f KEY"
"""What an agent runs, with its plan file at the end: the signature then lies beside the plan."""


def signer(signed: Signed, keys: Iterable[str]) -> str:
    """Return which of the public key lines signed exactly these bytes, or nothing."""
    armored = signed.signature.encode()
    for key in keys:
        if sshsig.verify(signed.source, armored, public_key=key, namespace=NAMESPACE):
            return key
    return ""


def objection(signed: Signed, keys: Iterable[str]) -> str:
    """Return in words why no key of ``keys`` counts as having signed; to be asked where ``signer`` found none."""
    try:
        signature = sshsig.parse(signed.signature.encode())
    except sshsig.NotASignature:
        return "what lies beside it is not an ssh signature"
    if signature.namespace != NAMESPACE.encode():
        return "its signature is for another use than plans"
    by = _fingerprint(signature.public_key)
    if by in map(fingerprint, keys):
        return f"its signature by {by} is not of these bytes: the plan was changed after it was signed"
    return f"it is signed with {by}, which is no key of this agent"


def fingerprint(key: str) -> str:
    """Return the name ``ssh-keygen -l`` gives the key of a public key line: ``SHA256:…``; nothing where it is none."""
    try:
        return _fingerprint(sshsig.key_blob(key))
    except sshsig.NotASignature:
        return ""


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + b2a_base64(hashlib.sha256(blob).digest(), newline=False).decode().rstrip("=")
