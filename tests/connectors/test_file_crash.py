"""However a write ends, the file is the old one or the new one, and what is said about it is true."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentctl.connectors.base import Instance
from agentctl.connectors.file import TYPE
from agentctl.errors import Indeterminate, Rejected
from agentctl.model.plan import Step
from agentctl.testing import perform

WRITER = """
import sys
from agentctl.connectors.base import Instance
from agentctl.connectors.file import TYPE
from agentctl.model.plan import Step
from agentctl.testing import perform
site = TYPE.open(Instance(name="site", settings={"root": sys.argv[1]}, root="/"))
print("ready", flush=True)
for number in range(10**9):
    content = str(number % 10) * 300_000
    perform(site, Step(id="s", action="site.file.write", target="page", with_={"content": content}))
"""


FULL = """
import resource, signal, sys
from agentctl.connectors.base import Instance
from agentctl.connectors.file import TYPE
from agentctl.errors import Rejected
from agentctl.model.plan import Step
from agentctl.testing import perform
site = TYPE.open(Instance(name="site", settings={"root": sys.argv[1]}, root="/"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    perform(site, Step(id="s", action="site.file.write", target="page", with_={"content": "n" * 5000}))
except Rejected as refusal:
    print(refusal)
"""


def site(root: Path):
    return TYPE.open(Instance(name="site", settings={"root": str(root)}, root="/"))


def write(target: str, content: str) -> Step:
    return Step(id="s", action="site.file.write", target=target, with_={"content": content})


@pytest.mark.parametrize("milliseconds", [1, 7, 19, 31])
def test_a_killed_writer_leaves_the_old_content_or_the_new_and_never_half(tmp_path: Path, milliseconds: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        due = time.monotonic() + 30
        while not (tmp_path / "page").exists() and time.monotonic() < due:
            pass
        time.sleep(milliseconds / 1000)     # somewhere in the middle of a write
        writer.send_signal(signal.SIGKILL)
    content = (tmp_path / "page").read_text()
    assert len(content) == 300_000
    assert set(content) == {content[0]}
    perform(site(tmp_path), write("page", "done"))
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_no_room_for_the_new_content_leaves_the_old_and_says_that_nothing_happened(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("old")
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout == "File system refuses: 'page': File too large.\n"
    assert (tmp_path / "page").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_what_could_not_be_made_durable_is_in_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def failing(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(5, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Indeterminate, match="syncing failed"):
        perform(site(tmp_path), write("page", "new"))


def test_what_could_not_be_written_durably_was_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page").write_text("old")

    def failing(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Rejected, match="Input/output error"):
        perform(site(tmp_path), write("page", "new"))
    assert (tmp_path / "page").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_an_error_while_tidying_up_does_not_deny_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page").write_text("old")

    def failing(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "unlink", failing)
    perform(site(tmp_path), write("page", "new"))
    assert (tmp_path / "page").read_text() == "new"


def test_a_mode_that_was_changed_and_could_not_be_made_durable_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page").touch(0o644)

    def failing(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Indeterminate, match="syncing failed"):
        perform(site(tmp_path), Step(id="s", action="site.file.mode", target="page", with_={"mode": "0600"}))
    assert stat.S_IMODE((tmp_path / "page").stat().st_mode) == 0o600


def test_two_writers_never_mix(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    try:
        due = time.monotonic() + 30
        while not (tmp_path / "page").exists() and time.monotonic() < due:
            pass
        for _ in range(40):
            content = (tmp_path / "page").read_text()
            assert len(content) == 300_000
            assert set(content) == {content[0]}
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
