"""What is started by hand says how to use it, and ends with its command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systems.fixtures import _here
from tests.systems.loopback import ask
from tests.systems.sockets import family
from tests.systems.test_systems_leash import assert_gone

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_github_is_started_and_ended_by_hand(ending):
    _here("node", "emulate")
    command = subprocess.Popen(
        ["sh", "-c", "trap '' INT; exec \"$0\" -m tests.systems.by_hand start github", sys.executable],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )
    with command:
        said = dict(command.stdout.readline().split(maxsplit=1) for _ in range(2))
        command.stdout.readline()
        pids = [os.pidfd_open(pid) for pid in family(command.pid)[1:]]
        token = said["token"].split()[0]
        assert ask(said["url"].strip(), "GET", "/user", headers={"authorization": f"Bearer {token}"}).body["login"] == "admin"
        command.send_signal(ending)
    assert command.returncode == (0 if ending != signal.SIGKILL else -signal.SIGKILL)
    assert len(pids) == 2
    assert_gone(pids)


def test_what_is_not_there_to_fetch_is_named():
    done = subprocess.run(
        [sys.executable, "-m", "tests.systems.by_hand", "fetch", "gitlab"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "there is no gitlab; there are emulate, github-openapi, kinto, node, oidc-provider" in done.stderr
