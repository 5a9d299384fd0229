"""``agentctl gc``: drop what retention no longer keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from agentctl.cli.declared import option
from agentctl.cli.options import FormatOption, JsonInto, LockTimeout, seconds
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.errors import ConsentMissing, Unwritable, Usage
from agentctl.views.emit import Format

if TYPE_CHECKING:
    from agentctl.engine.sweep import Sweep


def gc(
    session: Session,
    keep: Annotated[
        str,
        option(
            "--keep", metavar="TIME|N", help="90d, or 50: the newest runs. Instead of what agentctl.yaml says."
        ),
    ] = "",
    dry_run: Annotated[
        bool, option("--dry-run", help="Only show what would be dropped, and what that costs.")
    ] = False,
    auto_approve: Annotated[
        bool, option("--auto-approve", help="Without being asked, as agentctl.yaml says; not with --keep.")
    ] = False,
    lock_timeout: LockTimeout = "0s",
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> None:
    """Drop hidden values and changesets that are older than retention keeps them.

    Says first what can then be undone no more, and asks. The trace is never touched, and tells what was dropped.
    Nothing goes that an unfinished run, an owed review or a legal hold needs.

        agentctl gc --dry-run
        agentctl gc --keep 90d
    """
    from agentctl.views.document.sweep import sweep as document
    from agentctl.views.terminal.sweep import draw_sweep
    from agentctl.workspace import retaining

    if auto_approve and keep:
        raise Usage("Wrong usage", "--auto-approve goes by agentctl.yaml, which others can review, and not by --keep.")
    workspace, command = session.workspace(), f"agentctl gc --keep {keep}" if keep else "agentctl gc"
    kept = retaining.retention(workspace, keep)
    found = retaining.survey(workspace, kept)
    emit(document(found, kept, command), draw_sweep, session, format=format, into=json_into)
    if dry_run or not found.files:
        return
    consent = _consent(session, found, command, auto_approve=auto_approve)
    done = retaining.drop(workspace, kept, found, consent, seconds(lock_timeout))
    talk(f"Dropped: {done.files:,} of {len(found.files):,} files, {done.bytes:,} bytes. The trace tells which.\n")
    if done.stayed:
        raise Unwritable(
            "Not all of it could be dropped",
            f"{len(done.stayed):,} of {len(found.files):,} files are still there: {done.stayed[0]}.",
            hint="The trace tells of it as dropped. Once the cause is gone, this takes away what is left:",
            command=command,
        )


def _consent(session: Session, found: Sweep, command: str, *, auto_approve: bool) -> str:
    """Return how it was consented to. Raises ConsentMissing."""
    from agentctl.cli.consent import ask

    if auto_approve:
        return "auto-approve"
    if not session.interactive:
        raise ConsentMissing(
            "Consent needed",
            "What is dropped is gone for good; there is no terminal to ask on. Nothing was dropped.",
            hint="To review and consent, run on a terminal:",
            command=command,
        )
    ask("Drop exactly this, for good? Only `yes` is accepted: ", "yes")
    if found.steps:
        steps = "1 step" if found.steps == 1 else f"{found.steps} steps"
        ask(f"{steps} could be undone until now, and never again. Type `drop {found.steps}` to go on: ",
            f"drop {found.steps}")
    return "yes"
