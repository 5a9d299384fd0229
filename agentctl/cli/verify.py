"""``agentctl verify``: is the history whole?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.options import FormatOption, JsonInto
from agentctl.cli.output import emit
from agentctl.errors import Exit
from agentctl.views.emit import Format

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def verify(
    context: typer.Context,
    expect_head: Annotated[
        str, typer.Option("--expect-head", metavar="DIGEST", help="A head kept elsewhere; it must be in the chain.")
    ] = "",
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Check signatures by this public key.")
    ] = None,
    witness: Annotated[
        bool, typer.Option("--witness", help="Ask the witness that agentctl.yaml names for every head it was told.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A tail nobody witnessed is a failure too.")] = False,
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> None:
    """Check every line of the trace, its checkpoints and the state against each other.

    Without a head from outside nobody can tell a whole trace from one whose end was cut off; verify says so.

        agentctl verify
        agentctl verify --witness --strict
        agentctl verify --expect-head sha256:… --strict
    """
    from agentctl.trace.verify import Grade
    from agentctl.views.document.verify import verification as document
    from agentctl.views.terminal.verify import draw_verification
    from agentctl.workspace.verifying import verify as verify_trace

    report = verify_trace(context.obj.workspace(), expect_head=expect_head, key=key, witness=witness)
    emit(document(report), draw_verification, context.obj, format=format, into=json_into)
    enough = {Grade.INTACT} if strict else {Grade.INTACT, Grade.UNWITNESSED}
    raise typer.Exit(Exit.OK if report.grade in enough else Exit.INTEGRITY)
