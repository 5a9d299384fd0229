"""What is told about a policy itself: its cases, its faults, what it opens. Of one change it gives a Decision."""

from __future__ import annotations

from enum import StrEnum

from agentctl.facts import dataclass
from agentctl.model.decision import Decision
from agentctl.model.diagnostic import Diagnostic, Severity, Span


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One part of an answer that is not what a case expected."""

    part: str
    expected: str
    actual: str


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """A test case with policy's answer; it passes where nothing differs."""

    name: str
    place: Span
    decision: Decision
    differences: tuple[Difference, ...]

    @property
    def passes(self) -> bool:
        return not self.differences


@dataclass(frozen=True, kw_only=True)
class Reach:
    """A rule, and whether it took its effect in a case: a grant granted, an invariant or forbidding grant denied."""

    rule: str
    place: Span
    reached: bool


@dataclass(frozen=True, kw_only=True)
class CasesReport:
    cases: tuple[CaseResult, ...]
    rules: tuple[Reach, ...]

    @property
    def passes(self) -> bool:
        return all(case.passes for case in self.cases)


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control a capability must have: whether it has it, and by what or why not, in words."""

    name: str
    met: bool
    why: str
    place: Span | None = None


@dataclass(frozen=True, kw_only=True)
class Capability:
    """What a role can do to one connector at most, and the controls that must not be missing for it."""

    role: str
    instance: str
    tier: str
    actions: tuple[str, ...]
    controls: tuple[Control, ...]

    @property
    def ships(self) -> bool:
        return all(control.met for control in self.controls)


@dataclass(frozen=True, kw_only=True)
class LintReport:
    findings: tuple[Diagnostic, ...]
    capabilities: tuple[Capability, ...]

    @property
    def ships(self) -> bool:
        errors = any(finding.severity is Severity.ERROR for finding in self.findings)
        return not errors and all(capability.ships for capability in self.capabilities)


class Shift(StrEnum):
    """How a new policy's answer to a recorded change differs from the old one's. Widening comes first."""

    ALLOWED = "newly allowed"
    LOOSENED = "needs less consent"
    LESS_LIMITED = "less limited"
    DENIED = "newly denied"
    TIGHTENED = "newly needs consent"
    MORE_LIMITED = "more limited"
    UNTOLD = "cannot be evaluated"
    SAME = "same"

    @property
    def widens(self) -> bool:
        return self in (Shift.ALLOWED, Shift.LOOSENED, Shift.LESS_LIMITED)


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One recorded change with both answers in short, and in words why the decisive one is as it is.

    ``place`` is of ``rule``, which decided; ``new_place`` of the rule the new policy answers with, if one does.
    """

    run: str
    step: str
    action: str
    target: str
    shift: Shift
    old: str
    new: str
    rule: str
    place: Span | None
    why: str
    new_place: Span | None = None
