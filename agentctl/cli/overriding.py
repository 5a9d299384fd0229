"""What override and break-glass share: show what is overridden, ask, have it signed and recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.cli.options import seconds
from agentctl.cli.output import emit, talk
from agentctl.errors import ConsentMissing
from agentctl.model.decision import Refuse
from agentctl.views.look import Detail

if TYPE_CHECKING:
    from agentctl.cli.session import Session
    from agentctl.engine.preview import Preview
    from agentctl.model.override import Statement
    from agentctl.workspace.overriding import Wish
    from agentctl.workspace.workspace import Workspace


def wish_of(workspace: Workspace, name: str, reason: str, expires: str, key: Path | None) -> Wish:
    """Return what the options ask for. Raises Usage where nobody is of that name, or the reason is none."""
    from agentctl.workspace.approving import signer
    from agentctl.workspace.halting import checked
    from agentctl.workspace.overriding import Wish

    return Wish(
        person=signer(workspace, name),
        reason=checked(reason),
        seconds=seconds(expires) if expires else None,
        key=(key or Path.home() / ".ssh" / "id_ed25519").expanduser(),
    )


def overrule(
    session: Session, preview: Preview, statement: Statement, wish: Wish, question: str, out: Path | None, diff: Detail
) -> None:
    """Show ``preview`` as policy judges it, ask ``question``, and have ``statement`` signed and recorded.

    Raises Refused where something else refuses it as well, ConsentMissing where nobody is there to ask.
    """
    from agentctl.cli.carry import refuse
    from agentctl.cli.consent import ask_for
    from agentctl.model.canonical import digest
    from agentctl.views.document.changeset import changeset as document
    from agentctl.views.terminal.changeset import draw_changeset
    from agentctl.workspace import judging, overriding
    from agentctl.workspace.approving import short, write
    from agentctl.workspace.consenting import given
    from agentctl.workspace.overriding import again

    workspace, changeset = session.workspace(), preview.changeset
    consent = given(workspace, changeset)
    shown = document(
        changeset, judging.judge(workspace, preview, consent), workspace.specs, None, preview.hidden, preview.author,
        judging.limits(workspace, preview, consent), consent.overrides,
    ) | {"next": []}
    emit(shown, draw_changeset, session, detail=diff)
    after = judging.judge(workspace, preview, overriding.supposed(consent, statement))
    refuse(changeset, {
        step: ruling for step, ruling in after.items()
        if not (isinstance(ruling, Refuse) and (ruling.halt or ruling.decision.otherwise))
    })
    if not session.interactive:
        raise ConsentMissing(
            "Not overridden",
            "Nobody is here to answer: an override is signed by a person who was shown this, on a terminal.",
            hint="On a terminal, run:",
            command=again(changeset, statement.rules, break_glass=statement.break_glass),
        )
    ask_for(question, {})
    workspace.save_changeset(preview)
    override = overriding.sign(workspace, changeset, statement, wish.key, digest(shown))
    if out is not None:
        write(out, override)
    owed = "Using it must be reviewed by somebody else.\n" if statement.break_glass else ""
    talk(
        f"Signed by {wish.person} and recorded, good once until {statement.until}.\n{owed}To carry it out:\n"
        f"    agentctl apply {short(changeset)}\n"
    )
