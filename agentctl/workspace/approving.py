"""Signed approvals in a workspace: made, taken in, and found again for the changeset they are for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from agentctl.engine.approvals import Weighed, weigh
from agentctl.engine.gate import check_decided, irreversible_groups
from agentctl.engine.keys import done_by
from agentctl.engine.preview import Preview
from agentctl.errors import ConsentMissing, Invalid, Tampered, Usage
from agentctl.facts import dataclass, replace
from agentctl.identity import statements as files
from agentctl.model.approval import Approval, Statement
from agentctl.model.changeset import ChangeSet
from agentctl.model.clock import corrections, void_before
from agentctl.model.decision import Consent, Hold
from agentctl.model.run import History, Run, RunStatus
from agentctl.model.statement import Attested, Signable
from agentctl.store import atomic
from agentctl.store import statements as store
from agentctl.store.changesets import is_changeset
from agentctl.views.safe import line
from agentctl.workspace import judging
from agentctl.workspace.previewing import preview_of
from agentctl.workspace.workspace import Workspace

_SHORT = 12
_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class Damaged:
    """A file among the approvals that is none: where, how the digest it was about begins (or nothing), and why."""

    file: str
    about: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person wants to sign: as whom, for which steps (none named: all), for how long, with which key."""

    person: str
    group: str
    steps: Sequence[str]
    reason: str
    seconds: float
    key: Path


def sign(workspace: Workspace, changeset: ChangeSet, wish: Wish, shown: str) -> Approval:
    """Have ``wish`` signed, check that it counts, and keep it. Raises Usage, or ConsentMissing where it does not."""
    workspace.check_clock()
    now, void = workspace.time(), void_before(corrections(workspace.history().acts))
    statement = Statement(
        digest=changeset.digest,
        effects=changeset.effects,
        lineage=changeset.lineage,
        person=wish.person,
        from_=as_text(now),
        until=as_text(now + timedelta(seconds=wish.seconds)),
        shown=shown,
        steps=tuple(wish.steps),
        group=wish.group,
        reason=wish.reason,
        irreversible=irreversible_groups(changeset, wish.steps),
    )
    approval = files.sign(statement, wish.key)
    if refused := weigh([approval], changeset, workspace.policy, now, {}, void).refused:
        raise ConsentMissing(
            "The approval would not count",
            f"{refused[0][1]}.",
            hint="Sign as yourself (--as) with a key that the policy lists under your `keys:` (--key).",
        )
    keep(workspace, approval)
    return approval


def preview_to_sign(workspace: Workspace, subject: str) -> Preview:
    """Return the preview of what is to be signed: of a run that stopped, with the steps it did taken as done."""
    from agentctl.engine.again import preview_again

    path = Path(subject)
    if path.is_file() and not is_changeset(path):
        return preview_of(workspace, subject)
    changeset, hidden = workspace.stored(subject)
    stopped = [
        run
        for run in workspace.history().runs
        if run.digest == changeset.digest and run.status is not RunStatus.COMPLETE and not run.resumed_by
    ]
    if not stopped:
        return preview_of(workspace, subject)
    run = stopped[-1]
    values = workspace.values(run)
    done = {step.id: done_by(run, step, values) for step in run.steps if step.status.done}
    skip = frozenset(step.id for step in run.steps if step.resolved == "skip")
    judge = workspace.judge_of(changeset, hidden)
    return preview_again(changeset, hidden, workspace.readable, judge, workspace.vault, done, {}, skip, run.id)


def signer(workspace: Workspace, name: str) -> str:
    """Return the name in the policy of the person called ``name``, or of who runs this. Raises Usage."""
    person = workspace.policy.person(name or workspace.person)
    if person is None:
        raise Usage(
            "Nobody of that name",
            f"`{name or workspace.person}` is nobody in the policy's `people:`.",
            hint="Say who you are there with --as.",
        )
    return person.name


def keep(workspace: Workspace, approval: Approval) -> None:
    statement = approval.statement
    store.save(workspace.layout, Statement.NOUN, statement.digest, statement.id, approval.text)


def write(path: Path, attested: Attested[Signable]) -> None:
    """Write a signed statement to a file that travels. Raises Unwritable."""
    atomic.replace(path, [attested.text], 0o600)


