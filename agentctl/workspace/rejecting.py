"""A changeset rejected by a person, signed, whoever approves it; and the rejection taken back by the same person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from agentctl.engine.rejections import told
from agentctl.engine.signers import not_of
from agentctl.errors import AgentctlError, ConsentMissing, Invalid, Locked, Refused, Usage
from agentctl.facts import dataclass, replace
from agentctl.identity import statements as files
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.rejection import Rejected, Rejection, Statement
from agentctl.store import statements as store
from agentctl.store.changesets import is_changeset
from agentctl.views.document.changeset import changeset as document
from agentctl.views.safe import line
from agentctl.workspace import judging
from agentctl.workspace.approving import as_text, short
from agentctl.workspace.halting import checked
from agentctl.workspace.previewing import preview_of
from agentctl.workspace.unlocking import locked
from agentctl.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person wants to sign: as whom, why, with which key."""

    person: str
    reason: str
    key: Path


def reviewed(workspace: Workspace, subject: str) -> tuple[ChangeSet, dict[str, Any]]:
    """Return a stored changeset, or that of a plan, and its document. Of a stored one no live system is asked."""
    path = Path(subject)
    if path.is_file() and not is_changeset(path):
        preview = preview_of(workspace, subject)
        workspace.save_changeset(preview)
        changeset, hidden, author = preview.changeset, preview.hidden, preview.author
        rulings = judging.judge(workspace, preview)
    else:
        changeset, hidden = workspace.stored(subject)
        by = workspace.judge_of(changeset, hidden)
        rulings, author = judging.judge_stored(workspace, changeset, by), by.author
    return changeset, document(changeset, rulings, workspace.specs, None, hidden, author) | {"next": []}


def reject(workspace: Workspace, changeset: ChangeSet, wish: Wish) -> Rejection:
    """Have ``wish`` signed and keep it: nothing with these effects begins any more. Raises Usage, ConsentMissing."""
    if changeset.purpose is Purpose.ROLLBACK:
        raise Usage("A rollback is not rejected", "Whoever is on call may put things back; policy says who that is.")
    return _sign(workspace, _statement(workspace, changeset, wish), wish)


def withdraw(workspace: Workspace, changeset: ChangeSet, wish: Wish) -> Rejection:
    """Have it signed that the person takes back every rejection of theirs. Raises Usage where there is none."""
    mine = tuple(one.id for one in judging.rejections(workspace, changeset) if one.person == wish.person)
    if not mine:
        raise Usage("Nothing to take back", f"No rejection of this by `{wish.person}` stands.")
    return _sign(workspace, replace(_statement(workspace, changeset, wish), withdraws=mine), wish)


def take_in(workspace: Workspace, changeset: ChangeSet, paths: Iterable[Path]) -> list[Path]:
    """Keep the rejections among ``paths``, which were brought along for ``changeset``; return the other paths.

    Whoever collects what people sent need not sort it. Raises ConsentMissing where one is not of this.
    """
    others = []
    for path in paths:
        rejection = bring(workspace, path)
        if rejection is None:
            others.append(path)
        elif rejection.statement.effects != changeset.effects:
            raise ConsentMissing("The rejection is not of this", f"{path}: it rejects other changes. Nothing was done.")
    return others


def take_in_for(workspace: Workspace, run: str, paths: Sequence[Path]) -> list[Path]:
    """Do the same for going on with ``run``."""
    return take_in(workspace, workspace.stored(workspace.run(run).digest)[0], paths) if paths else []


def bring(workspace: Workspace, path: Path) -> Rejection | None:
    """Keep the rejection in the file ``path``, made elsewhere, and return it; None where the file holds none.

    Raises ConsentMissing where it is of another workspace, or nobody's whom policy knows.
    """
    if not path.is_file() or not files.is_of(data := _read(path), Statement):
        return None
    rejection = files.parse(data, str(path), Statement)
    why = not_of(rejection, rejection.statement.person, workspace.policy)
    if not why and rejection.statement.lineage != workspace.lineage:
        why = "it is another workspace's"
    if why:
        raise ConsentMissing("The rejection does not count", f"{path}: {why}. Nothing was done.")
    _keep(workspace, rejection)
    return rejection


def told_of(workspace: Workspace, changeset: ChangeSet, rejection: Rejection) -> str:
    """Return what ``rejection`` means now that it is kept, and record it where that can be done at once."""
    person = rejection.statement.person
    if rejection.statement.withdraws:
        left = judging.rejections(workspace, changeset)
        lines = [f"`{person}` took the rejection back. It can be done again once it is consented to."]
        lines = lines if not left else [f"`{person}` took the rejection back. Another stands: {line(left[0].why)}"]
        return _lines([*lines, record(workspace)])
    return _lines([
        f"Rejected by `{person}`. Nothing with these effects begins here, whoever approves it. To take that back:",
        f"    agentctl reject {short(changeset)} --withdraw --reason …",
        record(workspace),
    ])


def record(workspace: Workspace) -> str:
    """Have the trace take up what was signed, if it can be had now; return why not, or nothing. It holds either way."""
    try:
        with locked(workspace, "", 0.0):
            return ""
    except Locked as error:
        return f"The trace records it when the workspace is free: {error.detail}"
    except AgentctlError as error:
        return f"It stands, but is not in the trace yet: {error.summary}: {error.detail}"


def refusal(rejected: Rejected, changeset: ChangeSet) -> Refused:
    """Return the error of a command that a rejection keeps from acting."""
    who = f" by `{rejected.person}`" if rejected.person else ""
    why = line(rejected.why).rstrip(".")
    return Refused(
        "Rejected",
        f"{why[:1].upper()}{why[1:]}. Nothing was executed.",
        hint=f"Approvals do not help while it stands. It can be taken back{who}:" if who else "",
        command=f"agentctl reject {short(changeset)} --withdraw --reason …" if who else "",
    )


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in lines if text)


def _statement(workspace: Workspace, changeset: ChangeSet, wish: Wish) -> Statement:
    return Statement(
        digest=changeset.digest,
        effects=changeset.effects,
        lineage=changeset.lineage,
        person=wish.person,
        reason=checked(wish.reason),
        from_=as_text(workspace.time()),
    )


def _sign(workspace: Workspace, statement: Statement, wish: Wish) -> Rejection:
    known = {other.id for other in told(workspace.history().acts)}
    while statement.id in known:        # the same words in the same second, taken back in between, are another no
        statement = replace(statement, from_=as_text(files.moment(statement.from_) + timedelta(seconds=1)))
    rejection = files.sign(statement, wish.key)
    if why := not_of(rejection, wish.person, workspace.policy):
        raise ConsentMissing(
            "The rejection would not count",
            f"{why}.",
            hint="Sign as yourself (--as) with a key that the policy lists under your `keys:` (--key).",
        )
    _keep(workspace, rejection)
    return rejection


def _keep(workspace: Workspace, rejection: Rejection) -> None:
    statement = rejection.statement
    if statement.id not in {other.id for other in told(workspace.history().acts)}:
        store.save(workspace.layout, Statement.NOUN, statement.effects, statement.id, rejection.text)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid("The rejection cannot be read", f"{path}: {error.strerror}.") from error
