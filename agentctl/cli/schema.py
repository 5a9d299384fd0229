"""``agentctl schema``: the formats, as JSON Schemas."""

from __future__ import annotations

import sys
from typing import Annotated

from agentctl.cli.declared import argument
from agentctl.resources import schema as find
from agentctl.views.emit import write
from agentctl.views.jsontext import pretty


def schema(
    name: Annotated[
        str,
        argument(
            metavar="NAME", help="Which format: plan, policy, workspace…", offers="formats"
        ),
    ],
) -> None:
    """Print the JSON Schema of a format.

        agentctl schema plan > plan.schema.json
    """
    write(pretty(find(name)), sys.stdout)
