"""``agentctl connectors new``: a first manifest of the rest connector, from an OpenAPI description."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.output import talk


def new(
    name: Annotated[str, argument(metavar="NAME", help="What the system is called.", show_default=False)],
    openapi: Annotated[
        Path,
        option("--openapi", metavar="FILE", help="The API's OpenAPI 3 description.", show_default=False),
    ],
    include: Annotated[
        list[str] | None,
        option("--include", metavar="PATH|TAG", help="Only this path and those below, or this tag (repeatable)."),
    ] = None,
    out: Annotated[Path | None, option("--out", "-o", metavar="FILE", help="Write it into a new file.")] = None,
) -> None:
    """Draft a connector manifest from an OpenAPI description. Asks no system.

    Every guess is the careful one, and says what to check. What was left out
    is told on stderr. A file that is there is never overwritten.

        agentctl connectors new tracker --openapi api.json -o tracker.yaml
        agentctl connectors new github --openapi api.json --include issues
    """
    from agentctl.views.emit import write
    from agentctl.views.safe import line
    from agentctl.workspace.manifests import drafted, save_new

    text, left_out = drafted(name, openapi, include or [])
    if out is None:
        write(text, sys.stdout)
    else:
        save_new(text, out)
    if left_out:
        talk("".join(["Left out:\n", *(f"  {line(one)}\n" for one in left_out)]))
    checks = text.count("# check:")
    where = f"The draft is in {line(str(out))}." if out is not None else "Drafted."
    talk(f"{where} {checks} guesses to check, {len(left_out)} left out.\n")
