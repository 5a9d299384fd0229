"""``agentctl apply``: carry out what was consented to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agentctl.cli.codes import code_of
from agentctl.cli.complete import complete_runs
from agentctl.cli.consent import consent_to
from agentctl.cli.interrupt import Handbrake
from agentctl.cli.options import AutoApprove, DiffOption, Format, JsonInto, LockTimeout, Subject, seconds
from agentctl.cli.output import emit, talk
from agentctl.cli.progress import progress
from agentctl.errors import Refused, Usage
from agentctl.model.decision import Consent, Refuse
from agentctl.views.look import Detail

app = typer.Typer()


@app.command()
def apply(
    context: typer.Context,
    subject: Subject = "",
    resume: Annotated[
        str,
        typer.Option("--resume", metavar="RUN", help="Go on with a run that stopped.", autocompletion=complete_runs),
    ] = "",
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = "0s",
    diff: DiffOption = Detail.COMPACT,
    json: Annotated[bool, typer.Option("--json", help="Print what happens as JSON, one event a line.")] = False,
    json_into: JsonInto = None,
) -> None:
    """Carry out a plan, or a changeset that was reviewed.

    A plan is previewed and shown first, and you are asked. A digest or a changeset file is carried out if it still
    comes out the same. A run that stopped goes on under the same consent with --resume.

        agentctl apply plan.yaml
        agentctl apply 3f9a1c2b77de
        agentctl apply --resume latest
    """
    if bool(subject) == bool(resume):
        raise Usage("Wrong usage", "Name either a plan or changeset, or a run to --resume.")
    session, workspace = context.obj, context.obj.workspace()
    if resume:
        raise typer.Exit(_resume(workspace, resume, seconds(lock_timeout), session, json, json_into))
    preview = workspace.preview_of(subject)
    rulings = workspace.judge(preview)
    if not json:
        _show(preview, rulings, workspace, session, diff)
    for step, ruling in rulings.items():
        if isinstance(ruling, Refuse):
            raise Refused("Policy refuses", f"step `{step}`: {ruling.why}. Nothing was executed.")
    consent = consent_to(
        preview.changeset, rulings, session, person=workspace.person, at=workspace.timestamp(), auto_approve=auto_approve
    )
    workspace.changesets.save(preview.changeset, preview.hidden)
    raise typer.Exit(_run(workspace, preview, consent, seconds(lock_timeout), session, json, json_into))


def _show(preview: Any, rulings: Any, workspace: Any, session: Any, diff: Detail) -> None:
    from agentctl.views.document.changeset import changeset as document
    from agentctl.views.terminal.changeset import draw_changeset

    emit(document(preview.changeset, rulings, workspace.specs), draw_changeset, session, detail=diff)


def _run(
    workspace: Any, preview: Any, consent: Consent, timeout: float, session: Any, json: bool, into: Path | None
) -> int:
    from agentctl.workspace.running import carry_out

    with Handbrake() as brake:
        ended = carry_out(workspace, preview, consent, timeout=timeout, brake=brake, observe=progress(session, json))
    return _end(workspace, ended, brake, session, json, into)


def _resume(workspace: Any, run: str, timeout: float, session: Any, json: bool, into: Path | None) -> int:
    from agentctl.workspace.running import resume

    with Handbrake() as brake:
        ended = resume(workspace, run, timeout=timeout, brake=brake, observe=progress(session, json))
    return _end(workspace, ended, brake, session, json, into)


def _end(workspace: Any, ended: Any, brake: Handbrake, session: Any, json: bool, into: Path | None) -> int:
    """Say how the run ended and what to type next; the exit code says the same."""
    from agentctl.views.document.run import run as document
    from agentctl.views.terminal.run import draw_ending

    told = document(workspace.history(), ended.run, workspace.specs, workspace.values(ended.run))
    if into is not None or not json:
        emit(told, draw_ending, session, format=Format.TERMINAL, into=into) if not json else None
    return code_of(ended.ending, began_before=ended.began_before, interrupted=brake.code)


__all__ = ["app", "talk"]
