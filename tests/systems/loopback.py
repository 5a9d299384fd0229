"""Asks a system of these tests directly, as no part of agentctl would: whatever it says comes back as it is."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``body`` is parsed where it is JSON, and text where it is not. ``headers`` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Any


def ask(
    url: str, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send one request on a connection of its own. ``path`` goes over the wire as it is, below the path of ``url``."""
    base = urlsplit(url)
    connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=30)
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    said = {"content-type": "application/json"} if data is not None else {}
    try:
        connection.request(method, base.path + path, data, said | dict(headers or {}))
        response = connection.getresponse()
        return Answer(
            status=response.status, headers={name.lower(): value for name, value in response.getheaders()},
            body=_parsed(response.read()),
        )
    finally:
        connection.close()


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return data.decode(errors="replace")
