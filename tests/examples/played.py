"""A program: plays an example, as its expected.txt has it, in a workspace of its own:  scripts/demo triage

Where the example is about GitHub, one that was made for it is started on this machine, and ended again.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.examples.prepared import EXAMPLES, github_of, ready
from tests.examples.screens import LOGIN, told
from tests.systems.fetched import NotFetched
from tests.systems.github_house import USER


def main(name: str) -> int:
    folder = Path(tempfile.mkdtemp(prefix="agentctl-demo-"))
    home, workspace = folder / "home", folder / "workspace"
    for variable in ("XDG_CONFIG_HOME", "AGENTCTL_KEY_FILE"):
        os.environ.pop(variable, None)
    os.environ |= {"HOME": str(home), "LOGNAME": LOGIN, "GITHUB_TOKEN": USER}
    try:
        with github_of(EXAMPLES / name, folder / "log") as url:
            ready(EXAMPLES / name, workspace, url=url)
            for shown in told((EXAMPLES / name / "expected.txt").read_text("utf-8"), workspace):
                print(shown, end="", flush=True)
    except NotFetched as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"# The workspace stays at\n    {workspace}\n# with its keys in {home}: HOME={home} agentctl -C {workspace} show latest")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
