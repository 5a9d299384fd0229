"""Opens the way to an endpoint: name, TCP, proxy, TLS. Nothing of a request is sent on it here."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import h11

from agentctl.connectors.rest.http.endpoint import Endpoint
from agentctl.connectors.rest.http.failed import NotSent
from agentctl.connectors.rest.http.proxy import Proxy
from agentctl.connectors.rest.http.stream import Stream
from agentctl.connectors.rest.http.trust import distrust

_CONNECTING = 10.0      # seconds for one address: the next may be reachable where this one is not
_HEADERS = 32768


def dial(
    endpoint: Endpoint, context: ssl.SSLContext | None, deadline: float, now: Callable[[], float], agent: str
) -> Stream:
    """Return a stream to the endpoint, verified where ``context`` is given. Raises NotSent."""
    place = (endpoint.proxy.host, endpoint.proxy.port) if endpoint.proxy else (endpoint.host, endpoint.port)
    stream = Stream(_connect(*place, deadline, now, loopback=context is None), now)
    stream.deadline = deadline
    try:
        if endpoint.proxy:
            _pass_through(stream, endpoint.proxy, f"{_bracketed(endpoint.host)}:{endpoint.port}", agent)
        if context:
            stream.secure(context, endpoint.host)
    except ssl.SSLError as error:
        stream.close()
        raise distrust(error, endpoint.authority, endpoint.ca) from error
    except TimeoutError as error:
        stream.close()
        raise NotSent("System not reachable", f"{endpoint.authority}: no connection was made in time.") from error
    except OSError as error:
        stream.close()
        raise NotSent("System not reachable", f"{endpoint.authority}: {_reason(error)}.") from error
    except BaseException:
        stream.close()
        raise
    stream.touched = False
    return stream


def _connect(host: str, port: int, deadline: float, now: Callable[[], float], *, loopback: bool) -> socket.socket:
    place = f"{_bracketed(host)}:{port}"
    last = "no connection was made in time"
    for family, address in _resolve(host, port, place):
        if loopback and not ip_address(address[0]).is_loopback:
            raise NotSent(
                "Address not secure", f"{host} is {address[0]}, which is not this machine, and http is not encrypted.",
                passing=False,
            )
        if (left := deadline - now()) <= 0:
            break
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(min(left, _CONNECTING))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connection.close()
            last = _reason(error)
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise NotSent("System not reachable", f"{place}: {last}.")


def _resolve(host: str, port: int, place: str) -> Iterator[tuple[socket.AddressFamily, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NotSent(
            "System not reachable", f"{place}: the name {host} is not known ({error.strerror}).",
            hint="Check the spelling of the host, the network and its name server.",
        ) from error
    yield from ((family, address) for family, _, _, _, address in found)        # type: ignore[misc]


def _pass_through(stream: Stream, proxy: Proxy, target: str, agent: str) -> None:
    """Ask the proxy for a way to ``target``. Raises NotSent where it has none for us."""
    login = [("Proxy-Authorization", proxy.login)] if proxy.login else []
    headers = [("Host", target), ("User-Agent", agent), *login]
    wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADERS)
    stream.write(wire.send(h11.Request(method="CONNECT", target=target, headers=headers)) or b"")
    wire.send(h11.EndOfMessage())
    try:
        while not isinstance(event := wire.next_event(), h11.Response):
            if event is h11.NEED_DATA:
                wire.receive_data(stream.read())
            elif isinstance(event, h11.ConnectionClosed):
                raise NotSent("Proxy did not answer", f"The proxy {proxy} closed the connection.")
    except h11.RemoteProtocolError as error:
        raise NotSent("Proxy did not answer", f"What answers at {proxy} is no HTTP proxy.", passing=False) from error
    if event.status_code == 407:
        raise NotSent(
            "Proxy refused", f"The proxy {proxy} asks for a login, or refuses the one it was given.", passing=False,
            hint="The login is part of the proxy's URL: http://NAME:PASSWORD@HOST:PORT.",
        )
    if not 200 <= event.status_code < 300:
        raise NotSent(
            "Proxy refused", f"The proxy {proxy} makes no connection to {target} (status {event.status_code}).",
            passing=event.status_code >= 500,
        )
    # Bytes that come before we began to speak TLS are not the system's: nothing may be smuggled in front of it.
    if wire.trailing_data[0]:
        raise NotSent("Proxy refused", f"The proxy {proxy} spoke in the system's place.", passing=False)


def _reason(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "nothing listens there"
        case TimeoutError():
            return "no connection was made in time"
        case ConnectionResetError() | BrokenPipeError() | ssl.SSLEOFError():
            return "the connection was cut off"
    return error.strerror or type(error).__name__


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
