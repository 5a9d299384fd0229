"""What apply and rollback share: show it, refuse or ask, carry it out, say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.cli.codes import code_of
from agentctl.cli.consent import consent_to
from agentctl.cli.interrupt import Handbrake
from agentctl.cli.output import emit
from agentctl.cli.progress import progress
from agentctl.errors import Exit, Incomplete, Refused, Unwritable
from agentctl.facts import dataclass
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Consent, Refuse, Ruling
from agentctl.model.diagnostic import Span
from agentctl.model.run import Left
from agentctl.views.document.overrides import way_past
from agentctl.views.document.signing import WHY, signing
from agentctl.views.look import Detail
from agentctl.views.safe import line, shell_word

if TYPE_CHECKING:
    from agentctl.cli.session import Session
    from agentctl.engine.preview import Preview
    from agentctl.workspace.running import Control, Ended
    from agentctl.workspace.workspace import Workspace


_REFUSALS_TOLD = 10


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a run was asked for on the command line."""

    session: Session
    timeout: float
    diff: Detail = Detail.COMPACT
    json: bool = False
    into: Path | None = None
    auto_approve: bool = False
    approvals: Sequence[Path] = ()
    overrides: Sequence[Path] = ()


def carry_out(
    workspace: Workspace, preview: Preview, asked: Asked, left: Mapping[str, Left] | None = None
) -> Exit:
    """Show ``preview``, get consent to it, carry it out and return the exit code of how it ended.

    Raises Refused or ConsentMissing before anything is executed.
    """
    from agentctl.engine.approvals import may_sign
    from agentctl.engine.secret import names
    from agentctl.workspace import judging, overriding
    from agentctl.workspace.approving import why_not
    from agentctl.workspace.running import carry_out as run

    given = _given(workspace, preview.changeset, asked)
    rulings = judging.judge(workspace, preview, given)
    if not asked.json:
        show(workspace, preview, rulings, asked, left, given=given)
    workspace.save_changeset(preview)       # so that it can be consented to elsewhere, where nobody is here to ask
    refuse(preview.changeset, rulings, overriding.why_not(workspace, preview.changeset))
    workspace.check_clock()     # before anybody is asked in vain
    workspace.secrets.check(names(preview.plan.steps))
    consent = consent_to(
        preview.changeset,
        rulings,
        asked.session,
        given=given,
        auto_approve=asked.auto_approve,
        may_sign=lambda decision: may_sign(workspace.policy, preview.plan, decision),
        why_not=lambda: [
            *why_not(workspace, preview.changeset), *overriding.in_emergency(workspace, preview.changeset)
        ],
    )
    places = {step.id: step.span for step in preview.plan.steps if step.span}
    return watch(workspace, asked, lambda control: run(workspace, preview, consent, control, left), places)


def _given(workspace: Workspace, changeset: ChangeSet, asked: Asked) -> Consent:
    """Return the consent that signatures give before anybody is asked, those brought along kept first."""
    from agentctl.workspace import approving, overriding, rejecting
    from agentctl.workspace.consenting import given

    approving.take_in(workspace, changeset, rejecting.take_in(workspace, changeset, asked.approvals))
    overriding.take_in(workspace, changeset, asked.overrides)
    return given(workspace, changeset)


def watch(
    workspace: Workspace, asked: Asked, run: Callable[[Control], Ended], places: Mapping[str, Span] | None = None
) -> Exit:
    """Carry out ``run`` with a brake at hand and its progress shown; say how it ended and return the exit code.

    ``places`` say where its steps stand in the plan's file.
    """
    from agentctl.views.terminal.run import draw_ending
    from agentctl.workspace.running import Control
    from agentctl.workspace.showing import ending_of

    with Handbrake() as brake:
        observe = progress(asked.session, places or {}, json=asked.json)
        ended = run(Control(timeout=asked.timeout, brake=brake, observe=observe))
    if asked.into is not None or not asked.json:
        try:
            emit(ending_of(workspace, ended.run), draw_ending, asked.session, into=asked.into, quiet=asked.json)
        except Unwritable as error:     # its code would say that nothing was executed
            raise Incomplete(
                "The outcome could not be told",
                f"{error.summary}: {error.detail}",
                hint="The run is over and recorded. To see it:",
                command=f"agentctl show {ended.run}",
            ) from error
    return code_of(ended.ending, began_before=ended.began_before, interrupted=brake.code)


def show(
    workspace: Workspace,
    preview: Preview,
    rulings: Mapping[str, Ruling],
    asked: Asked,
    left: Mapping[str, Left] | None = None,
    *,
    given: Consent | None = None,
    asking: bool = True,
) -> None:
    """Draw what would be done, and what a rollback would leave alone.

    What to type next is not said where the next thing is the question, or the refusal, that follows.
    """
    from agentctl.views.document.changeset import changeset as document
    from agentctl.views.terminal.changeset import draw_changeset
    from agentctl.workspace import judging

    shown = document(
        preview.changeset, rulings, workspace.specs, left, preview.hidden, preview.author,
        judging.limits(workspace, preview, given), given.overrides if given else (),
    )
    if asking:
        emit(shown | {"next": []}, draw_changeset, asked.session, detail=asked.diff)
    else:
        emit(shown, draw_changeset, asked.session, into=asked.into, detail=asked.diff)


def refuse(changeset: ChangeSet, rulings: Mapping[str, Ruling], why_not: Sequence[str] = ()) -> None:
    """Raise Refused where policy, a halt, a doubt or a rejection refuses a step.

    ``why_not`` are overrides that do not help.
    """
    for ruling in rulings.values():
        if isinstance(ruling, Refuse) and ruling.rejection:
            from agentctl.workspace.rejecting import refusal as rejection

            raise rejection(ruling.rejection, changeset)
    halts = [ruling.halt for ruling in rulings.values() if isinstance(ruling, Refuse) and ruling.halt]
    doubts = {step: ruling.doubt for step, ruling in rulings.items() if isinstance(ruling, Refuse) and ruling.doubt}
    refused = {
        step: ruling.why
        for step, ruling in rulings.items()
        if isinstance(ruling, Refuse) and not (ruling.halt or ruling.doubt)
    }
    if halts and not refused:
        from agentctl.workspace.halting import refusal

        raise refusal(halts[0])
    if doubts and not refused:
        from agentctl.workspace.doubting import refusal as in_doubt

        raise in_doubt(*next(iter(doubts.items())))
    if not refused:
        return
    lines = [f"step `{step}`: {line(why).rstrip('.')}." for step, why in list(refused.items())[:_REFUSALS_TOLD]]
    if more := len(refused) - len(lines):
        lines.append(f"{more:,} more {'step is' if more == 1 else 'steps are'} refused.")
    if command := signing(changeset, rulings):
        raise Refused("Policy refuses", "\n".join([*lines, "Nothing was executed."]), hint=WHY, command=command)
    hint, command = way_past(changeset, rulings)
    if command:
        lines += why_not
        raise Refused("Policy refuses", "\n".join([*lines, "Nothing was executed."]), hint=hint, command=command)
    source, step = shell_word(changeset.plan.source), shell_word(next(iter(refused)))
    raise Refused(
        "Policy refuses",
        "\n".join([*lines, "Nothing was executed."]),
        hint="To see how policy came to this:" if source and step else "",
        command=f"agentctl policy explain {source} --step {step}" if source and step else "",
    )
