"""A program: forks one agentctl after the other, so that a thousand of them do not import it a thousand times.

Reads a line of JSON for each on stdin, and says on stdout when it has begun and how it ended. Start it with shim.c
loaded: what is forked arms that by its environment.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import sys
from contextlib import suppress
from typing import Any

import agentctl
from agentctl.cli.boundary import run
from agentctl.syntax.schema import compiled
from agentctl.trace import bodies
from agentctl.trace.record import Kind

_PIPE = 1 << 16        # bytes a pipe takes before anybody reads
_OWN_MEANS = ("agentctl.demo", "agentctl.testing", "agentctl.__main__")


def main() -> None:
    for module in pkgutil.walk_packages(agentctl.__path__, "agentctl."):
        if not module.name.startswith(_OWN_MEANS) and "postgresql" not in module.name:
            with suppress(ImportError):     # whoever needs it says so
                importlib.import_module(module.name)
    for kind in Kind:
        compiled(bodies._schema(kind))
    _say({"ready": True})
    for line in sys.stdin:
        gc.collect()
        gc.freeze()     # what the children share stays shared
        hear, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(hear)
            _become(json.loads(line), tell)
        os.close(tell)
        learnt = _read(hear)
        _, status, used = os.wait4(child, 0)
        _learn(learnt)
        _say({"status": os.waitstatus_to_exitcode(status), "seconds": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss})


def _become(wanted: dict[str, Any], tell: int) -> None:
    """Be the command that is wanted, tell which modules it took besides, and never come back."""
    os.setsid()
    known = set(sys.modules)
    if terminal := wanted.get("terminal"):
        files = [os.open(terminal, os.O_RDWR)] * 3      # of a session without a terminal it becomes the terminal
    else:
        files = [os.open(os.devnull, os.O_RDONLY)]
        files += [os.open(wanted[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for name in ("out", "err")]
    _say({"pid": os.getpid()})
    for place, file in enumerate(files):
        os.dup2(file, place)
    for file in set(files):
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    os.environ.clear()
    os.environ.update(wanted["environ"])
    os.chdir(wanted["cwd"])
    ctypes.CDLL(None).crash_arm()
    code = 70
    try:
        code = run(wanted["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    finally:
        os.write(tell, "\n".join(sorted(set(sys.modules) - known)).encode()[:_PIPE])
        os._exit(code)


def _learn(names: str) -> None:
    """Import what a command imported by itself, so that the next one need not."""
    for name in names.split("\n"):
        if name and not name.startswith(("tests", "__")):
            with suppress(Exception):       # it was imported from within another one, and cannot be alone
                importlib.import_module(name)


def _read(pipe: int) -> str:
    with os.fdopen(pipe) as told:
        return told.read()


def _say(what: dict[str, Any]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
