"""What a lineage's key is for, besides signing: commitments, idempotency keys, sealed bytes."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Any

from agentctl.facts import dataclass
from agentctl.identity.keys import Key
from agentctl.model.canonical import canonical

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_NONCE = 12


class NotSealed(ValueError):
    """Bytes that this key did not seal in this context: another key, another place, or changed since."""


@dataclass(frozen=True)
class Vault:
    """Pure but for the nonce of ``seal``. Nothing it returns tells anything about the key."""

    key: Key

    @property
    def key_id(self) -> str:
        """A name for the key that tells nothing about it: which key a pack was sealed with."""
        return self.key_ids[0]

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The names of all keys whose sealed bytes this one opens, its own first."""
        return tuple(key_id(self.key.commitment, root) for root in self._roots)

    def commit(self, address: str, path: str, wire: Any) -> str:
        """Return ``hmac:…`` over address, path and value: equality is visible there, the value not guessable."""
        return "hmac:" + self._hmac("commitment", [address, path, wire]).hex()

    def idempotency_key(self, lineage: str, plan: str, step: str, repeat: int) -> str:
        """Return the key under which a step may act once, however often its plan is applied."""
        return self._hmac("idempotency", [lineage, plan, step, repeat]).hex()

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate ``data``; only the same ``context`` opens it."""
        nonce = os.urandom(_NONCE)
        return nonce + _cipher(self.key.encryption, context).encrypt(nonce, data, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed, with this key or one that it replaced. Raises NotSealed."""
        from cryptography.exceptions import InvalidTag

        for root in self._roots:
            try:
                return _cipher(root, context).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
            except (InvalidTag, ValueError):
                continue
        raise NotSealed("it was not sealed here with this key")

    @property
    def _roots(self) -> tuple[bytes, ...]:
        after = (self.key.successor.encryption,) if self.key.successor is not None else ()
        return (self.key.encryption, *(old.encryption for old in reversed(self.key.retired)), *after)

    def _hmac(self, purpose: str, content: Any) -> bytes:
        return hmac.digest(self.key.commitment, canonical([purpose, content]), "sha256")


def key_id(commitment: bytes, encryption: bytes) -> str:
    """Return the name of the key with these roots."""
    return hmac.digest(encryption, canonical(["key id", commitment.hex()]), "sha256").hex()[:16]


def _cipher(root: bytes, context: bytes) -> ChaCha20Poly1305:
    """A key of its own for every context, so that random nonces never have to last for long."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"agentctl seal 1\0" + context)
    return ChaCha20Poly1305(derive.derive(root))
