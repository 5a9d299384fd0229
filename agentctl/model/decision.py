"""Policy's answer for one change, and what the gate makes of it once consent is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from agentctl.facts import dataclass, field
from agentctl.model.diagnostic import Span
from agentctl.model.doubt import InDoubt
from agentctl.model.halt import Halt
from agentctl.model.limit import Charge
from agentctl.model.rejection import Rejected


class Verdict(StrEnum):
    """Weakest first: a denial stands over a consent, a consent over an allowance."""

    ALLOW = "allow"
    CONSENT = "consent"
    DENY = "deny"


class Mode(StrEnum):
    """How a granted change may come to be executed."""

    AUTO = "auto"
    APPROVE = "approve"
    MANUAL = "manual"
    FORBID = "forbid"


class Level(StrEnum):
    HARD = "hard"
    SOFT = "soft"
    ADVISORY = "advisory"


class Outcome(StrEnum):
    """What one rule made of one change. An error anywhere denies; undecided is a Hold at plan and a denial at apply.

    ``overridden``: a soft rule that denies, and that a person let this changeset pass.
    """

    GRANTS = "grants"
    PASSES = "passes"
    DENIES = "denies"
    OVERRIDDEN = "overridden"
    UNDECIDED = "undecided"
    ERROR = "error"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule considered: which, where it stands, what came of it and why in words. ``inputs`` are what it read.

    ``overriders`` are the groups that may override it where it is soft; none: only broken glass passes it.
    """

    rule: str
    place: Span | None
    outcome: Outcome
    reason: str
    level: Level = Level.HARD
    inputs: dict[str, str] = field(default_factory=dict)
    overriders: tuple[str, ...] = ()

    @property
    def softly_denies(self) -> bool:
        """Whether a person may override it: a clean denial, never an error or what could not be decided."""
        return self.level is Level.SOFT and self.outcome is Outcome.DENIES


@dataclass(frozen=True, kw_only=True)
class Signatures:
    """Signed approvals asked for: how many different people, out of which groups (any of them; empty is anybody)."""

    count: int
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Policy's answer for one change.

    ``findings`` are the rules that decided; ``considered`` every rule looked at, for ``policy explain``. ``reads`` are
    the record fields the deciding rules read, None where that can't be told: they are bound by consent. ``charges`` are
    what it would take of the limits of the grants that cover it. ``otherwise`` is what the answer would be if every
    soft rule that denies were overridden, where that would help: with nothing else that denies.
    """

    step: str
    verdict: Verdict
    mode: Mode
    signatures: Signatures | None = None
    findings: tuple[Finding, ...] = ()
    considered: Sequence[Finding] = ()
    reads: frozenset[str] | None = frozenset()
    roles: tuple[str, ...] = ()
    charges: tuple[Charge, ...] = ()
    otherwise: Decision | None = None

    @property
    def soft(self) -> tuple[str, ...]:
        """The soft rules that deny it."""
        return tuple(finding.rule for finding in self.findings if finding.softly_denies)


class ConsentKind(StrEnum):
    """How consent was given: nobody was asked, ``--auto-approve``, the literal yes on a terminal, signatures."""

    NONE = "none"
    AUTO_APPROVE = "auto-approve"
    YES = "yes"
    SIGNATURES = "signatures"


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signed approval that counted: its id, whose it is, the groups it speaks for, its steps (none named: all)."""

    approval: str
    person: str
    groups: tuple[str, ...]
    steps: tuple[str, ...]
    until: str


