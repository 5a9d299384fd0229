"""The times in which a grant counts, by the clock on the wall of a stated zone. What it allows is not known here."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from agentctl.facts import dataclass
from agentctl.policy.zones import shown, upcoming

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60


@dataclass(frozen=True, kw_only=True)
class Window:
    """From one time of day until another, on the days it begins. Minutes count from midnight.

    It is open while the clock in ``zone`` shows a time in it. Until an earlier time of day is until that of the next
    day: fri 22:00-06:00 ends on Saturday. What a clock going forward leaves out is left out, and what it shows twice
    is open twice.
    """

    days: frozenset[str]
    start: int
    end: int
    zone: tzinfo

    def holds(self, now: datetime) -> bool:
        """Whether it is open at ``now``."""
        local = now.astimezone(self.zone)
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return DAYS[today] in self.days and self.start <= minute < self.end
        return (DAYS[today] in self.days and minute >= self.start) or (
            DAYS[today - 1] in self.days and minute < self.end
        )

    def opens(self, now: datetime) -> datetime | None:
        """Return when it opens next, after ``now``, where a clock shows its first minute within the week."""
        for day in upcoming(now, self.zone):
            local = (day + timedelta(minutes=self.start)).replace(tzinfo=self.zone)
            if local > now and DAYS[local.weekday()] in self.days and self.holds(local):
                return local
        return None

    def __str__(self) -> str:
        return f"{_days(self.days)} {clock(self.start)}-{clock(self.end)} {self.zone}"


def window_to_wire(window: Window) -> dict[str, Any]:
    return {
        "days": [day for day in DAYS if day in window.days],
        "from": clock(window.start),
        "to": clock(window.end),
        "zone": str(window.zone),
    }


def minute(text: str) -> int:
    """Return a time of day such as 09:30, or 24:00, as minutes from midnight. Raises ValueError."""
    if text == "24:00":
        return MIDNIGHT
    told = time.fromisoformat(text)
    return told.hour * 60 + told.minute


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def closed(windows: tuple[Window, ...], now: datetime) -> str:
    """Return why none of ``windows`` is open at ``now``, and when one is next; nothing where one is."""
    if any(window.holds(now) for window in windows):
        return ""
    zone = windows[0].zone
    opening = [(when, window) for window in windows if (when := window.opens(now)) is not None]
    when, window = min(opening, key=lambda pair: pair[0]) if opening else (None, windows[0])
    following = f"; it opens at {shown(when, window.zone)}" if when else ""
    return f"{'; '.join(map(str, windows))}, and it is {shown(now, zone)}{following}"


def _days(days: frozenset[str]) -> str:
    """Return days in the order of the week, those in a row as ``mon-fri``."""
    if len(days) == len(DAYS):
        return "every day"
    told: list[str] = []
    for index, day in enumerate(DAYS):
        if day not in days:
            continue
        run = [later for later in DAYS[index:] if later in days]
        last = next((n for n, later in enumerate(DAYS[index:]) if later not in days), len(DAYS) - index)
        if index and DAYS[index - 1] in days:
            continue
        told.append(f"{day}-{run[last - 1]}" if last > 2 else " ".join(run[:last]))
    return " ".join(told)
