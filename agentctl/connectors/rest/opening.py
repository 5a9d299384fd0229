"""From settings and a manifest to a connector. Connects to nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from agentctl.connectors.base import Instance
from agentctl.connectors.rest.connector import RestConnector
from agentctl.connectors.rest.http import Authorization, Endpoint, Request, Response
from agentctl.connectors.rest.manifest import Manifest
from agentctl.connectors.rest.reading import Sends
from agentctl.errors import Invalid, Unreachable

_TIMEOUT = 30
_LONGEST = 64 * 1024

def connector(instance: Instance, manifest: Manifest) -> RestConnector:
    """Return the connector that ``manifest`` and the settings of ``instance`` describe. Connects to nothing.

    Raises Invalid where the settings make no sense together.
    """
    settings: Mapping[str, Any] = instance.settings
    if "credential" in settings and "token" in settings:
        raise Invalid(
            "Two sources of a token", f"`{instance.name}` has both `token` and `credential`.",
            hint="Leave one of them out.",
        )
    endpoint = Endpoint.at(
        settings["url"],
        ca=str(Path(instance.root, settings["ca"])) if "ca" in settings else "",
        proxy=settings.get("proxy", ""),
        environ=instance.environ,
        authorization=Authorization(header=manifest.header, scheme=manifest.scheme),
    )
    return RestConnector(
        instance.name,
        manifest,
        endpoint=endpoint,
        client=_Late(endpoint, instance.tell),
        token=lambda: _token(instance),
        only=tuple(settings.get("only", ())),
        timeout=float(settings.get("timeout", _TIMEOUT)),
    )


class _Late:
    """A client that is made when the first request is sent: plans are checked offline, without any HTTP library."""

    def __init__(self, endpoint: Endpoint, tell: Callable[[str], None]) -> None:
        self._endpoint = endpoint
        self._tell = tell
        self._lock = Lock()
        self._client: Sends | None = None

    def send(self, request: Request, token: str = "") -> Response:
        return self._made().send(request, token)

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _made(self) -> Sends:
        from agentctl.connectors.rest.http.client import Client

        with self._lock:
            if self._client is None:
                self._client = Client(self._endpoint, tell=lambda waiting: self._tell(str(waiting)))
            return self._client


def _token(instance: Instance) -> str:
    """Return the token as it is now, or nothing where none is configured. Nothing raised holds any of it."""
    if "credential" in instance.settings:
        return instance.token()
    source: Any = instance.settings.get("token")
    if source is None:
        return ""
    if "env" in source:
        where, text = f"the environment variable {source['env']}", instance.environ.get(source["env"], "")
    else:
        where, text = source["file"], _file(instance, source["file"])
    if not (token := text.removesuffix("\n").removesuffix("\r")):
        raise _missing(instance, f"{where} holds none.")
    return token


def _file(instance: Instance, name: str) -> str:
    path = Path(instance.root, name)
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise _missing(instance, f"others can read {name}: `chmod 600` it.")
            return file.read(_LONGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise _missing(instance, f"{name} cannot be read: {why}.") from None


def _missing(instance: Instance, why: str) -> Unreachable:
    return Unreachable("Token missing", f"The token of `{instance.name}` is not to be had: {why}")
