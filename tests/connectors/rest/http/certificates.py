"""Certificates for tests: an authority of our own, and what it signs, good or bad."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = timedelta(days=1)
_SIGNS_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True, crl_sign=False, digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
)


class Authority:
    """Signs certificates below ``folder``; ``path`` is its own, for ``ca``."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.path = folder / "ca.pem"
        self.path.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def context(self, host="127.0.0.1", *, begins=-DAY, ends=DAY, trusted=True) -> ssl.SSLContext:
        """Return how a server speaks that shows a certificate for ``host``, self-signed where not ``trusted``."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            name = x509.IPAddress(ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        builder = self._builder("server", key, begins, ends, issuer="test authority" if trusted else "server")
        builder = (
            builder
            .add_extension(x509.SubjectAlternativeName([name]), False)
            .add_extension(_signed_with(self._key if trusted else key), False)
        )
        signed = builder.sign(self._key if trusted else key, hashes.SHA256())
        path = self.folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    @cached_property
    def _key(self):
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def _own(self):
        return (
            self._builder("test authority", self._key, -DAY, DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .add_extension(_SIGNS_CERTIFICATES, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
            .sign(self._key, hashes.SHA256())
        )

    def _builder(self, name, key, begins, ends, issuer="test authority"):
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
        )


def _signed_with(key):
    """Return what says which key signed: without it a strict reader, as Python 3.13 is by itself, trusts nobody."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
