"""``agentctl runs``: every run, newest first."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.options import FormatOption, JsonInto
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.model.run import RunStatus
from agentctl.views.emit import Format


def runs(
    session: Session,
    agent: Annotated[str, option("--agent", metavar="NAME", help="Only runs of this agent's plans.")] = "",
    status: Annotated[RunStatus | None, option("--status", help="Only runs that stand so.")] = None,
    since: Annotated[
        str, option("--since", metavar="TIME", help="Only runs started at or after it: 2026-01-31 or 24h.")
    ] = "",
    unreviewed: Annotated[
        bool, option("--unreviewed", help="Only runs under broken glass that nobody else has looked into.")
    ] = False,
    held: Annotated[bool, option("--held", help="Only runs under legal hold.")] = False,
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> None:
    """List runs: what each was for, by which agent, how it ended.

        agentctl runs --status incomplete
        agentctl runs --unreviewed
        agentctl runs --held
    """
    from agentctl.model.legal_hold import standing
    from agentctl.views.document.debts import debts
    from agentctl.views.document.runs import runs as document
    from agentctl.views.terminal.runs import draw_runs
    from agentctl.workspace.owing import owed
    from agentctl.workspace.showing import selected

    workspace = session.workspace()
    owing = owed(workspace)
    history = workspace.history()
    chosen = selected(history, agent=agent, status=status, since=since, now=workspace.now())
    if unreviewed:
        chosen = tuple(run for run in chosen if run.id in {debt.run for debt in owing})
    on_hold = standing(history.acts)
    if held:
        chosen = tuple(run for run in chosen if run.id in {hold.run for hold in on_hold})
    others = len(history.runs) - len(chosen)
    due = debts(owing, workspace.time())
    told = document(chosen, workspace.halts(), due, history.damage, others=others, held=on_hold)
    emit(told, draw_runs, session, format=format, into=json_into)
