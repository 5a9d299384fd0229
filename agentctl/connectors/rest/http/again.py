"""Whether an attempt is made again, and how long after: decided from what came of it. Waits and sends nothing."""

from __future__ import annotations

from agentctl.connectors.rest.http.exchange import Answer
from agentctl.connectors.rest.http.failed import Failed, Lost, NotSent
from agentctl.connectors.rest.http.request import Request

ATTEMPTS = 5
_BUSY = frozenset({500, 502, 503, 504})
_FIRST, _LONGEST = 0.5, 8.0


def may_repeat(request: Request, outcome: Answer | Failed) -> bool:
    """Whether sending once more does no more than was asked for, and may help.

    An effect that may have happened is only sent again where the system knows it by its key or its precondition.
    """
    harmless = request.repeatable or not request.effect
    match outcome:
        case NotSent(passing=passing):
            return passing
        case Lost():
            return harmless
        case Answer(status=status):
            return harmless and status in _BUSY
        case _:
            return False


def may_have_happened(request: Request, outcome: Answer | Failed) -> bool:
    """Whether this attempt may have had its effect although nothing says that it did."""
    match outcome:
        case NotSent():
            return False
        case Answer(status=status):
            return request.effect and status in _BUSY
        case _:
            return request.effect


def backoff(attempt: int, chance: float) -> float:
    """Return the seconds before attempt ``attempt + 1``: twice as long each time, and never for all at once."""
    return min(_LONGEST, _FIRST * 2.0 ** (attempt - 1)) * (0.5 + chance / 2)
