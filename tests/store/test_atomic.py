from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from agentctl.errors import Unwritable
from agentctl.store import atomic
from agentctl.store.layout import Layout

KILLED_SOMEWHERE = """
import os, signal, sys
from pathlib import Path
from agentctl.store import atomic

path, lines = Path(sys.argv[1]), int(sys.argv[2])

def count(frame, event, argument):
    global lines
    if not frame.f_code.co_filename.endswith("store/atomic.py"):
        return None
    if event == "line":
        lines -= 1
        if lines <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return count

sys.settrace(count)
atomic.replace(path, [b"new " * 5000], 0o600, keep=path.with_name("kept"))
"""


def test_a_death_at_any_line_leaves_the_old_content_or_the_new(tmp_path):
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    seen = set()
    for lines in range(1, 60, 2):
        path.write_bytes(b"old")
        done = subprocess.run([sys.executable, "-c", KILLED_SOMEWHERE, path, str(lines)], check=False)
        seen.add(path.read_bytes())
        kept = tmp_path / "kept"
        assert not kept.exists() or kept.read_bytes() == b"old"
        kept.unlink(missing_ok=True)
        if done.returncode == 0:
            break
    assert seen == {b"old", b"new " * 5000}


def test_the_content_before_is_kept_once(tmp_path):
    path, kept = tmp_path / "a", tmp_path / "b"
    for content in (b"1", b"2", b"3"):
        atomic.replace(path, [content], 0o600, keep=kept)
    assert (path.read_bytes(), kept.read_bytes()) == (b"3", b"2")
    assert sorted(tmp_path.iterdir()) == [path, kept]


def test_the_mode_is_what_was_asked_for_whatever_the_umask(tmp_path):
    before = os.umask(0o777)
    try:
        atomic.replace(tmp_path / "a", [b""], 0o660)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o660


def test_a_failed_write_changes_nothing_and_leaves_nothing(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def content():
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(Unwritable, match="No space left"):
        atomic.replace(path, content(), 0o600)
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [b"old"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "target").write_bytes(b"theirs")
    (tmp_path / "a").symlink_to(tmp_path / "target")
    atomic.replace(tmp_path / "a", [b"ours"], 0o600)
    assert (tmp_path / "target").read_bytes() == b"theirs"
    assert not (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("group, folder, file", [(False, 0o700, 0o600), (True, 0o2770, 0o660)])
def test_a_workspace_is_its_owners_or_its_groups(tmp_path, group, folder, file):
    layout = Layout(tmp_path / ".agentctl", group=group)
    before = os.umask(0)
    try:
        layout.make(os.getgid())
    finally:
        os.umask(before)
    folders = (layout.root, layout.trace, layout.checkpoints, layout.changesets, layout.packs)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {folder}
    assert Layout.of(layout.root) == layout
    assert layout.file_mode == file
    layout.make()       # again: nothing is lost


def test_a_workspace_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable):
        Layout(tmp_path / "file" / ".agentctl").make()


def test_what_a_dead_writer_left_is_cleared_away_and_a_living_ones_is_not(tmp_path):
    path, dead, theirs = tmp_path / "state.json", tmp_path / ".state.json.0123456789ab.tmp", tmp_path / ".notes.tmp"
    dead.write_bytes(b"half")
    theirs.write_bytes(b"not ours")

    def content():
        yield b"new"
        atomic.clear(tmp_path)      # in the middle of a write

    atomic.replace(path, content(), 0o600)
    assert sorted(tmp_path.iterdir()) == [theirs, path]
    assert path.read_bytes() == b"new"
