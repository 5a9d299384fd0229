"""Git that says no after it has done what it was asked: what it did decides, not what it says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from agentctl.connectors.base import Call
from agentctl.connectors.git import GitConnector
from agentctl.errors import Indeterminate, Rejected
from agentctl.model.snapshot import Address
from agentctl.testing import foresee, perform, snapshots
from tests.connectors.git_worlds import connect, git, repository, step, world, write


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


@pytest.fixture
def grumbling(repo: Path) -> GitConnector:
    """A repository whose HEAD has a log that can't be written: git moves the branch first, and then complains."""
    (repo / ".git/logs/HEAD").unlink()
    write(repo, ".git/logs/HEAD/in/the", "way")
    return connect(repo)


def test_a_commit_that_git_made_and_complained_of_is_made(repo, grumbling):
    write(repo, "site/pricing.html", "cheap\n")
    done = perform(grumbling, step("commit.create", "main", paths=["site/pricing.html"], message="Prices"))
    assert git(repo, "show", "main:site/pricing.html") == "cheap"
    assert git(repo, "status", "--porcelain") == "", "the index followed"
    assert done.after[Address("repo/branches/main")]["head"] == git(repo, "rev-parse", "main")


def test_a_branch_somebody_deleted_in_the_same_moment_is_not_said_to_be_deleted_by_us(repo, monkeypatch, tmp_path):
    """A git on the PATH that deletes the branch by itself right before it is asked to, and so is refused."""
    real = shutil.which("git")
    write(tmp_path, "bin/git", f'#!/bin/sh\ncase "$*" in *update-ref*-d*) {real} branch -q -D feature >&2;; esac\nexec {real} "$@"\n', 0o755)
    connector = connect(repo)
    change = foresee(connector, step("branch.delete", "feature"))
    known = snapshots(connector, step("branch.delete", "feature"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(Indeterminate, match="stands at nothing, where it was to go"):
        connector.execute(change, Call(key="k", before=known, deadline=9.0))


def test_every_lock_in_the_way_is_named_and_nothing_is_changed(repo):
    write(repo, "site/pricing.html", "cheap\n")
    write(repo, ".git/HEAD.lock", "")
    write(repo, ".git/refs/heads/main.lock", "")
    before = world(repo)
    with pytest.raises(Rejected, match=r"HEAD\.lock and .*refs/heads/main\.lock exist: another git process"):
        perform(connect(repo), step("commit.create", "main", paths=["site/pricing.html"], message="Prices"))
    assert world(repo) == before
