"""A program: the agentctl command line, killed with SIGKILL at the N-th thing it does that an outsider can notice.

Usage: die_at.py N ARGUMENTS… What counts are Python's audit events for files, processes and databases, from the first
time the trace is written on; every one of them is a moment between two instructions at which a machine may die.
"""

from __future__ import annotations

import os
import signal
import sys

_NOTICEABLE = ("open", "os.", "subprocess.", "sqlite3.", "fcntl.")


def main() -> int:
    left = int(sys.argv[1])
    began = False

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left, began
        if not event.startswith(_NOTICEABLE):
            return
        began = began or "-run-" in str(arguments[:1])
        if began:
            left -= 1
            if left == 0:       # not again: to kill is noticeable, too, and a hook that calls itself dies of that
                os.kill(os.getpid(), signal.SIGKILL)

    from agentctl.cli.boundary import run

    sys.addaudithook(watch)
    return run(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
