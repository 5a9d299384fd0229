"""``agentctl approve``: sign what was reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.options import As, DiffOption, Key, seconds
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.errors import ConsentMissing
from agentctl.views.look import Detail


def approve(
    session: Session,
    subject: Annotated[
        str,
        argument(
            metavar="DIGEST|FILE", help="The changeset that was reviewed: its digest or its file.", show_default=False,
            offers="subjects",
        ),
    ],
    as_: As = "",
    group: Annotated[
        str, option("--group", metavar="GROUP", help="Approve for this group of yours only.")
    ] = "",
    reason: Annotated[str, option("--reason", metavar="TEXT", help="Why. Signed with the rest.")] = "",
    expires: Annotated[str, option("--expires", metavar="TIME", help="How long it is good: 30m, 4h.")] = "4h",
    step: Annotated[
        list[str] | None, option("--step", metavar="ID", help="Approve only this step (repeatable).")
    ] = None,
    key: Key = None,
    out: Annotated[
        Path | None, option("--out", "-o", metavar="FILE", help="Also write the approval to FILE, to send it on.")
    ] = None,
    diff: DiffOption = Detail.COMPACT,
) -> None:
    """Review a changeset and sign your consent to exactly that. It is good once, and until it expires.

    Asks for `yes` on a terminal, and for what cannot be undone by name and number. There is no option that answers
    for you. The requester's own approval, and an agent's, does not count.

        agentctl approve 3f9a1c2b77de --reason "asked in ticket 4711"
        agentctl approve reviewed.changeset --key ~/.ssh/approvals -o lead.approval
    """
    from agentctl.cli.carry import refuse
    from agentctl.cli.consent import ask_for
    from agentctl.engine.gate import irreversible_groups
    from agentctl.model.canonical import digest
    from agentctl.views.document.changeset import changeset as document
    from agentctl.views.terminal.changeset import draw_changeset
    from agentctl.workspace import approving, judging
    from agentctl.workspace.consenting import given

    workspace, steps = session.workspace(), tuple(dict.fromkeys(step or ()))
    wish = approving.Wish(
        person=approving.signer(workspace, as_),
        group=group,
        steps=steps,
        reason=reason,
        seconds=seconds(expires),
        key=(key or Path.home() / ".ssh" / "id_ed25519").expanduser(),
    )
    preview = approving.preview_to_sign(workspace, subject)
    changeset = preview.changeset
    for name in steps:
        judging.check_step(preview, name)
    consent = given(workspace, changeset)
    rulings = judging.judge(workspace, preview, consent)
    shown = document(
        changeset, rulings, workspace.specs, None, preview.hidden, preview.author,
        judging.limits(workspace, preview, consent), consent.overrides,
    ) | {"next": []}
    emit(shown, draw_changeset, session, detail=diff)
    refuse(changeset, rulings)
    workspace.check_clock()     # before anybody is asked in vain
    if not session.interactive:
        raise ConsentMissing(
            "Not approved",
            "Nobody is here to answer: an approval is signed by a person who was shown this, on a terminal.",
            hint="On a terminal, run:",
            command=f"agentctl approve {approving.short(changeset)}",
        )
    what = f"only {', '.join(steps)} of this" if steps else "exactly this"
    ask_for(f"Sign as {wish.person} that {what} may be done? Only `yes` is accepted: ",
            irreversible_groups(changeset, steps))
    workspace.save_changeset(preview)
    approval = approving.sign(workspace, changeset, wish, digest(shown))
    if out is not None:
        approving.write(out, approval)
    talk(
        f"Signed by {wish.person}, good once until {approval.statement.until}. To carry it out:\n"
        f"    agentctl apply {approving.short(changeset)}\n"
    )
