"""Tells the system's own answer from what something in between says in its place."""

from __future__ import annotations

from fnmatch import fnmatchcase

from agentctl.connectors.rest.http.failed import Unreadable, told
from agentctl.connectors.rest.http.page import is_page, title
from agentctl.connectors.rest.http.request import Request
from agentctl.connectors.rest.http.response import Response

_CONCEALED = "•••"


def check(request: Request, response: Response, token: str) -> Response:
    """Return ``response``. Raises, as may have happened or not, where it is of a kind that was not expected."""
    if not response.body or not request.expect or _expected(request, response.media_type):
        return response
    if is_page(response.media_type, response.body):
        named = title(response.body)
        called = f" called “{without(token, named)}”" if named else ""
        raise told(
            request,
            Unreadable(
                response.status, "A page instead of an answer",
                f"What came back (status {response.status}) is a page for people{called}, not an answer of the system.",
                hint="A proxy or a login page in between does that, and so does a base URL that is not the API's.",
            ),
            response.url,
        )
    if response.ok:
        kind = without(token, response.media_type[:100]) or "of no stated kind"
        raise told(
            request,
            Unreadable(
                response.status, "Answer of another kind",
                f"What came back (status {response.status}) is {kind}; expected was {' or '.join(request.expect)}.",
            ),
            response.url,
        )
    return response


def without(token: str, text: str) -> str:
    """Return foreign ``text`` without the token, which some systems repeat."""
    return text.replace(token, _CONCEALED) if token else text


def _expected(request: Request, media_type: str) -> bool:
    return any(fnmatchcase(media_type, pattern) for pattern in request.expect)
