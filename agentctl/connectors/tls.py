"""TLS as we speak it to a system: its certificate is always verified, and no setting says otherwise."""

from __future__ import annotations

import ssl


class NoAuthority(Exception):
    """A file that should hold the certificate of an authority does not: why, as the end of a sentence."""


def context(ca: str) -> ssl.SSLContext:
    """Return how to speak TLS, trusting the machine's certificates or those in the file ``ca`` instead.

    Raises NoAuthority where that file cannot be used.
    """
    # Not ssl.create_default_context: it writes session keys to wherever SSLKEYLOGFILE points.
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not ca:
        made.load_default_certs()
        return made
    try:
        made.load_verify_locations(cafile=ca)
    except ssl.SSLError as error:
        raise NoAuthority("it holds no certificate") from error
    except OSError as error:
        raise NoAuthority(error.strerror or "it cannot be read") from error
    return made
