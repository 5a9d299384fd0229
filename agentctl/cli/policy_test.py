"""``agentctl policy test``: cases judged offline."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.output import emit
from agentctl.errors import Exit
from agentctl.views.emit import Format


class CasesFormat(StrEnum):
    TERMINAL = "terminal"
    JSON = "json"
    JUNIT = "junit"


def judge_cases(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE…]",
            help="Files of cases; by default policy/tests/*.yaml, or policy.tests.yaml beside a policy of one file.",
        ),
    ] = None,
    format: Annotated[CasesFormat, typer.Option("--format", help="How to print the result.")] = CasesFormat.TERMINAL,
) -> None:
    """Judge cases under the policy and say which answers differ, and which rules no case reached.

    No live system is asked. Ends with 4 where an answer differs.

        agentctl policy test
        agentctl policy test --format junit > policy.xml
    """
    import sys

    from agentctl.views.cases_junit import cases_junit
    from agentctl.views.document.policy_test import policy_test
    from agentctl.views.emit import write
    from agentctl.views.terminal.policy_test import draw_policy_test
    from agentctl.workspace.policing import run_cases

    document = policy_test(run_cases(context.obj.workspace(), files or ()))
    if format is CasesFormat.JUNIT:
        write(cases_junit(document), sys.stdout)
    else:
        emit(document, draw_policy_test, context.obj, format=Format(format.value))
    raise typer.Exit(Exit.OK if document["passes"] else Exit.REFUSED)
