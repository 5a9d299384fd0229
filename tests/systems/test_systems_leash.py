"""What the tests start is heard on this machine only, and is gone when they are, however they end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systems.running import NotStarted, running
from tests.systems.sockets import family, listening

SERVER = """
import socket, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
listener.accept()
"""
HOLDER = """
import sys
from pathlib import Path
from tests.systems.running import running
from tests.systems.sockets import family
with running([sys.executable, "-c", sys.argv[1]], log=Path(sys.argv[2])) as server:
    print(*family(server.pid), flush=True)
    sys.stdin.read()
"""


def test_a_server_and_what_it_started_end_with_the_test(tmp_path):
    with running([sys.executable, "-c", SERVER], log=tmp_path / "log") as server:
        pids = [os.pidfd_open(pid) for pid in family(server.pid)]
        assert len(pids) == 3
        assert listening(server.pid) == {("127.0.0.1", server.port)}
    assert_gone(pids)


def test_nothing_survives_tests_that_are_killed(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, SERVER, str(tmp_path / "log")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )
    with holder:
        pids = [os.pidfd_open(int(pid)) for pid in holder.stdout.readline().split()]
        assert len(pids) == 3
        holder.send_signal(signal.SIGKILL)
    assert_gone(pids)


def test_a_server_that_ends_before_it_listens_says_why(tmp_path):
    assert "no such thing" in start("raise SystemExit('no such thing')", tmp_path)


def test_a_server_inherits_no_variable_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTCTL_TOKEN", "planted")
    said = start("import os; print(os.environ)", tmp_path)
    assert "PATH" in said
    assert "planted" not in said


def start(program: str, folder: Path) -> str:
    """Return what is said of a server that never listens."""
    with pytest.raises(NotStarted) as caught, running([sys.executable, "-c", program], log=folder / "log"):
        pass
    return str(caught.value)


def assert_gone(pids: list[int]) -> None:
    for pid in pids:
        try:
            ended, _, _ = select.select([pid], [], [], 10)      # readable once the process has ended
            assert ended, "a process survived"
        finally:
            os.close(pid)
