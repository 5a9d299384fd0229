"""The refusal of what an earlier run may have done already, with what settles it."""

from __future__ import annotations

from agentctl.errors import Refused
from agentctl.model.doubt import InDoubt


def refusal(step: str, doubt: InDoubt) -> Refused:
    """Return the error of a command that a doubt keeps from acting."""
    return Refused(
        "A step is in doubt",
        f"Step `{step}`: {doubt.why}. Nothing was executed.",
        hint="To find out, and to go on with that run; it says what to type where nobody can tell:",
        command=f"agentctl apply --resume {doubt.run}",
    )
