"""Asking a person: only the literal ``yes`` consents, and what cannot be undone is asked for by name and number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from agentctl.cli.output import talk
from agentctl.cli.session import Session
from agentctl.engine.gate import asked_of, check_decided, irreversible
from agentctl.errors import ConsentMissing
from agentctl.facts import replace
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Consent, ConsentKind, Decision, Hold, Need, Ruling
from agentctl.views.safe import escape


def consent_to(
    changeset: ChangeSet,
    rulings: Mapping[str, Ruling],
    session: Session,
    *,
    given: Consent,
    auto_approve: bool,
    may_sign: Callable[[Decision], Sequence[str]],
    why_not: Callable[[], Sequence[str]],
) -> Consent:
    """Return ``given`` with what ``rulings``, made under it, still lack.

    Raises ConsentMissing where nobody is there to ask, the answer is not the one asked for, or only a signature helps;
    Refused where no consent does. ``may_sign`` tells who may sign for what a decision asks, ``why_not`` why approvals
    that are there do not count.
    """
    check_decided(rulings)
    needs = _needs(rulings)
    if not needs:
        return given
    groups = _unsigned_groups(changeset, given)
    if auto_approve and not groups and all(need.kind is ConsentKind.AUTO_APPROVE for need in needs):
        return replace(given, kind=ConsentKind.AUTO_APPROVE)
    _only_a_yes(changeset, rulings, may_sign, why_not)
    if not session.interactive:
        raise ConsentMissing(
            "Consent needed",
            f"{needs[0].what}; there is no terminal to ask on.",
            hint="To review and consent, run on a terminal:",
            command=f"agentctl apply {_short(changeset)}",
        )
    ask_for("Do exactly this? Only `yes` is accepted: ", groups)
    return replace(given, kind=ConsentKind.YES, groups=tuple(groups))


def ask_for(question: str, groups: Mapping[str, int]) -> None:
    """Ask for ``yes``, then for each group that cannot be undone by name and number. Raises ConsentMissing."""
    ask(question, "yes")
    for action, number in groups.items():
        word = action.rpartition(".")[2]
        times = "once" if number == 1 else f"{number} times"
        ask(f"`{action}` cannot be undone and happens {times}. Type `{word} {number}` to do it: ", f"{word} {number}")


def _unsigned_groups(changeset: ChangeSet, given: Consent) -> dict[str, int]:
    """Return what cannot be undone and no approval names, counted by action."""
    groups: dict[str, int] = {}
    for change in changeset.changes:
        if irreversible(change) and not given.signers(change.step):
            groups[change.action] = groups.get(change.action, 0) + 1
    return groups


def _needs(rulings: Mapping[str, Ruling]) -> list[Need]:
    return [need for ruling in rulings.values() if isinstance(ruling, Hold) for need in ruling.needs]


def _only_a_yes(
    changeset: ChangeSet,
    rulings: Mapping[str, Ruling],
    may_sign: Callable[[Decision], Sequence[str]],
    why_not: Callable[[], Sequence[str]],
) -> None:
    """Refuse to ask here for what only a signature can give."""
    for step, ruling in rulings.items():
        for need in ruling.needs if isinstance(ruling, Hold) else ():
            if need.kind is ConsentKind.SIGNATURES:
                raise _unsigned(changeset, step, ruling.decision, need, may_sign(ruling.decision), why_not())


def _unsigned(
    changeset: ChangeSet, step: str, decision: Decision, need: Need, people: Sequence[str], others: Sequence[str]
) -> ConsentMissing:
    """Say which rule asks whom for what, and what they type."""
    rules = [finding for finding in decision.findings if finding.place is not None]
    rule = f"Rule `{rules[0].rule}` ({rules[0].place})" if rules else "Policy"
    enough = len(people) >= asked_of(decision).count
    who = f"May sign: {', '.join(people)}." if people else "Nobody in the policy's `people:` may sign for it."
    if people and not enough:
        who += " That is too few for it."
    return ConsentMissing(
        "Approval required",
        "\n".join([f"Step `{step}`: {rule} asks for {need.what}.", *others, f"{who} Nothing was executed."]),
        hint="To review and approve exactly this, each of them runs:"
        if enough
        else "Only people with a key of their own may, and never the requester. To see what the policy lacks:",
        command=f"agentctl approve {_short(changeset)}" if enough else "agentctl policy lint",
    )


def _short(changeset: ChangeSet) -> str:
    return changeset.digest.removeprefix("sha256:")[:12]


def ask(question: str, answer: str) -> None:
    """Ask ``question`` on the terminal. Raises ConsentMissing unless it is answered by exactly ``answer``."""
    talk(escape(question))
    given = sys.stdin.readline().strip()
    if given != answer:
        raise ConsentMissing("Not consented", f"The answer was not `{answer}`. Nothing was executed.")
