"""The one place that is ever contacted, and how to get there. Connects to nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from urllib.parse import parse_qsl

from agentctl.connectors.rest.http.authorization import BEARER, Authorization
from agentctl.connectors.rest.http.paths import fault
from agentctl.connectors.rest.http.proxy import Proxy, proxy_for
from agentctl.errors import Invalid, Rejected
from agentctl.facts import dataclass

_URL = re.compile(r"(https?)://([^/?#@%\\\s]*?)(?::([0-9]{1,5}))?(/[^?#\\\s]*)?", re.IGNORECASE)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """``path`` has no slash at its end. ``ca`` is a file of certificates trusted instead of the machine's own."""

    scheme: str
    host: str
    port: int
    path: str = ""
    ca: str = ""
    proxy: Proxy | None = None
    authorization: Authorization = BEARER

    @classmethod
    def at(
        cls,
        url: str,
        *,
        ca: str = "",
        proxy: str = "",
        environ: Mapping[str, str],
        authorization: Authorization = BEARER,
    ) -> Endpoint:
        """Return the endpoint at a base URL. Raises Invalid where it is no place to send a token to.

        ``proxy`` is a URL, ``none``, or empty for what ``environ`` says (``HTTPS_PROXY``, ``NO_PROXY``).
        """
        scheme, host, port, path = _parts(url)
        if scheme == "http" and not is_loopback(host):
            raise Invalid(
                "Address not secure",
                f"{scheme}://{host} is not encrypted: token and records could be read and changed on the way.",
                hint="Use https. Plain http is for 127.0.0.1, [::1] and localhost.",
            )
        # What the environment says is for hosts out there: a proxy's loopback is not ours.
        direct = scheme == "http" or (is_loopback(host) and not proxy)
        return cls(
            scheme=scheme, host=host, port=port, path=path.rstrip("/"), ca=ca,
            proxy=None if direct else proxy_for(host, port, proxy, environ), authorization=authorization,
        )

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def inside(self, link: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return path and query of a link the system gave (``next``, ``Location``), as a Request takes them.

        Raises Rejected where it leads anywhere but below this endpoint's path, whatever it is written like.
        """
        text = link if "://" in link else f"{self.scheme}://{self.authority}{link}" if link.startswith("/") else ""
        place, _, rest = text.partition("?")
        query = rest.partition("#")[0]
        try:
            scheme, host, port, path = _parts(place.partition("#")[0])
        except Invalid:
            raise self._elsewhere() from None
        below = path.startswith(f"{self.path}/") or path == self.path
        if (scheme, host, port) != (self.scheme, self.host, self.port) or not below:
            raise self._elsewhere()
        try:
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
        except ValueError as error:
            raise Rejected("Link malformed", "The query of a link the system gave cannot be read.") from error
        return path.removeprefix(self.path) or "/", tuple(pairs)

    def _elsewhere(self) -> Rejected:
        return Rejected("Link leads elsewhere", f"The system named an address that is not below {self.url}.")


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its very name; what a name resolves to is checked when connecting."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _parts(url: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port and path. Raises Invalid for every other part and every second way to write these."""
    found = _URL.fullmatch(url) if url.isascii() else None
    if found is None:
        raise Invalid(
            "Address malformed",
            "A base URL is https://HOST[:PORT][/PATH]: no login, no query, no fragment, no backslash, "
            "and letters of ASCII only (a name in other letters is written xn--…).",
        )
    scheme, host, port, path = found[1].lower(), found[2].lower(), found[3], found[4] or ""
    if path and (why := fault(path)):
        raise Invalid("Address malformed", f"The path of the base URL {why}")
    number = int(port) if port else _PORTS[scheme]
    if not 0 < number < 65536:
        raise Invalid("Address malformed", f"There is no port {number}.")
    return scheme, _host(host), number, path


def _host(host: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        try:
            return str(IPv6Address(host[1:-1]))
        except AddressValueError as error:
            raise Invalid("Address malformed", f"{host} is not an address of IPv6.") from error
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise Invalid("Address malformed", f"{host!r} is not the name of a host.")
    # 2130706433, 0x7f.1 and 127.1 are all 127.0.0.1 to a resolver: what looks like a number must be a whole address.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
        try:
            return str(IPv4Address(host))
        except AddressValueError as error:
            raise Invalid("Address malformed", f"{host} is not an address of IPv4.") from error
    return host
