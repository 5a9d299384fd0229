"""What a step takes of a limit, what a run set aside of it, and how it stands. What counts is told by ``engine``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass
from agentctl.model.diagnostic import Span

PLAN = "plan"
"""The window of a limit on a single changeset."""


class Measure(StrEnum):
    """What a limit counts: steps, the records they touch, the bytes they write, or an amount the policy names."""

    COUNT = "count"
    RECORDS = "records"
    BYTES = "bytes"
    SUM = "sum"


@dataclass(frozen=True)
class Account:
    """What usage is counted under. It holds neither a limit's maximum nor its window: changing these forgets nothing.

    ``key`` is as the trace has it: in clear for an agent, action or target, else a commitment.
    """

    stream: str
    key: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What one step takes of one limit. ``seconds`` is its window, 0 for one changeset.

    ``plain`` is whether ``key`` may stand in the trace in clear, ``shown`` whether a reader may see it.
    """

    limit: str
    place: Span
    stream: str
    measure: Measure
    by: str
    key: str
    amount: int
    most: int
    per: str
    seconds: int
    currency: str = ""
    plain: bool = True
    shown: bool = True


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """What one run set aside of one account before its first effect, by step."""

    limit: str
    account: Account
    amounts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a limit stands for one changeset, under one key.

    ``used`` happened, or may have, within the window; ``reserved`` is set aside by runs that are not over, ``holders``.
    ``asked`` is what the changeset's steps want together; ``refused`` are those of them that do not fit. ``frees`` is
    when the first of what is used leaves the window, ``fits`` when all that is asked would fit: empty where nothing is
    used, and where waiting is not needed or no help.
    """

    limit: str
    place: Span
    measure: Measure
    by: str
    key: str
    currency: str
    most: int
    per: str
    used: int
    reserved: int
    asked: int
    steps: tuple[str, ...]
    refused: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    frees: str = ""
    fits: str = ""

    @property
    def left(self) -> int:
        """What is free before the changeset takes its part."""
        return max(0, self.most - self.used - self.reserved)

    @property
    def why(self) -> str:
        """Why some steps do not fit, the same for each of them."""
        return f"{self.rule}: {self.taken}. {self.remedy}".rstrip()

    @property
    def rule(self) -> str:
        """The limit in words."""
        whom = "" if not self.key else f" for {self.by} `{self.key}`"
        most = in_words(self.most, self.measure, self.currency)
        return f"limit {self.limit} allows {most} per {self.per}{whom}"

    @property
    def taken(self) -> str:
        parts = [f"{self.used:,} used"] if self.per != PLAN else []
        if self.reserved:
            parts.append(f"{self.reserved:,} reserved by run {', '.join(self.holders)}")
        return ", ".join([*parts, f"this plan asks for {self.asked:,}"])

    @property
    def remedy(self) -> str:
        if not self.refused:
            return ""
        if self.asked > self.most:
            return "No waiting helps: ask for less in one plan." if self.per != PLAN else "Ask for less in one plan."
        waiting = f"There is room for all of it at {self.fits}" if self.fits else ""
        if not self.holders:
            return f"{waiting}." if waiting else ""
        once = f"once run {self.holders[0]} is over (`agentctl show {self.holders[0]}`)"
        return f"{waiting}, {once}." if waiting else f"There is room {once}."


def in_words(amount: int, measure: Measure, currency: str = "") -> str:
    """Return an amount with its unit: ``20 steps``, ``1 record``, ``5,000 EUR``."""
    unit = _UNITS[measure] if amount != 1 else _UNITS[measure].removesuffix("s")
    return " ".join(part for part in (f"{amount:,}", currency, unit) if part)


_UNITS = {Measure.COUNT: "steps", Measure.RECORDS: "records", Measure.BYTES: "bytes", Measure.SUM: ""}


def reserved_to_wire(reserved: Reserved) -> dict[str, Any]:
    account = reserved.account
    return {
        "limit": reserved.limit,
        "stream": account.stream,
        "key": account.key,
        "currency": account.currency,
        "amounts": dict(reserved.amounts),
    }


def reserved_from_wire(wire: Mapping[str, Any]) -> Reserved:
    return Reserved(
        limit=wire["limit"],
        account=Account(wire["stream"], wire["key"], wire["currency"]),
        amounts=dict(wire["amounts"]),
    )
