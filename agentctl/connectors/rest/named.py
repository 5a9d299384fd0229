"""Whether what was read is called what it was asked for as: no record answers to two names. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from agentctl.connectors.rest.http import Endpoint
from agentctl.connectors.rest.manifest import RecordType
from agentctl.connectors.rest.pointer import ABSENT, at
from agentctl.errors import Rejected


def named(endpoint: Endpoint, kind: RecordType, parameters: Mapping[str, str], body: Any) -> None:
    """Raise Rejected for a record of another kind, or that says of itself that it is another one.

    A repository that was moved answers to its old name, a comment to the number of any issue: policies are about names.
    """
    asked = kind.address.format(parameters)
    if kind.excludes is not None and excluded(kind, body):
        raise Rejected("Another kind of record", f"What is at {asked} is no {kind.name}.", hint=kind.excludes.hint)
    if kind.self_ is None:
        return
    link = at(kind.self_.at, body)
    said = kind.self_.path.values(_below(endpoint, link)) if isinstance(link, str) else None
    if said is None:
        raise Rejected("Answer not understood", f"A {kind.name} does not say at {kind.self_.at} what it is called.")
    called = kind.address.format({**parameters, **said})
    if called != asked:
        raise Rejected(
            "Called otherwise", f"What was asked for as {asked} is called {called}.", hint="Say so in the target."
        )


def excluded(kind: RecordType, body: Any) -> bool:
    """Whether ``body`` is another kind of record than those that are listed or read with it."""
    found = ABSENT if kind.excludes is None else at(kind.excludes.at, body)
    return found is not None and found is not ABSENT


def _below(endpoint: Endpoint, link: str) -> str:
    """Return the path of a link below the base URL. Whose host it names is all one: it is compared, never followed."""
    try:
        return urlsplit(link).path.removeprefix(endpoint.path)
    except ValueError:
        return ""
