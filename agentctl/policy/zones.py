"""Time zones by their IANA names, and moments as a policy writes them. What they are for is told elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_NOT_ZONES = ("posix/", "right/", "localtime", "posixrules", "Factory")     # files beside the zones, and copies of them


class NotAMoment(ValueError):
    """Text that names no moment, or more than one."""


class NoSuchZone(ValueError):
    """A zone this machine doesn't know; ``hint`` says what to do about it."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"`{name}` is no time zone this machine knows")
        self.hint = hint


def zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name, such as Europe/Berlin. Raises NoSuchZone."""
    if name == "UTC":
        return UTC              # the one zone that needs no data
    from zoneinfo import ZoneInfo

    try:
        if name.startswith(_NOT_ZONES):
            raise ValueError(name)
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise NoSuchZone(name, _hint(name)) from error


def moment(text: str, within: tzinfo | None, *, late: bool) -> datetime:
    """Return the moment that ``text`` names, by the clock on the wall in ``within`` or by its own offset.

    A time the wall shows twice, as clocks go back, is the second where ``late``. Raises NotAMoment.
    """
    found = _MOMENT.fullmatch(text)
    if not found:
        raise NotAMoment(f"`{text}` is not a moment such as 2026-12-23T18:00:00")
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotAMoment(f"`{text}` is not a moment: {error}") from error
    if (told.tzinfo is None) is (within is None):
        raise NotAMoment(
            f"`{text}` says no offset, and no `zone` is given" if within is None
            else f"`{text}` says an offset, and so does `zone`"
        )
    if within is None:
        return told.astimezone(UTC)
    local = told.replace(tzinfo=within, fold=int(late))
    if local.astimezone(UTC).astimezone(within).replace(tzinfo=None) != told:
        raise NotAMoment(f"`{text}` is left out by the clocks in {within}, which go forward then")
    return local.astimezone(UTC)


def shown(now: datetime, within: tzinfo) -> str:
    """Return a moment as the clock in ``within`` shows it."""
    local = now.astimezone(within)
    return f"{_DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} {within}"


def upcoming(now: datetime, within: tzinfo) -> list[datetime]:
    """Return the local midnights of yesterday, today and the week to come, without a zone."""
    today = now.astimezone(within).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return [today + timedelta(days=ahead) for ahead in range(-1, 9)]


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _hint(name: str) -> str:
    from zoneinfo import available_timezones

    from agentctl.syntax.suggest import did_you_mean

    known = available_timezones()
    if not known:
        return "It has no time zone data at all: install the system's `tzdata` package, or `pip install tzdata`."
    same = [zone for zone in known if zone.lower() == name.lower()]
    return f"Did you mean `{same[0]}`?" if same else did_you_mean(name, known)
