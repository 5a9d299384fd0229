"""SSHSIG signatures (OpenSSH's PROTOCOL.sshsig): made here with Ed25519, checked for every kind of key ssh knows."""

from __future__ import annotations

import hashlib
from binascii import Error, a2b_base64, b2a_base64
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.errors import Unwritable
from agentctl.facts import dataclass

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_VERSION = bytes([0, 0, 0, 1])
_ED25519 = b"ssh-ed25519"
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}


class NotASignature(ValueError):
    """Text that is not an armored SSHSIG, or a public key line that is none."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What an SSHSIG says: by which key (its ssh wire form), for what use, over which hash."""

    public_key: bytes
    namespace: bytes
    hash: bytes
    signature: bytes

    @property
    def signed(self) -> str:
        """The signer's public key as ``ssh-ed25519 AAAA…``, claimed until the signature is verified."""
        kind, _ = _string(self.public_key)
        return f"{kind.decode()} {b2a_base64(self.public_key, newline=False).decode()}"


def public_key(seed: bytes, comment: str = "") -> str:
    """Return the public key line (``ssh-ed25519 AAAA… COMMENT``) of an Ed25519 seed."""
    line = f"{_ED25519.decode()} {b2a_base64(_public_blob(seed), newline=False).decode()}"
    return f"{line} {comment}" if comment else line


def sign(message: bytes, *, seed: bytes, namespace: str) -> bytes:
    """Return the armored signature of ``message`` by the Ed25519 key of ``seed``, good for ``namespace`` only."""
    raw = _private_key(seed).sign(_signed_bytes(message, namespace.encode(), b"sha512"))
    blob = (
        _MAGIC
        + _VERSION
        + _packed(_public_blob(seed), namespace.encode(), b"", b"sha512", _packed(_ED25519, raw))
    )
    text = b2a_base64(blob, newline=False).decode()
    rows = [text[start : start + 70] for start in range(0, len(text), 70)]
    return "\n".join([_BEGIN, *rows, _END, ""]).encode()


def verify(message: bytes, armored: bytes, *, public_key: str, namespace: str) -> bool:
    """Whether ``armored`` is a good signature of ``message`` by ``public_key`` for ``namespace``.

    Ed25519 is checked here; anything else by ``ssh-keygen -Y verify``. Raises Unwritable where that is not installed.
    """
    try:
        signature = parse(armored)
        expected = key_blob(public_key)
    except NotASignature:
        return False
    if signature.public_key != expected or signature.namespace != namespace.encode():
        return False
    if _string(expected)[0] != _ED25519:
        return _verify_by_ssh(message, armored, public_key, namespace)
    return _verify_ed25519(message, signature)


def parse(armored: bytes) -> Signature:
    """Return what an armored signature says, before any check of it. Raises NotASignature."""
    try:
        begin, *rows, end = armored.decode("ascii").removesuffix("\n").split("\n")
        text = "".join(rows)
        blob = a2b_base64(text, strict_mode=True)
        if (begin, end) != (_BEGIN, _END) or b2a_base64(blob, newline=False).decode() != text:
            raise NotASignature("it has no SSH SIGNATURE armor")
    except ValueError as error:
        raise NotASignature("it is not an armored signature") from error
    if blob[:10] != _MAGIC + _VERSION:
        raise NotASignature("it is not an SSHSIG of version 1")
    public, rest = _string(blob[10:])
    namespace, rest = _string(rest)
    _reserved, rest = _string(rest)
    hash_, rest = _string(rest)
    raw, rest = _string(rest)
    if rest or _reserved or hash_ not in _HASHES or not namespace:
        raise NotASignature("its fields are not those of version 1")
    return Signature(public_key=public, namespace=namespace, hash=hash_, signature=raw)


def key_blob(line: str) -> bytes:
    """Return the wire form of a public key line. Raises NotASignature where it is none."""
    words = line.split()
    try:
        blob = a2b_base64(words[1], strict_mode=True)
    except (IndexError, Error) as error:
        raise NotASignature("it is not a public key line") from error
    if _string(blob)[0] != words[0].encode():
        raise NotASignature("it is not a public key line")
    return blob


def _verify_ed25519(message: bytes, signature: Signature) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        _, rest = _string(signature.public_key)
        public, over = _string(rest)
        kind, rest = _string(signature.signature)
        raw, more = _string(rest)
        if kind != _ED25519 or over or more:
            return False
        signed = _signed_bytes(message, signature.namespace, signature.hash)
        Ed25519PublicKey.from_public_bytes(public).verify(raw, signed)
    except (NotASignature, InvalidSignature, ValueError):
        return False
    return True


def _verify_by_ssh(message: bytes, armored: bytes, public_key: str, namespace: str) -> bool:
    import subprocess
    import tempfile

    kind, blob = public_key.split()[:2]
    with tempfile.TemporaryDirectory(prefix="agentctl-") as folder:
        allowed, signature = f"{folder}/allowed", f"{folder}/signature"
        Path(allowed).write_text(f"signer {kind} {blob}\n")
        Path(signature).write_bytes(armored)
        command = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "signer", "-n", namespace, "-s", signature]
        try:
            done = subprocess.run(command, input=message, capture_output=True, check=False, timeout=30)
        except FileNotFoundError as error:
            raise Unwritable(
                "ssh-keygen is missing", f"A signature by a {kind} key is checked with it, and it is not on PATH."
            ) from error
    return done.returncode == 0


def _signed_bytes(message: bytes, namespace: bytes, hash_: bytes) -> bytes:
    return _MAGIC + _packed(namespace, b"", hash_, _HASHES[hash_](message).digest())


def _public_blob(seed: bytes) -> bytes:
    return _packed(_ED25519, _private_key(seed).public_key().public_bytes_raw())


@lru_cache(maxsize=4)       # a run signs every 50 records, and making the key takes as long as signing with it
def _private_key(seed: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)


def _packed(*strings: bytes) -> bytes:
    return b"".join(len(string).to_bytes(4, "big") + string for string in strings)


def _string(data: bytes) -> tuple[bytes, bytes]:
    """Split off the ssh string at the start of ``data``."""
    if len(data) < 4 or len(data) - 4 < (length := int.from_bytes(data[:4], "big")):
        raise NotASignature("it ends too early")
    return data[4 : 4 + length], data[4 + length :]