@dataclass(frozen=True, kw_only=True)
class Overridden:
    """A signed override that counted: its id, whose it is, the steps of each rule it passes over, why, until when.

    ``review_within`` are the seconds in which its use must be reviewed, where it breaks the glass.
    """

    override: str
    person: str
    rules: Mapping[str, tuple[str, ...]]
    reason: str
    until: str
    breaks_glass: bool = False
    review_within: int = 0

    def covers(self, rule: str, step: str) -> bool:
        return step in self.rules.get(rule, ())


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Consent to one changeset digest. ``groups`` are the irreversible groups confirmed by name and number.

    ``signed`` are the approvals it rests on besides what was answered when it started, ``overrides`` what lets it pass
    soft rules.
    """

    kind: ConsentKind = ConsentKind.NONE
    digest: str = ""
    person: str = ""
    at: str = ""
    groups: tuple[str, ...] = ()
    signed: tuple[Signed, ...] = ()
    overrides: tuple[Overridden, ...] = ()

    @property
    def breaks_glass(self) -> bool:
        return any(override.breaks_glass for override in self.overrides)

    def signers(self, step: str) -> tuple[Signed, ...]:
        """Return the approvals that cover ``step``."""
        return self.signed and tuple(signed for signed in self.signed if not signed.steps or step in signed.steps)


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing still missing before a step may run, in words, and the command that brings it (may be empty)."""

    what: str
    kind: ConsentKind
    command: str = ""


@dataclass(frozen=True, slots=True)
class Permit:
    decision: Decision


@dataclass(frozen=True, slots=True)
class Hold:
    decision: Decision
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class Refuse:
    """Refused by policy or, where there is a ``halt`` or a ``rejection``, because a person stopped it.

    Where there is a ``doubt`` policy would let it be done, and nobody knows whether it is done already.
    """

    decision: Decision
    why: str
    halt: Halt | None = None
    rejection: Rejected | None = None
    doubt: InDoubt | None = None


Ruling: TypeAlias = Permit | Hold | Refuse


def decision_to_wire(decision: Decision) -> dict[str, Any]:
    """Return a decision's JSON form: the rules that decided, not all that were considered."""
    signatures = decision.signatures
    return {
        "step": decision.step,
        "verdict": decision.verdict.value,
        "mode": decision.mode.value,
        "signatures": signatures and {"count": signatures.count, "groups": list(signatures.groups)},
        "roles": list(decision.roles),
        "overridable": decision.otherwise is not None,
        "findings": [finding_to_wire(finding) for finding in decision.findings],
    }


def finding_to_wire(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "place": str(finding.place) if finding.place else "",
        "outcome": finding.outcome.value,
        "reason": finding.reason,
        "level": finding.level.value,
        "overriders": list(finding.overriders),
    }


def consent_to_wire(consent: Consent) -> dict[str, Any]:
    return {
        "kind": consent.kind.value,
        "digest": consent.digest,
        "person": consent.person,
        "at": consent.at,
        "groups": list(consent.groups),
        "approvals": [
            {
                "id": signed.approval,
                "person": signed.person,
                "groups": list(signed.groups),
                "steps": list(signed.steps),
                "until": signed.until,
            }
            for signed in consent.signed
        ],
        "overrides": list(map(override_to_wire, consent.overrides)),
    }


def override_to_wire(override: Overridden) -> dict[str, Any]:
    return {
        "id": override.override,
        "person": override.person,
        "rules": {rule: list(steps) for rule, steps in override.rules.items()},
        "reason": override.reason,
        "until": override.until,
        "break_glass": override.breaks_glass,
        "review_within": override.review_within,
    }


def consent_from_wire(wire: Mapping[str, Any]) -> Consent:
    return Consent(
        kind=ConsentKind(wire["kind"]),
        digest=wire["digest"],
        person=wire["person"],
        at=wire["at"],
        groups=tuple(wire["groups"]),
        signed=tuple(
            Signed(
                approval=item["id"],
                person=item["person"],
                groups=tuple(item["groups"]),
                steps=tuple(item["steps"]),
                until=item["until"],
            )
            for item in wire.get("approvals", ())       # traces from before there were any
        ),
        overrides=tuple(
            Overridden(
                override=item["id"],
                person=item["person"],
                rules={rule: tuple(steps) for rule, steps in item["rules"].items()},
                reason=item["reason"],
                until=item["until"],
                breaks_glass=item["break_glass"],
                review_within=item["review_within"],
            )
            for item in wire.get("overrides", ())
        ),
    )
