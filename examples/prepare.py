"""Makes a workspace of an example:  python examples/prepare.py NAME DIR"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from agentctl.demo.scratch import make
from agentctl.errors import Usage

EXAMPLES = Path(__file__).parent


def main(arguments: list[str]) -> int:
    names = sorted(path.parent.name for path in EXAMPLES.glob("*/agentctl.yaml"))
    if len(arguments) != 2 or arguments[0] not in names:
        print(f"usage: prepare.py NAME DIR, where NAME is one of: {', '.join(names)}", file=sys.stderr)
        return 64
    name, directory = arguments
    try:
        make(EXAMPLES / name, Path(directory), getpass.getuser())
    except Usage as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    print(f"Made. Now:\n    cd {directory}\n    agentctl init\n    agentctl plan plan.yaml")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
