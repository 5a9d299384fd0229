"""What a system says about how often it may be asked: read from its answer, by its own clock. Waits for nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from agentctl.connectors.rest.http.exchange import Answer
from agentctl.facts import dataclass

_AN_EPOCH = 1_000_000_000       # larger than any span that a limit could last: such a number is a moment
_LEAST = 1.0
_UNSTATED = 60.0


@dataclass(frozen=True, kw_only=True)
class Pause:
    """For how many seconds a system takes no more requests; ``busy`` where that is not for our asking too often."""

    seconds: float
    busy: bool


def pause(answer: Answer, wall: datetime) -> Pause | None:
    """Return for how long the system takes no more requests, or None where ``answer`` says no such thing.

    What says so was not processed. Moments are counted from the answer's own Date: our clock and theirs may differ.
    """
    said = answer.headers.get("retry-after")
    spent = _spent(answer)
    if answer.status not in {403, 429, 503} or (answer.status != 429 and said is None and not spent):
        return None
    if answer.status == 503 and said is None:
        return None
    theirs = _moment(answer.headers.get("date", "")) or wall
    seconds = _retry_after(said, theirs) if said is not None else None
    if seconds is None:
        seconds = _reset(answer, theirs)
    return Pause(seconds=max(_LEAST, _UNSTATED if seconds is None else seconds), busy=answer.status == 503)


def _spent(answer: Answer) -> bool:
    return any(
        answer.headers.get(name, "").strip() == "0" for name in ("x-ratelimit-remaining", "ratelimit-remaining")
    )


def _reset(answer: Answer, theirs: datetime) -> float | None:
    for name in ("x-ratelimit-reset", "ratelimit-reset"):
        number = _seconds(answer.headers.get(name, ""))
        if number is not None:
            return number - theirs.timestamp() if number >= _AN_EPOCH else number
    return None


def _retry_after(said: str, theirs: datetime) -> float | None:
    number = _seconds(said)
    if number is not None:
        return number
    moment = _moment(said)
    return None if moment is None else (moment - theirs).total_seconds()


def _seconds(text: str) -> float | None:
    text = text.strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None


def _moment(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
