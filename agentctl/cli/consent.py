"""Asking a person: only the literal ``yes`` consents, and what cannot be undone is asked for by name and number."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from agentctl.cli.output import talk
from agentctl.cli.session import Session
from agentctl.engine.gate import irreversible_groups
from agentctl.errors import ConsentMissing
from agentctl.model.change import ChangeSet
from agentctl.model.decision import Consent, ConsentKind, Hold, Need, Ruling
from agentctl.views.safe import escape


def consent_to(
    changeset: ChangeSet, rulings: Mapping[str, Ruling], session: Session, *, person: str, at: str, auto_approve: bool
) -> Consent:
    """Return the consent that ``rulings``, made without any, still lack.

    Raises ConsentMissing where nobody is there to ask, the answer is not the one asked for, or what is missing is not
    a person's to give here.
    """
    needs = _needs(rulings)
    if not needs:
        return Consent(digest=changeset.digest, person=person, at=at)
    groups = irreversible_groups(changeset)
    if auto_approve and not groups and all(need.kind is ConsentKind.AUTO_APPROVE for need in needs):
        return Consent(kind=ConsentKind.AUTO_APPROVE, digest=changeset.digest, person=person, at=at)
    _only_a_yes(needs)
    if not session.interactive:
        raise ConsentMissing(
            "Consent needed",
            f"{needs[0].what}; there is no terminal to ask on.",
            hint="To review and consent, run on a terminal:",
            command=f"agentctl apply {changeset.digest.removeprefix('sha256:')[:12]}",
        )
    _ask("Do exactly this? Only `yes` is accepted: ", "yes")
    for action, number in groups.items():
        word = action.rpartition(".")[2]
        times = "once" if number == 1 else f"{number} times"
        _ask(f"`{action}` cannot be undone and happens {times}. Type `{word} {number}` to do it: ", f"{word} {number}")
    return Consent(kind=ConsentKind.YES, digest=changeset.digest, person=person, at=at, groups=tuple(groups))


def _needs(rulings: Mapping[str, Ruling]) -> list[Need]:
    return [need for ruling in rulings.values() if isinstance(ruling, Hold) for need in ruling.needs]


def _only_a_yes(needs: Iterable[Need]) -> None:
    for need in needs:
        if need.kind not in (ConsentKind.YES, ConsentKind.AUTO_APPROVE):
            raise ConsentMissing(
                "Consent missing",
                f"This needs {need.what}.",
                hint="This version cannot take signed approvals; ask whoever keeps the policy.",
                command=need.command,
            )


def _ask(question: str, answer: str) -> None:
    talk(escape(question))
    given = sys.stdin.readline().strip()
    if given != answer:
        raise ConsentMissing("Not consented", f"The answer was not `{answer}`. Nothing was executed.")
