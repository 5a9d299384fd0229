"""``agentctl resolve``: a person says what became of a step in doubt."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.options import RunArgument, StepArgument
from agentctl.cli.output import talk
from agentctl.cli.session import Session
from agentctl.errors import Usage


def resolve(
    session: Session,
    run: RunArgument,
    step: StepArgument,
    reason: Annotated[str, option("--reason", metavar="TEXT", help="How you know.", show_default=False)],
    happened: Annotated[bool, option("--happened", help="It was done.")] = False,
    did_not: Annotated[bool, option("--did-not", help="It was not done; resuming will do it.")] = False,
    skip: Annotated[bool, option("--skip", help="Leave it be; steps that need it stay undone.")] = False,
) -> None:
    """Record what became of a step that is in doubt. Your answer, name and reason go into the trace.

        agentctl resolve latest mail --happened --reason "the customer confirmed it"
    """
    answers = [name for name, given in (("happened", happened), ("did-not", did_not), ("skip", skip)) if given]
    if len(answers) != 1:
        raise Usage("Wrong usage", "Say exactly one of --happened, --did-not and --skip.")
    from agentctl.workspace.resolving import resolve as resolve_step

    talk(resolve_step(session.workspace(), run, step, answers[0], reason) + "\n")
