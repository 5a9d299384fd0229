"""Asks GitHub's GraphQL for the few changes that its REST API does not offer, and reads what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.connectors.base import Call
from agentctl.connectors.github.asking import ask
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.model.action import ActionSpec

_LONGEST = 300
# What GitHub says before it does anything. Whatever else it says may have come after.
_REFUSED = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND", "UNPROCESSABLE"})


def change_pull(
    graph: RestConnector, spec: ActionSpec, call: Call, mutation: str, node: str
) -> Mapping[str, Any]:
    """Carry out a mutation of one pull request, and return what became of it.

    Raises as ``execute`` does: a success of HTTP may hold a refusal.
    """
    document = f"mutation($id: ID!) {{ {mutation}(input: {{pullRequestId: $id}}) {{ pullRequest {{ isDraft url }} }} }}"
    told = ask(graph, spec, call, "POST", "/graphql", {"query": document, "variables": {"id": node}})
    if isinstance(told, Mapping) and (errors := told.get("errors")):
        raise _refusal(spec, errors)
    match told:
        case {"data": {**data}} if isinstance(payload := data.get(mutation), Mapping):
            pull = payload.get("pullRequest")
            if isinstance(pull, Mapping):
                return pull
    raise Indeterminate("Answer not understood", f"The answer to {mutation} does not say what came of it.")


def _refusal(spec: ActionSpec, errors: Any) -> Rejected | Unreachable | Indeterminate:
    faults = [fault for fault in errors if isinstance(fault, Mapping)] if isinstance(errors, list) else []
    kinds = {fault.get("type") for fault in faults}
    said = "; ".join(text[:_LONGEST] for fault in faults if isinstance(text := fault.get("message"), str))
    detail = f"GraphQL refused it: {said or 'it did not say why'}" + ("" if said.endswith(".") else ".")
    if kinds == {"RATE_LIMITED"}:
        return Unreachable("Limit reached", detail)
    if kinds and kinds <= _REFUSED:
        return Rejected("Refused by the system", detail, hint=f"The token needs: {', '.join(spec.scopes)}.")
    return Indeterminate("System in trouble", detail)
