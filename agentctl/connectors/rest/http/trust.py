"""Whom we believe to be the system, and what we say where we do not."""

from __future__ import annotations

import ssl

from agentctl.connectors import tls
from agentctl.connectors.rest.http.failed import NotSent

_EXPIRED, _NOT_YET, _WRONG_HOST, _WRONG_ADDRESS = 10, 9, 62, 64
_UNKNOWN = frozenset({18, 19, 20, 21})      # self-signed, or signed by nobody we know


def context(ca: str) -> ssl.SSLContext:
    """Return how to speak HTTP over TLS, trusting the machine's certificates or those in the file ``ca`` instead.

    Raises NotSent where that file cannot be used.
    """
    try:
        made = tls.context(ca)
    except tls.NoAuthority as error:
        raise NotSent("CA file not usable", f"{ca}: {error}.", passing=False) from error
    made.set_alpn_protocols(["http/1.1"])
    return made


def distrust(error: ssl.SSLError, host: str, ca: str) -> NotSent:
    """Return what to tell of a handshake that came to nothing."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return NotSent("No secure connection", f"{host}: the TLS handshake failed ({error.reason or 'cut off'}).")
    trusted = f"by {ca}" if ca else "by this machine"
    match error.verify_code:
        case code if code in _UNKNOWN:
            why = f"The certificate of {host} is signed by nobody who is trusted {trusted}."
            hint = "If it is your company's own, say `ca: FILE` with the certificate that signed it."
        case code if code == _EXPIRED:
            why, hint = f"The certificate of {host} has expired.", "Or the clock of this machine is wrong."
        case code if code == _NOT_YET:
            why, hint = f"The certificate of {host} is not valid yet.", "Or the clock of this machine is wrong."
        case code if code in {_WRONG_HOST, _WRONG_ADDRESS}:
            why, hint = f"The certificate shown is not for {host}.", "Something else answers at this address."
        case _:
            why, hint = f"The certificate of {host} is not valid ({error.verify_message}).", ""
    return NotSent("Certificate not trusted", why, hint=hint, passing=False)
