"""The entry point: answers ``--version`` before anything is imported, and hands the rest to the command line."""

from __future__ import annotations

import sys

from agentctl import __version__


def main() -> int:
    """Run the command line and return its exit code."""
    if sys.argv[1:] == ["--version"]:
        print(f"agentctl {__version__}")
        return 0
    from agentctl.cli.boundary import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
