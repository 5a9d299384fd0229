"""Which proxy stands between us and a host, from a setting or the environment. Connects to nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import unquote

from agentctl.errors import Invalid
from agentctl.facts import dataclass, field

_URL = re.compile(
    r"(?:([a-z0-9]+)://)?(?:([^@/\s]*)@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?/?", re.IGNORECASE
)
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy that passes bytes on after CONNECT: it sees the name of the host, and nothing of what is said."""

    host: str
    port: int
    login: str = field(default="", repr=False)      # what Proxy-Authorization says, ready to send

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def proxy_for(host: str, port: int, setting: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy to an https host. Raises Invalid where the one that is named cannot be used."""
    if setting:
        return None if setting == NONE else _parse(setting, "`proxy`")
    name = next((name for name in ("HTTPS_PROXY", "https_proxy") if environ.get(name)), "")
    if not name or _direct(host, port, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    return _parse(environ[name], name)


def _parse(url: str, source: str) -> Proxy:
    found = _URL.fullmatch(url.strip())
    if found is None or not url.isascii():
        raise Invalid("Proxy malformed", f"{source} is not http://HOST:PORT.")
    scheme, login, host, port = found.groups()
    if (scheme or "http").lower() != "http":
        raise Invalid(
            "Proxy not supported", f"{source} names a proxy of kind {scheme}; agentctl speaks to http:// ones only.",
            hint="The way to the system itself stays encrypted through such a proxy.",
        )
    number = int(port) if port else 80
    if not 0 < number < 65536:
        raise Invalid("Proxy malformed", f"{source} names the port {number}, which does not exist.")
    words = f"Basic {b64encode(unquote(login).encode()).decode()}" if login else ""
    return Proxy(host=host.strip("[]").lower(), port=number, login=words)


def _direct(host: str, port: int, exceptions: str) -> bool:
    """Whether ``NO_PROXY`` names the host: itself, a domain it is in, a network its address is in, or everything."""
    return any(_names(item.strip().lower(), host, port) for item in exceptions.split(",") if item.strip())


def _names(item: str, host: str, port: int) -> bool:
    if item == "*":
        return True
    try:
        return ip_address(host) in ip_network(item.strip("[]"), strict=False)
    except ValueError:
        pass
    name, colon, number = item.rpartition(":")
    if colon and number.isdigit():
        if int(number) != port:
            return False
        item = name
    domain = item.removeprefix("*").removeprefix(".").strip("[]")
    return host == domain or host.endswith(f".{domain}")
