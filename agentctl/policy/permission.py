"""What grants, or ``rollback:``, say of a whole change, and how consents to parts of it become one."""

from __future__ import annotations

from collections.abc import Iterable

from agentctl.facts import dataclass
from agentctl.model.decision import Finding, Mode, Outcome, Signatures
from agentctl.model.diagnostic import Span
from agentctl.model.limit import Charge

_STRICTNESS = (Mode.AUTO, Mode.APPROVE, Mode.MANUAL, Mode.FORBID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """How far a change is permitted, by which rules. A denial among ``considered`` stands over mode and signatures."""

    mode: Mode = Mode.FORBID
    signatures: Signatures | None = None
    considered: tuple[Finding, ...] = ()
    reads: frozenset[str] | None = frozenset()
    roles: tuple[str, ...] = ()
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True)
class Consent:
    """What one covering grant asks for."""

    mode: Mode
    signatures: Signatures | None


class Irreconcilable(ValueError):
    """Two consents that no set of signatures we can ask for satisfies."""


def strictest(consents: Iterable[Consent]) -> Consent:
    """Return the consent that satisfies every one of ``consents``. Raises Irreconcilable."""
    mode, signatures = Mode.AUTO, None
    for consent in consents:
        mode = max(mode, consent.mode, key=_STRICTNESS.index)
        signatures = _both(signatures, consent.signatures)
    return Consent(mode, signatures)


def denial(rule: str, reason: str, place: Span | None = None, outcome: Outcome = Outcome.DENIES) -> Finding:
    """Return the finding that denies where no rule of the document speaks."""
    return Finding(rule=rule, place=place, outcome=outcome, reason=reason)


def _both(left: Signatures | None, right: Signatures | None) -> Signatures | None:
    if left is None or right is None:
        return left or right
    count = max(left.count, right.count)
    if not left.groups or not right.groups:
        return Signatures(count=count, groups=left.groups or right.groups)
    if shared := tuple(group for group in left.groups if group in right.groups):
        return Signatures(count=count, groups=shared)
    raise Irreconcilable(
        f"approvals are asked for from {' or '.join(left.groups)} by one grant and from {' or '.join(right.groups)} "
        "by another; this version can't ask for both"
    )
