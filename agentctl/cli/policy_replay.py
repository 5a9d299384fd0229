"""``agentctl policy replay``: what a new policy would have said of what was done."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.complete import complete_runs
from agentctl.cli.output import emit
from agentctl.errors import Exit
from agentctl.views.emit import Format


class ReplayFormat(StrEnum):
    TERMINAL = "terminal"
    JSON = "json"
    MARKDOWN = "markdown"


def replay(
    context: typer.Context,
    base: Annotated[Path, typer.Option("--base", metavar="OLD", help="The old policy: a file or a folder.")],
    new: Annotated[
        Path | None, typer.Option("--new", metavar="NEW", help="The new one; by default this workspace's.")
    ] = None,
    runs: Annotated[
        list[str] | None,
        typer.Option("--runs", metavar="RUN", help="Only these runs; give it once for each.",
                     autocompletion=complete_runs),
    ] = None,
    allow_widening: Annotated[
        bool, typer.Option("--allow-widening", help="End with 0 even where the new policy allows more.")
    ] = False,
    format: Annotated[ReplayFormat, typer.Option("--format", help="How to print the result.")] = ReplayFormat.TERMINAL,
) -> None:
    """Judge the recorded changes of past runs under two policies and show where the answers differ.

    No live system is asked. Ends with 4 where the new policy allows what the old one denied, or asks for less consent.

        agentctl policy replay --base old-policy/
        agentctl policy replay --base old.yaml --new new.yaml --runs latest
    """
    import sys

    from agentctl.views.document.policy_replay import policy_replay
    from agentctl.views.emit import write
    from agentctl.views.policy_markdown import replay_markdown
    from agentctl.views.terminal.policy_replay import draw_policy_replay
    from agentctl.workspace.replaying import replay_runs

    workspace = context.obj.workspace()
    replayed = replay_runs(workspace, base, new, runs or ())
    document = policy_replay(replayed, str(base), str(new or workspace.file.policy))
    if format is ReplayFormat.MARKDOWN:
        write(replay_markdown(document), sys.stdout)
    else:
        emit(document, draw_policy_replay, context.obj, format=Format(format.value))
    raise typer.Exit(Exit.REFUSED if document["widens"] and not allow_widening else Exit.OK)
