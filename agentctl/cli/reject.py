"""``agentctl reject``: sign that what was reviewed is not to be done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.options import As, DiffOption, Key
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.errors import Usage
from agentctl.views.look import Detail


def reject(
    session: Session,
    subject: Annotated[
        str,
        argument(
            metavar="DIGEST|FILE", help="The changeset that was reviewed, a plan, or a rejection that was sent here.",
            show_default=False, offers="subjects",
        ),
    ],
    reason: Annotated[str, option("--reason", metavar="TEXT", help="Why. Signed with the rest.")] = "",
    withdraw: Annotated[bool, option("--withdraw", help="Take back what you rejected.")] = False,
    as_: As = "",
    key: Key = None,
    out: Annotated[
        Path | None, option("--out", "-o", metavar="FILE", help="Also write it to FILE, to send it on.")
    ] = None,
    diff: DiffOption = Detail.COMPACT,
) -> None:
    """Say no, signed, to exactly what a changeset would do. Other words for the same changes are rejected, too.

    Anybody in the policy's people may, the requester as well. It stands whatever approvals there are, until the same
    person takes it back with --withdraw. A run that is going on is not stopped by it: `agentctl halt` does that.

        agentctl reject 3f9a1c2b77de --reason "the customer never asked for this"
        agentctl reject 3f9a1c2b77de --withdraw --reason "they did, see ticket 4711"
        agentctl reject ann.rejection
    """
    from agentctl.views.terminal.changeset import draw_changeset
    from agentctl.workspace import approving, rejecting

    workspace = session.workspace()
    if brought := rejecting.bring(workspace, Path(subject)):
        what = "rejection is kept" if not brought.statement.withdraws else "rejection is taken back"
        talk(f"{brought.statement.person}'s {what}. {rejecting.record(workspace)}".strip() + "\n")
        return
    if not reason.strip():
        raise Usage("Wrong usage", "--reason must say why: others will read it.")
    wish = rejecting.Wish(
        person=approving.signer(workspace, as_),
        reason=reason,
        key=(key or Path.home() / ".ssh" / "id_ed25519").expanduser(),
    )
    changeset, shown = rejecting.reviewed(workspace, subject)
    if not withdraw:
        emit(shown, draw_changeset, session, detail=diff)
    rejection = (rejecting.withdraw if withdraw else rejecting.reject)(workspace, changeset, wish)
    if out is not None:
        approving.write(out, rejection)
    talk(rejecting.told_of(workspace, changeset, rejection))