def take_in(workspace: Workspace, changeset: ChangeSet, paths: Iterable[Path], resumes: str = "") -> None:
    """Keep the approvals of ``paths``. Raises Invalid, or ConsentMissing where one does not count for ``changeset``."""
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Invalid("The approval cannot be read", f"{path}: {error.strerror}.") from error
        approval = files.parse(data, str(path), Statement)
        if refused := _weigh(workspace, [approval], changeset, resumes).refused:
            raise ConsentMissing(
                "The approval does not count",
                f"{line(f'{path}: {_told(workspace, approval, changeset, refused[0][1])}')}. Nothing was executed.",
                hint="To have exactly this approved:",
                command=f"agentctl approve {short(changeset)}",
            )
        keep(workspace, approval)


def take_in_for(workspace: Workspace, run: str, paths: Sequence[Path]) -> None:
    """Keep the approvals of ``paths`` for going on with ``run``. Raises as ``take_in``."""
    if paths:
        old = workspace.run(run)
        take_in(workspace, workspace.stored(old.digest)[0], paths, old.id)


def gathered(workspace: Workspace, changeset: ChangeSet, resumes: str = "") -> Weighed:
    """Return what the kept approvals of ``changeset`` are worth now; ``resumes`` is the run that goes on."""
    of_it = [approval for approval in every(workspace) if approval.statement.digest == changeset.digest]
    return _weigh(workspace, of_it, changeset, resumes) if of_it else Weighed()


def why_not(workspace: Workspace, changeset: ChangeSet) -> list[str]:
    """Return of each approval that is there and may have been meant for ``changeset`` why it does not count."""
    near = [one for one in every(workspace) if _near(workspace, one.statement, changeset)]
    refused = _weigh(workspace, near, changeset, "").refused[-_TOLD:] if near else ()
    lines = [
        line(f"`{approval.statement.person}`'s approval does not count: {_told(workspace, approval, changeset, why)}.")
        for approval, why in refused
    ]
    unreadable = damaged(workspace, changeset.digest)[:_TOLD]
    return [*lines, *(f"A kept approval cannot be read: {line(one.why)}" for one in unreadable)]


def _near(workspace: Workspace, statement: Statement, changeset: ChangeSet) -> bool:
    if statement.digest == changeset.digest or statement.effects == changeset.effects:
        return True
    other = _stored(workspace, statement.digest)
    return other is not None and other.plan == changeset.plan


def _told(workspace: Workspace, approval: Approval, changeset: ChangeSet, why: str) -> str:
    """Return ``why`` an approval does not count, with what moved since, and what planning or signing again helps."""
    from agentctl.engine import differing

    statement = approval.statement
    if statement.lineage != changeset.lineage:
        return why
    if statement.digest == changeset.digest:
        return f"{why}. The digest is still the same, so it can be signed again without planning anew"
    other = _stored(workspace, statement.digest)
    differences = list(differing.between(other, changeset))[:_TOLD] if other is not None else []
    return f"it is for another changeset: {'; '.join(differences)}" if differences else why


def _stored(workspace: Workspace, digest: str) -> ChangeSet | None:
    """Return a changeset that somebody signed, if it is here and whole."""
    try:
        return workspace.stored(digest)[0]
    except (Usage, Tampered, Invalid):
        return None


def every(workspace: Workspace) -> list[Approval]:
    """Return all kept approvals that can be read, oldest first and those of one second by who signed them.

    One that can't be read is consent to nothing.
    """
    kept = [one for one in _kept(workspace) if not isinstance(one, Damaged)]
    return sorted(kept, key=lambda one: (one.statement.from_, one.statement.person, one.statement.id))


def damaged(workspace: Workspace, digest: str) -> list[Damaged]:
    """Return the kept files that can't be read and may have been approvals of ``digest``, or of what begins like it."""
    wanted = digest.removeprefix("sha256:")
    return [
        one
        for one in _kept(workspace)
        if isinstance(one, Damaged) and (one.about.startswith(wanted) or wanted.startswith(one.about))
    ]


def _kept(workspace: Workspace) -> Iterator[Approval | Damaged]:
    for one in store.kept(workspace.layout, Statement.NOUN):
        try:
            yield files.parse(one.content, str(one.path), Statement)
        except Invalid as error:
            yield Damaged(file=str(one.path), about=one.about, why=one.why or error.detail)


