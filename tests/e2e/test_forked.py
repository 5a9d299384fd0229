"""A forked command line is the real one, and what each new process draws afresh decides nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from agentctl.errors import Exit
from tests.e2e import forked
from tests.e2e.house import EVERYWHERE, PATIENCE

LOOK = """
import json, os, signal, sys
print(json.dumps({
    "arguments": sys.argv[1:], "environ": dict(os.environ), "cwd": os.getcwd(), "umask": os.umask(0), "path": sys.path,
    "session": os.getsid(0) == os.getpid(), "terminals": [os.isatty(place) for place in range(3)],
    "streams": [[stream.encoding, stream.errors, stream.line_buffering] for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "signals": [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD, signal.SIGTERM)],
}))
sys.stderr.write("a word\\n")
sys.exit(int(sys.argv[1]))
"""


def seen(start, tmp_path, *arguments: str):
    """Return how a program that looks about itself ended, and what it saw and said."""
    (tmp_path / "look.py").write_text(LOOK)
    (tmp_path / "here").mkdir(exist_ok=True)
    environ = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ} | {"ODD": "a=b\nç"}
    out, err = tmp_path / "out", tmp_path / "err"
    before = os.umask(0o027)
    try:
        with Path(os.devnull).open("rb") as nothing, out.open("wb") as said, err.open("wb") as told:
            files = (nothing.fileno(), said.fileno(), told.fileno())
            process = start(str(tmp_path / "look.py"), arguments, cwd=tmp_path / "here", environ=environ, files=files)
    finally:
        os.umask(before)
    return process.wait(PATIENCE), json.loads(out.read_text()), err.read_text()


def afresh(program, arguments, *, cwd, environ, files):
    stdin, stdout, stderr = files
    return subprocess.Popen([sys.executable, program, *arguments], cwd=cwd, env=environ, stdin=stdin, stdout=stdout, stderr=stderr)


def by_a_fork(program, arguments, *, cwd, environ, files):
    process = forked.begin(arguments, program=program, cwd=cwd, environ=environ, files=files)
    assert isinstance(process, forked.Forked)
    return process


def test_what_is_forked_sees_what_it_would_see_if_it_were_started(tmp_path):
    assert seen(by_a_fork, tmp_path, "7", "a b") == seen(afresh, tmp_path, "7", "a b")


def test_how_it_dies_is_told(house):
    house.plan(*EVERYWHERE)
    with house.memory_is_busy(), house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        assert sitting.process.poll() is None
        sitting.process.kill()
        assert sitting.process.wait(PATIENCE) == sitting.process.poll() == -signal.SIGKILL


def test_what_is_decided_hangs_on_no_seed(house):
    """Python orders sets and hashes anew in every process; digests, consent and undoing must not notice."""
    house.plan(*EVERYWHERE)
    digests = {house.run("plan", "plan.yaml", "--format", "json", PYTHONHASHSEED=str(seed)).json["digest"] for seed in (1, 2, 3)}
    assert len(digests) == 1
    applied = house.typed("apply", *digests, answers=("yes",), PYTHONHASHSEED="4")
    assert applied.code == Exit.OK, applied.all
    undone = house.typed("rollback", "latest", answers=("yes", "delete 2"), PYTHONHASHSEED="5")
    assert undone.code == Exit.OK, undone.all
    assert house.run("verify", PYTHONHASHSEED="6").code == Exit.OK
