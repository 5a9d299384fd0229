"""``agentctl review``: a second person looks into a run under broken glass."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument
from agentctl.cli.options import As, DiffOption, Key, Reason
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.errors import ConsentMissing
from agentctl.views.look import Detail


def review(
    session: Session,
    run: Annotated[
        str,
        argument(
            metavar="RUN", help="A run's id, a unique beginning of it, or `latest`.", show_default=False,
            offers="runs",
        ),
    ],
    reason: Reason,
    as_: As = "",
    key: Key = None,
    diff: DiffOption = Detail.COMPACT,
) -> None:
    """Look into a run for which somebody broke the glass, and sign what you found. That closes the review it owes.

    Shows the run and asks for `yes` on a terminal. Whoever broke the glass, requested the change, started the run or
    wrote the plan cannot review it. `agentctl runs --unreviewed` lists what is owed.

        agentctl review latest --reason "needed; the rule now lets fixes pass"
    """
    from agentctl.cli.consent import ask_for
    from agentctl.model.canonical import digest
    from agentctl.workspace import reviewing
    from agentctl.workspace.approving import signer
    from agentctl.workspace.halting import checked
    from agentctl.workspace.showing import document_of

    workspace, found = session.workspace(), checked(reason)
    person = signer(workspace, as_)
    looked, debt = reviewing.owed_by(workspace, run, person)
    document, draw = document_of(workspace, looked.id, "")
    emit(document, draw, session, detail=diff)
    if not session.interactive:
        raise ConsentMissing(
            "Not reviewed",
            "Nobody is here to answer: a review is signed by a person who was shown the run, on a terminal.",
            hint="On a terminal, run:",
            command=f"agentctl review {looked.id} --reason …",
        )
    ask_for(f"Sign as {person} that you looked into exactly this run? Only `yes` is accepted: ", {})
    path = (key or Path.home() / ".ssh" / "id_ed25519").expanduser()
    reviewing.review(workspace, looked, debt, person, found, path, digest(document))
    talk(f"Reviewed by {person} and recorded. Run {looked.id} owes no review any more.\n")