def listed(workspace: Workspace, subject: str) -> list[tuple[Approval, str, str]]:
    """Return the kept approvals, each with the run that used it and why it does not count, or nothing.

    With ``subject``, a digest or the beginning of one, only those for it.
    """
    used = used_up(workspace.history())
    found = []
    for approval in every(workspace):
        statement = approval.statement
        if not statement.digest.removeprefix("sha256:").startswith(subject.removeprefix("sha256:")):
            continue
        run = used.get(statement.id, "")
        why = "" if run else _worth(workspace, approval)
        found.append((approval, run, why))
    return found


def _worth(workspace: Workspace, approval: Approval) -> str:
    from agentctl.engine.again import rules_moved

    if workspace.history().damage:
        return "the trace is damaged, so whether it was used cannot be told"
    try:
        changeset, _ = workspace.stored(approval.statement.digest)
    except (Usage, Tampered) as error:
        return f"its changeset cannot be looked at: {error.summary}"
    if refused := _weigh(workspace, [approval], changeset, "").refused:
        return _told(workspace, approval, changeset, refused[0][1])
    moved = list(rules_moved(changeset, workspace.systems, workspace.judge_now(changeset.purpose)))
    return f"{'; '.join(moved)}. Planning again makes another changeset, to be approved anew" if moved else ""


def confirm(workspace: Workspace, changeset: ChangeSet, consent: Consent, resumes: str = "") -> None:
    """Check, under the lock, that every approval ``consent`` rests on still counts. Raises ConsentMissing."""
    if not consent.signed:
        return
    weighed = gathered(workspace, changeset, resumes)
    counted = set(weighed.counted)
    why = {approval.statement.id: reason for approval, reason in weighed.refused}
    for signed in consent.signed:
        if signed not in counted:
            reason = why.get(signed.approval, "it is gone, or its person's groups changed")
            raise ConsentMissing(
                "The approval does not count any more",
                f"Of `{signed.person}`'s approval: {reason}. Nothing was executed.",
                hint="To have exactly this approved again:",
                command=f"agentctl approve {short(changeset)}",
            )


def renewed(workspace: Workspace, preview: Preview, consent: Consent, resumes: str) -> Consent:
    """Return the consent run ``resumes`` goes on under: what was answered then, with the approvals that count now.

    Raises ConsentMissing where what it rested on expired, or was revoked, and nothing renewed it; Refused where it is
    not the time for it.
    """
    weighed = gathered(workspace, preview.changeset, resumes)
    now = replace(consent, signed=weighed.counted)
    rulings = judging.judge(workspace, preview, now)
    check_decided(rulings)
    holds = [ruling for ruling in rulings.values() if isinstance(ruling, Hold)]
    if consent.signed and holds:
        reasons = "; ".join(f"`{approval.statement.person}`'s: {why}" for approval, why in weighed.refused)
        raise ConsentMissing(
            "The approval does not count any more",
            f"Step `{holds[0].decision.step}` needs {holds[0].needs[0].what}. {reasons}.".replace(". .", "."),
            hint=f"Run {resumes} goes on once the same changeset is approved again:",
            command=f"agentctl approve {short(preview.changeset)}",
        )
    return now


def used_up(history: History, resumes: str = "") -> dict[str, str]:
    """Return the approvals named by runs, each with the run; those of ``resumes`` and what it resumed are its own."""
    return {signed.approval: run.id for run in unrelated(history, resumes) for signed in run.consent.signed}


def unrelated(history: History, resumes: str) -> list[Run]:
    """Return the runs that ``resumes`` does not go on with, neither at once nor through others."""
    own: set[str] = set()
    run = history.run(resumes) if resumes else None
    while run is not None and run.id not in own:
        own.add(run.id)
        run = history.run(run.resumes) if run.resumes else None
    return [run for run in history.runs if run.id not in own]


def short(changeset: ChangeSet) -> str:
    return changeset.digest.removeprefix("sha256:")[:_SHORT]


def _weigh(workspace: Workspace, approvals: Iterable[Approval], changeset: ChangeSet, resumes: str) -> Weighed:
    history = workspace.history()
    return weigh(
        approvals,
        changeset,
        workspace.policy,
        workspace.time(),
        used_up(history, resumes),
        void_before(corrections(history.acts)),
    )


def as_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
