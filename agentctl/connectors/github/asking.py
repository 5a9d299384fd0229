"""Sends one request of a hook, and reads its answer as the manifest says answers are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.connectors.base import Call
from agentctl.connectors.rest.answers import Exchange, body
from agentctl.connectors.rest.connector import RestConnector
from agentctl.connectors.rest.http import Request
from agentctl.connectors.rest.writing import encoded
from agentctl.model.action import ActionSpec

HIDDEN = "It may be there and the token not see it."


def ask(
    rest: RestConnector,
    spec: ActionSpec,
    call: Call,
    method: str,
    path: str,
    content: Mapping[str, Any] | None = None,
    *,
    repeatable: bool = False,
) -> Any:
    """Return what the answer holds: ABSENT where it has no body, None where a GET found nothing.

    ``path`` is percent-encoded already. ``repeatable`` is as in Request. Raises as ``execute`` does.
    """
    token = call.credential.token if call.credential else rest.reader.token()
    manifest = rest.names.manifest
    request = Request(
        method=method,
        path=path,
        headers={**manifest.headers, **({} if content is None else {"Content-Type": "application/json"})},
        body=None if content is None else encoded(content),
        deadline=call.deadline,
        repeatable=repeatable,
    )
    return body(Exchange(
        request=request,
        response=rest.reader.client.send(request, token),
        rules=manifest.errors,
        scopes=spec.scopes,
        hidden=True,
        secrets=(token, *call.secrets.values()),
    ))
