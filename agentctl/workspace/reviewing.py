"""Reviews of runs under broken glass: which are owed, and one made, signed and recorded."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

from agentctl.engine.reviews import may_review, objection
from agentctl.errors import ConsentMissing, Refused, Usage
from agentctl.identity import statements as files
from agentctl.model.debt import Debt
from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.model.review import Statement
from agentctl.model.run import Run
from agentctl.trace.record import Kind
from agentctl.workspace.approving import as_text
from agentctl.workspace.lineage import FOLDER
from agentctl.workspace.owing import owed
from agentctl.workspace.unlocking import locked, record_act
from agentctl.workspace.workspace import Workspace

_WAIT = 30.0        # seconds a signed review waits for the workspace before it is lost


def owed_by(workspace: Workspace, name: str, person: str) -> tuple[Run, Debt]:
    """Return the run that ``person`` may review, and what is owed for it.

    Raises Usage where none is, Refused where it is not theirs to review.
    """
    run = workspace.run(name)
    debt = next((debt for debt in owed(workspace) if debt.run == run.id), None)
    if debt is None:
        later = next((debt.run for debt in owed(workspace) if debt.run in run.resumed_by), "")
        told = f" It went on as {later}, which does." if later else ""
        raise Usage(
            "Nothing to review", f"Run {run.id} owes no review.{told}", hint="`agentctl runs --unreviewed` lists them."
        )
    if person not in (may := may_review(workspace.policy, run, debt)):
        who = f"May: {', '.join(may)}." if may else "Nobody else in the policy's `people:` has a key."
        raise Refused(
            "A second person reviews",
            f"`{person}` broke the glass, asked for it, started it, or has no key. {who}",
        )
    return run, debt


def review(workspace: Workspace, run: Run, debt: Debt, person: str, reason: str, key: Path, shown: str) -> None:
    """Have the review of ``run`` signed and recorded. Raises Usage, Locked, ConsentMissing if it would not count."""
    workspace.check_clock()
    signed = files.sign(
        Statement(
            run=run.id,
            digest=run.digest,
            lineage=workspace.lineage,
            person=person,
            reason=reason,
            from_=as_text(workspace.time()),
            shown=shown,
        ),
        key,
    )
    with locked(workspace, "", _WAIT):
        if debt not in owed(workspace):
            raise Usage("Nothing to review", f"Run {run.id} was reviewed, or went on, meanwhile.")
        if why := objection(signed, run, debt, workspace.policy, workspace.lineage):
            raise ConsentMissing(
                "The review would not count",
                f"{why}.",
                hint="Sign as yourself (--as) with a key that the policy lists under your `keys:` (--key).",
            )
        record_act(workspace, Kind.REVIEW, {
            "id": signed.statement.id,
            "statement": signed.statement.to_wire(),
            "signature": signed.signature,
            "user": workspace.person,
            "host": socket.gethostname(),
        })


def findings(workspace: Workspace) -> Iterator[Diagnostic]:
    """Yield what ``policy lint`` says of owed reviews: a warning while there is time, an error once there is none."""
    if not (workspace.root / FOLDER).is_dir():
        return
    if damage := workspace.history().damage:
        yield Diagnostic(
            severity=Severity.ERROR, code="reviews-untold", summary="Owed reviews cannot be told",
            detail=f"The trace is damaged: {damage[0]}.", hint="agentctl verify", span=None,
        )
    now = workspace.time()
    for debt in owed(workspace):
        late = debt.overdue(now)
        yield Diagnostic(
            severity=Severity.ERROR if late else Severity.WARNING,
            code="review-overdue" if late else "review-owed",
            summary="Review overdue" if late else "Review owed",
            detail=f"Run {debt.run}: {' and '.join(debt.people)} broke the glass at {debt.at}: {debt.reason}. "
            f"Somebody else had to review it by {debt.due}." if late else
            f"Run {debt.run}: {' and '.join(debt.people)} broke the glass at {debt.at}: {debt.reason}. "
            f"Somebody else reviews it by {debt.due}.",
            hint=f"agentctl review {debt.run} --reason …",
            span=None,
        )
