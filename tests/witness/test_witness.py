"""Witnesses that are really elsewhere: files, and git remotes made by git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agentctl.errors import Rejected, Unreachable
from agentctl.witness.base import Attestation
from agentctl.witness.file import FileWitness
from agentctl.witness.git import GitWitness

ONE, TWO, THREE = (Attestation(f'{{"seq":{number}}}'.encode(), f"signature {number}\n".encode()) for number in (1, 2, 3))


def git(folder, *arguments):
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def clone(tmp_path, name="clone"):
    folder = tmp_path / name
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), str(folder))
    return GitWitness(folder=folder, remote="origin", lineage="3b1f0c9a")


@pytest.fixture(params=["file", "git"])
def witness(request, tmp_path):
    if request.param == "file":
        return FileWitness(tmp_path / "heads")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    return clone(tmp_path)


def test_it_tells_what_it_was_brought_in_order(witness):
    assert witness.told() == ()
    for attestation in (ONE, TWO, THREE):
        witness.keep(attestation)
    assert witness.told() == (ONE, TWO, THREE)


def test_bringing_the_newest_again_changes_nothing(witness):
    for attestation in (ONE, TWO, TWO):
        witness.keep(attestation)
    assert witness.told() == (ONE, TWO)


def test_two_clones_of_one_workspace_lose_nothing_of_each_other(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    here, there = clone(tmp_path), clone(tmp_path, "other")
    here.keep(ONE)
    there.keep(TWO)
    here.keep(THREE)
    assert here.told() == there.told() == (ONE, TWO, THREE)


def test_a_remote_that_was_down_gets_the_newest_head_next_time(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    witness = clone(tmp_path)
    witness.keep(ONE)
    (tmp_path / "remote.git").rename(tmp_path / "away.git")
    with pytest.raises(Unreachable, match="git origin"):
        witness.keep(TWO)
    with pytest.raises(Unreachable):
        witness.told()
    (tmp_path / "away.git").rename(tmp_path / "remote.git")
    witness.keep(THREE)
    assert witness.told()[-1] == THREE


def test_a_remote_that_takes_nothing_says_so(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    hook = tmp_path / "remote.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no heads here >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises((Unreachable, Rejected), match="pre-receive hook declined"):
        clone(tmp_path).keep(ONE)


def test_no_hook_of_the_clone_is_run_and_no_branch_or_file_is_touched(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    witness = clone(tmp_path)
    hook = witness.folder / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    witness.keep(ONE)
    assert witness.told() == (ONE,)
    assert not (tmp_path / "ran").exists()
    assert git(witness.folder, "status", "--porcelain") == ""
    assert git(tmp_path / "remote.git", "for-each-ref", "--format=%(refname)") == "refs/agentctl/3b1f0c9a"


@pytest.mark.parametrize("remote", ["--upload-pack=touch ran", "nowhere", "ext::touch ran"])
def test_a_remote_that_is_none_runs_nothing(tmp_path, remote):
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    folder = clone(tmp_path).folder
    witness = GitWitness(folder=folder, remote=remote, lineage="3b1f0c9a")
    for attempt in (lambda: witness.keep(ONE), witness.told):
        with pytest.raises(Unreachable):
            attempt()
    assert not (folder / "ran").exists()


def test_a_folder_that_is_no_repository_is_said_to_be_unreachable(tmp_path):
    with pytest.raises(Unreachable, match="not a git repository"):
        GitWitness(folder=tmp_path, remote="origin", lineage="3b1f0c9a").keep(ONE)


def test_what_carries_the_credentials_is_told_of_no_place_to_write_session_keys(tmp_path, monkeypatch):
    git(tmp_path, "init", "-q")
    seen, carrier = tmp_path / "seen", tmp_path / "carrier"
    carrier.write_text(f"#!/bin/sh\nenv > '{seen}'\nexit 1\n")
    carrier.chmod(0o700)
    monkeypatch.setenv("GIT_SSH", str(carrier))
    monkeypatch.setenv("GIT_SSH_COMMAND", str(carrier))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    with pytest.raises(Unreachable):
        GitWitness(folder=tmp_path, remote="ssh://audit.example/heads.git", lineage="3b1f0c9a").told()
    assert "GIT_TERMINAL_PROMPT=0" in seen.read_text()
    assert "SSLKEYLOGFILE" not in seen.read_text()


def test_commits_of_others_on_the_ref_are_passed_over(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    witness = clone(tmp_path)
    witness.keep(ONE)
    tree = git(witness.folder, "mktree", "--missing")
    identity = ("-c", "user.name=x", "-c", "user.email=x@x.example")
    foreign = git(witness.folder, *identity, "commit-tree", tree, "-p", "refs/agentctl/3b1f0c9a", "-m", "x")
    git(witness.folder, "push", "-q", "origin", f"{foreign}:refs/agentctl/3b1f0c9a")
    witness.keep(TWO)
    assert witness.told() == (ONE, TWO)


def test_a_line_that_a_full_disk_cut_short_swallows_nothing(tmp_path):
    witness = FileWitness(tmp_path / "heads")
    witness.keep(ONE)
    whole = witness.path.read_bytes()
    for length in range(len(whole) + 1, len(whole) * 2):
        witness.path.write_bytes(whole + whole[: length - len(whole)])
        witness.keep(TWO)
        assert witness.told()[0] == ONE
        assert witness.told()[-1] == TWO


def test_a_file_that_cannot_be_written_is_said_to_be(tmp_path):
    with pytest.raises(Unreachable, match="No such file"):
        FileWitness(tmp_path / "missing" / "heads").keep(ONE)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unreachable):
        FileWitness(tmp_path / "link").keep(ONE)
    assert not Path(tmp_path / "elsewhere").exists()
