"""Where an answer says that the thing is elsewhere: followed for reads below the endpoint, and nowhere else."""

from __future__ import annotations

import re

from agentctl.connectors.rest.http.checking import without
from agentctl.connectors.rest.http.endpoint import Endpoint
from agentctl.connectors.rest.http.exchange import Answer
from agentctl.connectors.rest.http.request import Request
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.facts import replace

REDIRECTS = 5
_STATUSES = frozenset({301, 302, 303, 307, 308})
_DONE_PERHAPS = frozenset({302, 303})       # many systems say so after doing what a form asked for
_HOST = re.compile(r"https?://(?:[^/?#@\s]*@)?([^/?#@\\\s]{1,100})", re.IGNORECASE)


def follow(endpoint: Endpoint, request: Request, answer: Answer, token: str) -> Request | None:
    """Return the request to send instead, or None where the answer is no redirect.

    Raises Unreachable for a read that is sent elsewhere, Rejected for an effect, Indeterminate where that may be done.
    """
    if answer.status not in _STATUSES:
        return None
    where = f"{request.method} {endpoint.url}{request.path} was answered with a redirect ({answer.status})"
    where += without(token, _to(answer))
    if request.effect and answer.status in _DONE_PERHAPS:
        raise Indeterminate("Redirected", f"{where}, which says neither that it was done nor that it was not.")
    if request.effect or request.method == "POST":
        kind = Rejected if request.effect else Unreachable
        raise kind("Redirected", f"{where}. Only what is asked by GET is asked anew at another address.")
    try:
        path, query = endpoint.inside(answer.headers.get("location", ""))
    except Rejected as error:
        raise Unreachable(
            "Redirected elsewhere", f"{where}, which is not below {endpoint.url}; it was not followed.",
            hint="A login page or a proxy in between does that, and so does a system that has moved.",
        ) from error
    return replace(request, path=path, query=query)


def _to(answer: Answer) -> str:
    found = _HOST.match(answer.headers.get("location", ""))
    return f" to {found[1]}" if found else ""
