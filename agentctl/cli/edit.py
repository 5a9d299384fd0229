"""``agentctl edit``: change a draft, or leave steps out, before anything is sent."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.options import As, DiffOption, FormatOption, JsonInto, seconds
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.errors import AgentctlError, ConsentMissing, Exit, Invalid, Usage
from agentctl.views.emit import Format
from agentctl.views.look import Detail

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentctl.engine.preview import Preview
    from agentctl.model.plan import Plan
    from agentctl.workspace.planning import Meant
    from agentctl.workspace.workspace import Workspace


def edit(
    session: Session,
    subject: Annotated[
        str,
        argument(
            metavar="DIGEST|PLAN", help="What is edited: a changeset's digest or file, or a plan.", show_default=False,
            offers="subjects",
        ),
    ],
    step: Annotated[
        str,
        argument(
            metavar="[STEP]", help="The step whose draft is opened.", offers="steps of the plan"
        ),
    ] = "",
    drop: Annotated[
        list[str] | None,
        option(
            "--drop", metavar="STEP", help="Leave this step out (repeatable).", offers="steps of the plan"
        ),
    ] = None,
    with_: Annotated[
        Path | None, option("--with", metavar="FILE", help="Take the step's arguments from FILE; open no editor.")
    ] = None,
    as_: As = "",
    out: Annotated[
        Path | None, option("--out", "-o", metavar="FILE", help="Also write the new changeset to FILE.")
    ] = None,
    lock_timeout: Annotated[
        str, option("--lock-timeout", metavar="TIME", help="How long to wait for a run to end: 30s, 5m.")
    ] = "30s",
    diff: DiffOption = Detail.COMPACT,
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> Exit:
    """Change a step's draft in your editor, or leave steps out, before anything is sent.

    What comes of it is a new changeset with a digest of its own, shown and stored like a planned one: approvals of
    the old one are not for it. It says what the agent wrote and what you made of it, and the trace records the edit.
    Nothing is carried out, and the plan's file stays as it is.

        agentctl edit 3f9a1c2b77de mail
        agentctl edit 3f9a1c2b77de mail --with mail.yaml
        agentctl edit 3f9a1c2b77de --drop invoice --drop reminder
    """
    from agentctl.cli.codes import code_for
    from agentctl.engine.edit import without
    from agentctl.views.document.changeset import changeset as document
    from agentctl.views.terminal.changeset import draw_changeset
    from agentctl.workspace import editing, judging
    from agentctl.workspace.consenting import given

    if bool(drop) == bool(step or with_):
        raise Usage(
            "Wrong usage",
            "Name either the step to edit, or the steps to leave out with --drop.",
            hint="To see the steps of a changeset:",
            command="agentctl show DIGEST",
        )
    timeout = seconds(lock_timeout)
    workspace = session.workspace()
    person = editing.editor_of(workspace, as_)
    if not drop and with_ is None:
        _be_there(session, subject, step)
    found = editing.subject_of(workspace, subject)

    def keep(plan: Plan | None) -> Preview | None:
        return None if plan is None else editing.keep(workspace, found, plan, person, timeout, out)

    if drop:
        preview = keep(without(found.plan, drop))
    elif with_ is not None:
        preview = keep(_given(workspace, found, step, with_))
    else:
        preview = _in_editor(workspace, found, step, session, keep)
    if preview is None:
        talk("Nothing was changed.\n")
        return Exit.OK
    consent = given(workspace, preview.changeset)
    rulings = judging.judge(workspace, preview, consent)
    shown = document(
        preview.changeset, rulings, workspace.specs, values=preview.hidden, author=preview.author,
        limits=judging.limits(workspace, preview, consent), overrides=consent.overrides,
    )
    emit(shown, draw_changeset, session, format=format, into=json_into, detail=diff)
    return code_for(preview.changeset, rulings, detailed=False)


def _be_there(session: Session, subject: str, step: str) -> None:
    if not session.interactive or not sys.stdout.isatty():
        raise ConsentMissing(
            "Not edited",
            "An editor needs a terminal, and there is none. A step's arguments can be given as a file.",
            hint="Run on a terminal, or:",
            command=f"agentctl edit {subject} {step} --with FILE",
        )


def _given(workspace: Workspace, subject: Meant, step: str, file: Path) -> Plan | None:
    from agentctl.workspace import editing

    try:
        text = file.read_bytes()
    except OSError as error:
        raise Invalid("The draft cannot be read", f"{file}: {error.strerror}.") from error
    return editing.rewritten(workspace, subject, step, text, str(file))


def _in_editor(
    workspace: Workspace, subject: Meant, step: str, session: Session, keep: Callable[[Plan | None], Preview | None]
) -> Preview | None:
    """Let a person edit until what they wrote can be kept, or they have had enough: their text is then not lost."""
    from agentctl.cli import editor
    from agentctl.workspace import editing

    text = editing.draft(workspace, subject, step)
    with editor.sheet(f"{step}.yaml", text, os.environ) as sheet:
        while True:
            editor.run(sheet.path, os.environ)
            if sheet.text == text.encode():
                return None
            try:
                return keep(editing.rewritten(workspace, subject, step, sheet.text, str(sheet.path)))
            except Invalid as error:
                _say(error, session)
            except AgentctlError:
                talk(f"Your text is kept in {sheet.keep()}, which only you can read. To go on with it:\n")
                talk(f"    agentctl edit {editing.short(subject)} {step} --with {sheet.path}\n")
                raise
            if not _again():
                raise Invalid(
                    "The draft is not valid",
                    f"Nothing was changed. Your text is kept in {sheet.keep()}, which only you can read.",
                    hint="To go on with it once it is mended:",
                    command=f"agentctl edit {editing.short(subject)} {step} --with {sheet.path}",
                )


def _say(error: AgentctlError, session: Session) -> None:
    from agentctl.cli.quote import quote
    from agentctl.views.document.errors import error as document
    from agentctl.views.terminal.errors import draw_error

    error.diagnostics = quote(error.diagnostics)
    talk(draw_error(document(error), session.look(sys.stderr)))


def _again() -> bool:
    talk("Open it again? Only `yes` does: ")
    return sys.stdin.readline().strip() == "yes"
