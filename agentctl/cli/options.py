"""Arguments and options that several commands share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.errors import Usage
from agentctl.views.emit import Format
from agentctl.views.look import Detail

FormatOption = Annotated[Format, option("--format", help="How to print the result.")]
JsonInto = Annotated[
    Path | None, option("--json-into", metavar="FILE", help="Also write the result as JSON to FILE.")
]
DiffOption = Annotated[
    Detail, option("--diff", help="How much of each change to draw: a line a group, what differs, everything.")
]
LockTimeout = Annotated[
    str, option("--lock-timeout", metavar="TIME", help="How long to wait for another run to end: 30s, 5m.")
]
AutoApprove = Annotated[
    bool,
    option(
        "--auto-approve",
        help="Consent without being asked, where policy lets nobody be asked (mode auto).",
    ),
]
Planned = Annotated[
    str,
    argument(
        metavar="PLAN|DIGEST",
        help="A plan file; or a changeset, by its digest or file, whose plan is planned anew.",
        show_default=False,
        offers="subjects",
    ),
]
RunArgument = Annotated[
    str,
    argument(
        metavar="RUN", help="A run's id, a unique beginning of it, or `latest`.", offers="runs"
    ),
]
StepArgument = Annotated[
    str, argument(metavar="STEP", help="The id of one of its steps.", offers="steps")
]
Subject = Annotated[
    str,
    argument(
        metavar="[PLAN|DIGEST|FILE]",
        help="A plan to preview and carry out, or a changeset that was reviewed: its digest or its file.",
        show_default=False,
        offers="subjects",
    ),
]


Reason = Annotated[str, option("--reason", metavar="TEXT", help="Why. Recorded, and signed where one signs.")]
As = Annotated[
    str, option("--as", metavar="PERSON", help="Who you are in the policy; by default your login name.")
]
Key = Annotated[
    Path | None,
    option("--key", metavar="FILE", help="Your ssh key; a public one where ssh-agent holds the private one."),
]
Lasting = Annotated[
    str, option("--expires", metavar="TIME", help="How long it is good; by default 1h, or what policy lets.")
]
OverrideOut = Annotated[
    Path | None, option("--out", "-o", metavar="FILE", help="Also write the override to FILE, to send it on.")
]


def seconds(text: str) -> float:
    """Return ``30s``, ``5m``, ``1h`` or a bare number in seconds. Raises Usage for anything else."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:], 0.0)
    number = text[:-1] if unit else text
    if not number.isdecimal():
        raise Usage("Wrong usage", f"{text!r} is not a time; write 30s, 5m or 1h.")
    return float(number) * (unit or 1.0)
