"""``agentctl demo``: the whole loop, played in a scratch workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument


def demo(
    directory: Annotated[
        Path | None, argument(metavar="[DIR]", help="Where to make it; by default a new temporary folder.")
    ] = None,
) -> None:
    """Make a scratch workspace with real content and run the real commands in it, printed as typed.

        agentctl demo
    """
    from agentctl.demo.story import tell

    tell(directory)
