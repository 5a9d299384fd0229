"""``agentctl policy lint``: what is wrong with a policy, and whether it may ship."""

from __future__ import annotations

import typer

from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit
from agentctl.errors import Exit
from agentctl.views.emit import Format


def lint(context: typer.Context, format: FormatOption = Format.TERMINAL) -> None:
    """Find rules that never speak and names nobody has, and say of each role and connector: ship or no-ship.

    No live system is asked. Ends with 4 where there is an error, or where a capability lacks a control it must have:
    field allowlists, diffs, rollback and per-object scope for writes, a person's consent for what executes.

        agentctl policy lint
    """
    from agentctl.views.document.policy_lint import policy_lint
    from agentctl.views.terminal.policy_lint import draw_policy_lint
    from agentctl.workspace.policing import check

    document = policy_lint(check(context.obj.workspace()))
    emit(document, draw_policy_lint, context.obj, format=format)
    raise typer.Exit(Exit.OK if document["ships"] else Exit.REFUSED)
