"""How one attempt went wrong, told apart by the only thing that matters later: may it have had its effect?"""

from __future__ import annotations

from agentctl.connectors.rest.http.request import Request
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable


class Failed(Exception):
    """One attempt came to no answer. ``summary`` is fixed words; ``detail`` holds nothing secret."""

    def __init__(self, summary: str, detail: str, *, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.hint = hint


class NotSent(Failed):
    """Not a byte of the request was written. ``passing`` is a trouble that may be over a moment later."""

    def __init__(self, summary: str, detail: str, *, hint: str = "", passing: bool = True) -> None:
        super().__init__(summary, detail, hint=hint)
        self.passing = passing


class Limited(NotSent):
    """The system takes no more requests for now, and has not looked at this one."""


class Lost(Failed):
    """Some of the request may have arrived, and no whole answer came back."""


class Unreadable(Failed):
    """The system answered with ``status``, and what it said besides is not an answer we can use."""

    def __init__(self, status: int, summary: str, detail: str, *, hint: str = "") -> None:
        super().__init__(summary, detail, hint=hint)
        self.status = status


def told(request: Request, failed: Failed, url: str, attempts: int = 1) -> ConnectorError:
    """Return the error to raise for an attempt that is not made again; ``attempts`` is how many there were."""
    match failed:
        case NotSent():
            kind: type[ConnectorError] = Unreachable
        case _ if not request.effect:
            kind = Unreachable      # never Rejected: what stands between us and the system is no fault of a plan
        case Unreadable(status=status) if 400 <= status < 500:
            kind = Rejected
        case _:
            kind = Indeterminate
    times = f", tried {attempts} times" if attempts > 1 and not isinstance(failed, Limited) else ""
    return kind(failed.summary, f"{failed.detail} The request was {request.method} {url}{times}.", hint=failed.hint)
