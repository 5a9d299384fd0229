"""``agentctl verify``: is the history whole?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.options import FormatOption, JsonInto
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.errors import Exit, Usage
from agentctl.views.emit import Format


def verify(
    session: Session,
    run: Annotated[
        str,
        argument(metavar="[RUN]", help="Say of this run by itself whether it is whole.",
                       offers="runs"),
    ] = "",
    every: Annotated[bool, option("--all", help="Everything, which is what it checks anyway.")] = False,
    expect_head: Annotated[
        str, option("--expect-head", metavar="DIGEST", help="A head kept elsewhere; it must be in the chain.")
    ] = "",
    key: Annotated[
        Path | None, option("--key", metavar="FILE", help="Check signatures by this public key.")
    ] = None,
    witness: Annotated[
        bool, option("--witness", help="Ask the witness that agentctl.yaml names for every head it was told.")
    ] = False,
    strict: Annotated[bool, option("--strict", help="A tail nobody witnessed is a failure too.")] = False,
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> Exit:
    """Check the trace, its checkpoints, recorded signatures and the state against each other.

    Without a head from outside nobody can tell a whole trace from one whose end was cut off; verify says so. With RUN
    it also looks at that run by itself, its hidden values included, and fails only where that run is damaged.

        agentctl verify
        agentctl verify latest
        agentctl verify --witness --strict
        agentctl verify --expect-head sha256:… --strict
    """
    from agentctl.views.document.verify import verification as document
    from agentctl.views.terminal.verify import draw_verification
    from agentctl.workspace.verifying import verify as verify_trace

    if run and every:
        raise Usage("Either a run or everything", f"`{run}` and --all cannot both be asked about.")
    report = verify_trace(session.workspace(), expect_head=expect_head, key=key, witness=witness, run=run)
    emit(document(report), draw_verification, session, format=format, into=json_into)
    return Exit.OK if report.holds(strict=strict) else Exit.INTEGRITY
