"""As whom the connectors speak, asked of the systems themselves. Changes nothing; every failure is an answer."""

from __future__ import annotations

from collections.abc import Iterator

from agentctl.errors import ConnectorError, Usage
from agentctl.identity.broker.broker import moment
from agentctl.model.speaker import Speaker
from agentctl.workspace.brokering import look
from agentctl.workspace.tokens import LONG_LIVED
from agentctl.workspace.workspace import Workspace


def speakers(workspace: Workspace, name: str) -> Iterator[Speaker]:
    """Yield the connector called ``name``, or each. Raises Usage where there is none of that name."""
    configured = workspace.file.connectors
    if name and name not in configured:
        raise Usage("No such connector", f"There is no `{name}`; there are {', '.join(configured)}.")
    return (_speaker(workspace, one) for one in ([name] if name else configured))


def _speaker(workspace: Workspace, name: str) -> Speaker:
    connector = workspace.readable.connectors[name]
    provider = workspace.broker.providers.get(name)
    minted, identity, problem = None, None, ""
    try:
        minted = look(workspace, name) if provider else None
        identity = connector.identity()
    except ConnectorError as error:
        problem = str(error)
    return Speaker(
        name=name,
        type=str(workspace.file.connectors[name]["type"]),
        provider=provider.name if provider else "",
        source=provider.where if provider else "",
        per_step=provider is not None and provider.name not in LONG_LIVED,
        scopes=minted.scopes if minted else None,
        expires=moment(minted.expires) if minted and minted.expires else "",
        identity=identity,
        problem=problem,
    )
