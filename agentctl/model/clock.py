"""What time it is for every decision: the wall clock, never before the last record, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from agentctl.facts import dataclass

if TYPE_CHECKING:
    from agentctl.model.run import Act

SKEW = timedelta(minutes=2)
"""By how much clocks of machines that share a trace, or one clock that is being corrected, may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The clocks of one machine at one moment.

    ``boot`` names the start of the machine that ``since`` counts from, sleep included; empty where none can be told.
    """

    wall: datetime
    boot: str = ""
    since: timedelta = timedelta()


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Why a wall clock can't be believed: what it should show at least or exactly, and by how much it is off.

    ``off`` is positive where the clock is ahead. ``why`` is whole sentences.
    """

    expected: datetime
    off: timedelta
    why: str


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A person said that a clock in doubt is right: in which trace file, what it showed, how far it had seemed off."""

    number: int
    clocks: Clocks
    off: timedelta


def decision_time(wall: datetime, last: datetime | None) -> datetime:
    """Return the time decisions are made by: a clock set back makes no consent live longer and empties no window."""
    return wall if last is None else max(wall, last)


def doubt(clocks: Clocks, last: datetime | None, anchor: Clocks | None) -> Doubt | None:
    """Return why the wall clock of ``clocks`` can't be believed, or None.

    ``last`` is when the last record was written, ``anchor`` what clocks of a machine showed earlier: within one
    boot, both clocks go on by the same amount, whether the machine sleeps or not.
    """
    if anchor is not None and anchor.boot and anchor.boot == clocks.boot:
        expected = anchor.wall + (clocks.since - anchor.since)
        off = clocks.wall - expected
        if abs(off) > SKEW:
            way = "ahead" if off > timedelta() else "back"
            return Doubt(
                expected=expected,
                off=off,
                why=f"This machine's clock says {_text(clocks.wall)}. It said {_text(anchor.wall)} at an earlier run "
                f"since the machine started, and going by the time passed it should say {_text(expected)}: it was set "
                f"{way} by {_long(off)}.",
            )
    if last is not None and last - clocks.wall > SKEW:
        return Doubt(
            expected=last,
            off=clocks.wall - last,
            why=f"This machine's clock says {_text(clocks.wall)}, and the last record is of {_text(last)}, "
            f"{_long(last - clocks.wall)} later.",
        )
    return None


def corrections(acts: Iterable[Act]) -> tuple[Correction, ...]:
    """Return what people said of a clock, oldest first."""
    return tuple(
        Correction(
            number=act.number,
            clocks=clocks_from_wire(act.body["clock"]),
            off=timedelta(milliseconds=act.body["off_ms"]),
        )
        for act in acts
        if act.kind == "clock"
    )


def counted_at(time: datetime, number: int, corrected: Iterable[Correction]) -> datetime:
    """Return when what trace file ``number`` tells of ``time`` counts as done, going by the clock as corrected since.

    Never later than the correction, and never earlier than it was: what used up a limit uses it up at least as long.
    """
    for correction in corrected:
        if correction.number > number:
            time = min(time + max(correction.off, timedelta()), correction.clocks.wall)
    return time


def void_before(corrected: Iterable[Correction]) -> datetime | None:
    """Return the moment before which no consent counts: time went back there, and none may live through it twice."""
    back = [correction.clocks.wall for correction in corrected if correction.off < timedelta()]
    return back[-1].replace(microsecond=0) if back else None


def clocks_to_wire(clocks: Clocks) -> dict[str, Any]:
    """Return the JSON form: the time since boot in whole milliseconds, for there are no floats."""
    return {
        "wall": clocks.wall.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
        "boot": clocks.boot,
        "since_ms": clocks.since // timedelta(milliseconds=1),
    }


def clocks_from_wire(wire: Mapping[str, Any]) -> Clocks:
    """Return the clocks. Raises KeyError, TypeError or ValueError where ``wire`` is none."""
    return Clocks(
        wall=datetime.fromisoformat(wire["wall"]), boot=wire["boot"], since=timedelta(milliseconds=wire["since_ms"])
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _long(span: timedelta) -> str:
    """Return a span in words, to the two units that matter."""
    seconds = abs(span) // timedelta(seconds=1)
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute"), (seconds % 60, "second")]
    first = next((place for place, (number, _) in enumerate(parts) if number), len(parts) - 1)
    told = [f"{number:,} {unit}{'' if number == 1 else 's'}" for number, unit in parts[first : first + 2] if number]
    return " ".join(told) or "0 seconds"
