"""What must be so besides the record for a grant to count: where and when, to whom, on what evidence, how surely."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec, Fidelity, Reversibility
from agentctl.model.change import Change, Effect
from agentctl.model.plan import Evidence, Plan, Step
from agentctl.model.values import has_unknown
from agentctl.policy import recipients
from agentctl.policy.citing import Cited, lacking
from agentctl.policy.recipients import NotARecipient, Recipient

if TYPE_CHECKING:
    from agentctl.policy.windows import Window

_LONGEST_SHOWN = 80


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """The constraints of one grant. ``None`` is no restriction."""

    environments: tuple[str, ...] | None = None
    recipients: tuple[Recipient, ...] | None = None
    evidence: Cited | None = None
    reversibility: Reversibility | None = None
    fidelity: Fidelity | None = None
    windows: tuple[Window, ...] | None = None


UNCONSTRAINED = Constraints()


class Circumstances(Protocol):
    """What a change is judged under, as far as constraints look at it."""

    @property
    def plan(self) -> Plan: ...

    @property
    def step(self) -> Step: ...

    @property
    def spec(self) -> ActionSpec: ...

    @property
    def environment(self) -> str: ...

    @property
    def now(self) -> datetime: ...

    @property
    def final(self) -> bool: ...

    def checked(self, evidence: Evidence, /) -> bool | None:
        """Whether the source was read and is what the plan says of it; None where that can't be told any more."""
        ...


@dataclass(frozen=True)
class Unmet:
    """Why a grant does not count. ``open`` is whether it may still come to count before the effect."""

    why: str
    open: bool = False


def unmet(constraints: Constraints, change: Change, around: Circumstances) -> Unmet | None:
    """Return the first of ``constraints`` that does not hold for ``change``, if one doesn't."""
    if why := elsewhere(constraints, around):
        return Unmet(why)
    if constraints.recipients is not None and (why := _stranger(constraints.recipients, change, around.spec)):
        return Unmet(f"names whom may be written to, and {why}")
    if constraints.evidence is not None and (lack := lacking(constraints.evidence, around)):
        return Unmet(lack.why, lack.untold)
    if change.effect not in (Effect.READ, Effect.NO_OP):
        if constraints.reversibility is not None and (why := _lasting(constraints.reversibility, change, around.spec)):
            return Unmet(why)
        if constraints.fidelity is not None and (why := _unforeseen(constraints.fidelity, around.spec)):
            return Unmet(why)
    if constraints.windows is not None and (why := _closed(constraints.windows, around)):
        return Unmet(f"counts only {why}", open=not around.final)
    return None


def to_wire(constraints: Constraints) -> dict[str, Any]:
    """Return the JSON form of ``constraints``, null for what they leave open."""
    evidence = constraints.evidence
    return {
        "environments": None if constraints.environments is None else list(constraints.environments),
        "recipients": None if constraints.recipients is None else list(map(_text, constraints.recipients)),
        "evidence": evidence and {
            "count": evidence.count,
            "kinds": None if evidence.kinds is None else list(evidence.kinds),
            "verified": evidence.verified,
        },
        "reversibility": constraints.reversibility and constraints.reversibility.value,
        "fidelity": constraints.fidelity and constraints.fidelity.value,
        "windows": None if constraints.windows is None else _windows_to_wire(constraints.windows),
    }


def _closed(windows: tuple[Window, ...], around: Circumstances) -> str:
    from agentctl.policy.windows import closed

    return closed(windows, around.now)


def _windows_to_wire(windows: tuple[Window, ...]) -> list[dict[str, Any]]:
    from agentctl.policy.windows import window_to_wire

    return list(map(window_to_wire, windows))


def elsewhere(constraints: Constraints, around: Circumstances) -> str:
    """Return why ``constraints`` are for other environments than this one, or nothing."""
    named = constraints.environments
    if named is None or around.environment in named:
        return ""
    return f"counts only in {' and '.join(named)}, and this is `{around.environment}`"


def spared(constraints: Constraints, change: Change, around: Circumstances) -> str:
    """Return why a forbidding grant is not about ``change``, or nothing. One recipient that it may mean is enough."""
    if why := elsewhere(constraints, around):
        return why
    if constraints.recipients is not None and not _concerns(constraints.recipients, change, around.spec):
        return "forbids other recipients"
    if constraints.windows is not None and _closed(constraints.windows, around):
        return f"forbids only {'; '.join(map(str, constraints.windows))}"
    return ""


def _stranger(allowed: tuple[Recipient, ...], change: Change, spec: ActionSpec) -> str:
    """Return which recipient nobody allowed, or that there is none to look at; nothing where all are."""
    found = list(recipients.named(change.arguments, spec.recipients))
    if not found:
        return "this names nobody" if spec.recipients else f"`{change.action}` has no recipients"
    for name, value in found:
        if has_unknown(value):
            return f"one of `{name}` is not known before apply"
        if not isinstance(value, str):
            return f"what `{name}` holds is no recipient"
        try:
            if not any(allow(value) for allow in allowed):
                return f"`{name}` holds {_told(value, spec)}, which {' and '.join(map(_text, allowed))} do not name"
        except NotARecipient as error:
            return f"`{name}` holds {_told(value, spec)}: {error}"
    return ""


def _concerns(forbidden: tuple[Recipient, ...], change: Change, spec: ActionSpec) -> bool:
    for _, value in recipients.named(change.arguments, spec.recipients):
        try:
            if not isinstance(value, str) or any(forbid(value) for forbid in forbidden):
                return True
        except NotARecipient:
            return True
    return False


def _told(value: str, spec: ActionSpec) -> str:
    # An argument may repeat a hidden field under another name: where a record has any, none is shown.
    if spec.sensitive or spec.sealed:
        return "somebody (hidden)"
    return f"`{value[:_LONGEST_SHOWN]}…`" if len(value) > _LONGEST_SHOWN else f"`{value}`"


def _text(recipient: Recipient) -> str:
    return recipient.text


def _lasting(least: Reversibility, change: Change, spec: ActionSpec) -> str:
    """Return how the change can be undone where that is less than ``least``: by what it is, not by its kind alone."""
    kind = min(change.inverse.kind, spec.reversibility, key=lambda kind: kind.rank)
    if kind.rank >= least.rank:
        return ""
    can = "can't be undone" if kind is Reversibility.NONE else "can only be made up for"
    why = f" ({change.inverse.stays})" if change.inverse.stays and kind is Reversibility.NONE else ""
    return f"is only for what can be undone ({least}), and this {can}{why}"


def _unforeseen(least: Fidelity, spec: ActionSpec) -> str:
    if spec.preview.rank >= least.rank:
        return ""
    can = "can't be foreseen" if spec.preview is Fidelity.NONE else "can be foreseen in part only"
    return f"is only for what can be foreseen ({least}), and this {can}"
