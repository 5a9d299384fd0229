"""A program: becomes each command it is asked for by a fork, so that a thousand of them do not import the same a thousand times.

On the socket whose number is its argument it is sent what to become, with the files it is to have as its stdin, stdout
and stderr and one more, where it is told which process that is and how it ended. See forked.py.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Any

import agentctl
from agentctl.syntax.schema import compiled
from agentctl.trace import bodies
from agentctl.trace.record import Kind

LONGEST = 1 << 17       # bytes of what a socket takes at once; more is no command
_PIPE = 1 << 16         # bytes a pipe takes before anybody reads
_OWN_MEANS = ("agentctl.demo", "agentctl.testing", "agentctl.__main__")


def main() -> None:
    asked = socket.socket(fileno=int(sys.argv[1]))
    _prepare()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    living: dict[int, tuple[int, int]] = {}
    while True:
        ready = select([asked, woken], [], [])[0]
        if woken in ready:
            os.read(woken, _PIPE)
            _bury(living)
        if asked in ready:
            message, files, *_ = socket.recv_fds(asked, LONGEST, 4)
            if not message:
                return
            learnt, tell = os.pipe()
            child = os.fork()
            if child == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _become(json.loads(message), files, tell)
            for file in (*files[:3], tell):
                os.close(file)
            living[child] = files[3], learnt
            os.write(files[3], struct.pack("q", child))


def _prepare() -> None:
    for module in pkgutil.walk_packages(agentctl.__path__, "agentctl."):
        if not module.name.startswith(_OWN_MEANS):
            with suppress(ImportError):     # of an extra that is not installed
                importlib.import_module(module.name)
    for kind in Kind:
        compiled(bodies._schema(kind))
    gc.collect()
    gc.freeze()     # what the children share stays shared


def _bury(living: dict[int, tuple[int, int]]) -> None:
    """Tell how those ended that did, and learn what they imported by themselves, so that the next one need not."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            told, learnt = living.pop(ended[0])
            with suppress(OSError):     # whoever asked may not want to know any more
                os.write(told, struct.pack("q", os.waitstatus_to_exitcode(ended[1])))
            os.close(told)
            with os.fdopen(learnt) as names:
                for name in names.read().split():
                    with suppress(Exception):       # it was imported from within another one, and cannot be alone
                        importlib.import_module(name)


def _become(wanted: dict[str, Any], files: list[int], tell: int) -> None:
    """Be the command that is wanted from the first instruction to the last, and never come back."""
    if wanted["session"]:
        os.setsid()
    for place, file in enumerate(files[:3]):
        os.dup2(file, place)
    os.dup2(tell, 3)
    os.set_inheritable(3, False)
    os.closerange(4, 1024)
    os.umask(wanted["umask"])
    os.environ.clear()
    os.environ.update(wanted["environ"] | _OF_PYTHON)
    os.chdir(wanted["cwd"])
    _start_anew(wanted)
    known = set(sys.modules)
    code = _ran(wanted["program"])
    threading._shutdown()       # as at any end of Python: first the threads, then who asked to be called
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    names = " ".join(name for name in sorted(set(sys.modules) - known) if not name.startswith(("tests", "__")))
    os.write(3, names.encode()[:_PIPE])
    os._exit(code & 0xFF)


def _start_anew(wanted: dict[str, Any]) -> None:
    """Make anew what Python makes when it starts: its streams, its arguments and where it looks for modules."""
    for name, place, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        was, on_terminal = getattr(sys, name), os.isatty(place)
        buffering = 1 if on_terminal or name == "stderr" else -1
        stream = os.fdopen(place, mode, buffering=buffering, encoding=was.encoding, errors=was.errors, closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv = [wanted["program"], *wanted["arguments"]]
    here = wanted["cwd"] if wanted["program"] == "agentctl" else str(Path(wanted["program"]).parent)
    given = [path for path in wanted["environ"].get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = [here, *given, *_PATH]
    importlib.invalidate_caches()
    if wanted["environ"].get("PATH") != _PROGRAMS:
        for name in [name for name in sys.modules if name.split(".")[0] == "git"]:
            del sys.modules[name]       # it looks for its program when it is imported


def _ran(program: str) -> int:
    """Return what the program ends with, as Python does."""
    try:
        if program == "agentctl":
            runpy.run_module("agentctl", run_name="__main__", alter_sys=False)
        else:
            runpy.run_path(program, run_name="__main__")
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            return ending.code or 0
        print(ending.code, file=sys.stderr)
        return 1
    except BaseException:       # noqa: BLE001  # what Python does with what nobody caught
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


_PROGRAMS = os.environ.get("PATH")
_OF_PYTHON = {name: os.environ[name] for name in ("LC_CTYPE",) if name in os.environ}     # it says so itself in the C locale
_PATH = [path for path in sys.path[1:] if path not in os.environ.get("PYTHONPATH", "").split(os.pathsep)]


if __name__ == "__main__":
    main()
