"""What is told about a policy itself: how its test cases came out. What a policy says of one change is a Decision."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.model.decision import Decision
from agentctl.model.diagnostic import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part of an answer that is not what a case expected."""

    part: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A test case with policy's answer; it passes where nothing differs."""

    name: str
    place: Span
    decision: Decision
    differences: tuple[Difference, ...]

    @property
    def passes(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A rule, and whether it took its effect in a case: a grant granted, an invariant or forbidding grant denied."""

    rule: str
    place: Span
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesReport:
    cases: tuple[CaseResult, ...]
    rules: tuple[Reach, ...]

    @property
    def passes(self) -> bool:
        return all(case.passes for case in self.cases)
