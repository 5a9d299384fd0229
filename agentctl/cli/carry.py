"""What apply and rollback share: show it, refuse or ask, carry it out, say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.cli.codes import code_of
from agentctl.cli.consent import consent_to
from agentctl.cli.interrupt import Handbrake
from agentctl.cli.output import emit
from agentctl.cli.progress import progress
from agentctl.errors import Exit, Refused
from agentctl.model.decision import Refuse, Ruling
from agentctl.model.run import Left
from agentctl.views.look import Detail

if TYPE_CHECKING:
    from agentctl.cli.session import Session
    from agentctl.engine.preview import Preview
    from agentctl.workspace.running import Control, Ended
    from agentctl.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a run was asked for on the command line."""

    session: Session
    timeout: float
    diff: Detail = Detail.COMPACT
    json: bool = False
    into: Path | None = None
    auto_approve: bool = False


def carry_out(
    workspace: Workspace, preview: Preview, asked: Asked, left: Mapping[str, Left] | None = None
) -> Exit:
    """Show ``preview``, get consent to it, carry it out and return the exit code of how it ended.

    Raises Refused or ConsentMissing before anything is executed.
    """
    from agentctl.workspace.running import carry_out as run

    rulings = workspace.judge(preview)
    if not asked.json:
        show(workspace, preview, rulings, asked.session, asked.diff, left)
    _refuse(rulings)
    consent = consent_to(
        preview.changeset,
        rulings,
        asked.session,
        person=workspace.person,
        at=workspace.timestamp(),
        auto_approve=asked.auto_approve,
    )
    workspace.save_changeset(preview)
    return watch(workspace, asked, lambda control: run(workspace, preview, consent, control, left))


def watch(workspace: Workspace, asked: Asked, run: Callable[[Control], Ended]) -> Exit:
    """Carry out ``run`` with a brake at hand and its progress shown; say how it ended and return the exit code."""
    from agentctl.views.terminal.run import draw_ending
    from agentctl.workspace.running import Control
    from agentctl.workspace.showing import ending_of

    with Handbrake() as brake:
        observe = progress(asked.session, json=asked.json)
        ended = run(Control(timeout=asked.timeout, brake=brake, observe=observe))
    if asked.into is not None or not asked.json:
        emit(ending_of(workspace, ended.run), draw_ending, asked.session, into=asked.into, quiet=asked.json)
    return code_of(ended.ending, began_before=ended.began_before, interrupted=brake.code)


def show(
    workspace: Workspace,
    preview: Preview,
    rulings: Mapping[str, Ruling],
    session: Session,
    diff: Detail,
    left: Mapping[str, Left] | None = None,
) -> None:
    """Draw what would be done, and what a rollback would leave alone."""
    from agentctl.views.document.changeset import changeset as document
    from agentctl.views.terminal.changeset import draw_changeset

    emit(document(preview.changeset, rulings, workspace.specs, left), draw_changeset, session, detail=diff)


def _refuse(rulings: Mapping[str, Ruling]) -> None:
    refused = {step: ruling.why for step, ruling in rulings.items() if isinstance(ruling, Refuse)}
    for step, why in refused.items():
        more = f" {len(refused) - 1} more steps are refused." if len(refused) > 1 else ""
        raise Refused("Policy refuses", f"step `{step}`: {why}. Nothing was executed.{more}")
