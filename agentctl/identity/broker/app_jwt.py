"""How a GitHub App says that it is itself: a JWT, signed with its key, good for minutes. Sends nothing."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import datetime

from agentctl.errors import Rejected

_BEFORE = 60        # seconds our clock may be ahead of the system's
_AFTER = 480        # seconds it is good for; ten minutes are the most GitHub takes, and our clock may be ahead


def app_jwt(app: str, pem: str, now: datetime) -> str:
    """Return the assertion that we are ``app``. Raises Rejected, which holds nothing of the key, where it can't be."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except Exception:       # noqa: BLE001  # not chained: it may quote the key
        raise _unfit("it is no unencrypted private key in PEM") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise _unfit("it is no RSA key of 2048 bits or more")
    at = int(now.timestamp())
    parts = ({"alg": "RS256", "typ": "JWT"}, {"iat": at - _BEFORE, "exp": at + _AFTER, "iss": app})
    text = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{text}.{_encoded(key.sign(text.encode(), PKCS1v15(), SHA256()))}"


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _unfit(why: str) -> Rejected:
    return Rejected("Key of the GitHub App not usable", f"What stands for the App's private key: {why}.")
