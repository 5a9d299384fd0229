"""One execution of one ChangeSet, as the trace tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass, field
from agentctl.model.authorship import CLAIMED, Authorship
from agentctl.model.breaker import Breaker, Mishap
from agentctl.model.change import Change, Inverse
from agentctl.model.changeset import Purpose, SystemIdentity
from agentctl.model.clock import Clocks
from agentctl.model.decision import Consent
from agentctl.model.limit import Reserved
from agentctl.model.plan import Plan
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields, Value


class RunStatus(StrEnum):
    """``open``: no ``run_finished`` yet (running, or its process died). ``abandoned``: closed by a later run."""

    OPEN = "open"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    ABANDONED = "abandoned"


class StepStatus(StrEnum):
    """Where a step stands.

    ``confirmed``: done and read back as predicted · ``accepted``: done, nothing to read back · ``no-op``: was already
    so · ``already-done``: an earlier run of the same plan did it · ``deviated``: the system shows something else ·
    ``failed``: nothing happened · ``in-doubt``: may have happened · ``held``: waits for consent · ``refused``: policy
    or staleness stopped it · ``skipped``: a step it needs did not succeed, or a person said so.
    """

    PENDING = "pending"
    STARTED = "started"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    NO_OP = "no-op"
    ALREADY_DONE = "already-done"
    DEVIATED = "deviated"
    FAILED = "failed"
    IN_DOUBT = "in-doubt"
    HELD = "held"
    REFUSED = "refused"
    SKIPPED = "skipped"

    @property
    def done(self) -> bool:
        """Whether the step's purpose is met and steps that need it may go on."""
        return self in _DONE

    @property
    def acted(self) -> bool:
        """Whether this run had, or may have had, an effect through this step."""
        return self in _ACTED


_DONE = {StepStatus.CONFIRMED, StepStatus.ACCEPTED, StepStatus.NO_OP, StepStatus.ALREADY_DONE}
_ACTED = {
    StepStatus.STARTED, StepStatus.CONFIRMED, StepStatus.ACCEPTED, StepStatus.DEVIATED, StepStatus.IN_DOUBT,
}


class LeftStatus(StrEnum):
    """Why a rollback leaves a step alone: ``not-needed`` is fine, everything else makes the rollback incomplete.

    ``unreadable``: what it would put back can be read no more.
    """

    NOT_NEEDED = "not-needed"
    REFUSED = "refused"
    IRREVERSIBLE = "irreversible"
    IN_DOUBT = "in-doubt"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A step a rollback leaves alone, and the reason in words."""

    status: LeftStatus
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A record as read back after its change; ``value`` None is absence. Values may be Hidden."""

    address: Address
    value: Fields | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """One step of a run. ``change`` is what was about to be done (None before it started), values possibly Hidden.

    ``decision`` is the recorded policy answer in its JSON form. ``reason`` says in words why a step that is not done
    is not. ``key`` is its idempotency key, ``tokens`` the
    precondition tokens it acted under, by address.
    """

    id: str
    action: str
    target: str
    status: StepStatus = StepStatus.PENDING
    decision: Mapping[str, Any] = field(default_factory=dict)
    change: Change | None = None
    inverse: Inverse | None = None
    key: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, Value] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    addresses: Mapping[Address, Address] = field(default_factory=dict)
    observed: tuple[Observed, ...] = ()
    credential: Mapping[str, Any] = field(default_factory=dict)
    started_at: str = ""
    first_sent: str = ""            # when it was first sent under its key, in whichever run
    finished_at: str = ""
    reason: str = ""
    resolved: str = ""              # what a person, or settlement, said of a step that was in doubt
    answered_by: str = ""           # the person who said so; empty where a system did
    answered_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution: who did what under whose consent, and how it ended. Times are RFC 3339 UTC strings.

    ``steps`` may be told only when they are asked for, which raises Tampered where the trace does not tell them.
    """

    id: str
    number: int
    purpose: Purpose
    status: RunStatus
    digest: str
    effects: str
    plan: Plan
    tenant: str
    environment: str
    policy: str
    systems: Mapping[str, SystemIdentity]
    who: Mapping[str, Any]          # user, host, pid, and the proven person where there is one
    consent: Consent
    steps: Sequence[StepRun]
    started_at: str
    finished_at: str = ""
    undoes: str = ""                # a rollback: the run it undoes
    resumes: str = ""               # a resumption: the run it goes on with
    carried: Mapping[str, str] = field(default_factory=dict)   # a resumption: steps an earlier run did, and which run
    left: Mapping[str, Left] = field(default_factory=dict)      # a rollback: steps it leaves alone
    repeat: int = 0                 # N of --again
    breakers: tuple[Breaker, ...] = ()  # those that watch it, as policy had them when it began
    reserved: tuple[Reserved, ...] = ()     # what it set aside of limits before its first effect
    clock: Clocks | None = None    # the machine's clocks when it began, as far as the trace tells
    author: Authorship = CLAIMED    # what was known of who wrote the plan
    resumed_by: tuple[str, ...] = ()
    undone_by: tuple[str, ...] = ()
    reason: str = ""                # why it ended as it did, in words
    complete: bool = True           # False where the trace of this run is damaged after what is shown
    counts: Mapping[StepStatus, int] = field(default_factory=dict)  # how many steps stood how as it ended

    def step(self, identifier: str) -> StepRun | None:
        return next((step for step in self.steps if step.id == identifier), None)

    @property
    def tally(self) -> Mapping[StepStatus, int]:
        """How many steps stand how. Where all were done as the run ended that is how they stand, and none is told."""
        if self.counts and all(status.done for status in self.counts):
            return self.counts
        return Counter(step.status for step in self.steps)

    @property
    def unsettled(self) -> tuple[StepRun, ...]:
        """The steps that began and of which nobody knows how they ended."""
        return tuple(step for step in self.steps if step.status in (StepStatus.STARTED, StepStatus.IN_DOUBT))


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act outside a run: halt, unlock, rebuild, gc…"""

    id: str
    number: int
    kind: str
    at: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything the trace tells, in order; ``damage`` says where it could not be read (``FILE:LINE: why``)."""

    runs: tuple[Run, ...] = ()
    acts: tuple[Act, ...] = ()
    damage: tuple[str, ...] = ()
    last: str = ""                  # when the newest record was written
    mishaps: tuple[Mishap, ...] = ()    # what went wrong, in order: what breakers count

    def run(self, identifier: str) -> Run | None:
        return next((run for run in self.runs if run.id == identifier), None)

    @property
    def open(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run.status is RunStatus.OPEN)
