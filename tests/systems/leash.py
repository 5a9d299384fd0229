"""Runs a program for as long as somebody holds the other end of our standard input: python leash.py PROGRAM ARGUMENT…

However that somebody ends, also by kill -9, the pipe closes with him, and the program and all it started are killed.
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    os.setsid()     # an interrupt typed at the terminal is for the tests; what runs here ends when they let go of it
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_kill_when_let_go, args=(program.pid,), daemon=True).start()
    code = program.wait()
    _kill_group(program.pid)
    return code


def _kill_when_let_go(pid: int) -> None:
    while os.read(0, 4096):
        pass
    _kill_group(pid)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(main())
