"""The evidence a grant asks a step for: how much, of which kinds, checked or not. No source is read here."""

from __future__ import annotations

from typing import Protocol

from agentctl.facts import dataclass
from agentctl.model.plan import Evidence, Plan, Step


@dataclass(frozen=True, kw_only=True)
class Cited:
    """At least ``count`` sources, of these ``kinds`` (URI schemes; None is any), ``verified`` or as stated."""

    count: int
    kinds: tuple[str, ...] | None = None
    verified: bool = False

    def __str__(self) -> str:
        kinds = f" of {' or '.join(self.kinds)}" if self.kinds else ""
        return f"{self.count} {'source' if self.count == 1 else 'sources'}{kinds}{', verified' * self.verified}"


class Citing(Protocol):
    @property
    def plan(self) -> Plan: ...

    @property
    def step(self) -> Step: ...

    def checked(self, evidence: Evidence, /) -> bool | None: ...


def nobody_checked(_: Evidence) -> bool:
    """Answer for whoever reads no sources."""
    return False


def nobody_can_tell(_: Evidence) -> None:
    """Answer for what is long over: that a source was checked is not recorded."""


@dataclass(frozen=True)
class Lacking:
    """What is missing; ``untold`` is whether only nobody can tell any more if it was there."""

    why: str
    untold: bool


def lacking(wanted: Cited, around: Citing) -> Lacking | None:
    """Return what the step's evidence lacks of what is ``wanted``. One source counts once, however often cited."""
    cited = [item for item in around.plan.evidence if item.id in around.step.evidence]
    fitting = [item for item in cited if wanted.kinds is None or item.uri.partition(":")[0] in wanted.kinds]
    answers = {item.id: around.checked(item) for item in fitting} if wanted.verified else {}
    counted = [item for item in fitting if not wanted.verified or answers[item.id]]
    found = _sources(counted)
    if found >= wanted.count:
        return None
    possible = [item for item in fitting if not wanted.verified or answers[item.id] is not False]
    untold = _sources(possible) >= wanted.count
    doubted = next((item for item in fitting if wanted.verified and not answers[item.id]), None)
    about = (
        f" (whether `{doubted.uri}` was checked can't be told)" if doubted and untold
        else f" (`{doubted.uri}` could not be checked)" if doubted else ""
    )
    return Lacking(f"asks for {wanted}, and the step cites {found or 'none'}{about}", untold)


def _sources(items: list[Evidence]) -> int:
    """Return how many different sources these are: neither another id nor a copy of a file makes one more."""
    return min(len({item.uri for item in items}), len({item.sha256 or item.uri for item in items}))
