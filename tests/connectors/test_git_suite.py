"""The git connector keeps every promise of the contract, on a branch that is checked out and on one that is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentctl.connectors.base import Connector
from agentctl.model.snapshot import Address, within
from agentctl.testing import Case, ConnectorSuite
from tests.connectors.git_worlds import FEATURE, commit_aside, connect, git, repository, step, world, write


def folder_of(connector: Connector) -> Path:
    return Path(connector.identity().endpoint.removeprefix("file://"))


def edited(connector: Connector) -> None:
    """The working tree holds: a changed file, a new one, one that is gone, one made executable; and a staged one."""
    folder = folder_of(connector)
    write(folder, "site/pricing.html", "cheap\n")
    write(folder, "site/dé ja.txt", "new\n", 0o600)
    write(folder, "blob.bin", b"\0\1")
    (folder / "logo.png").unlink()
    (folder / "site/index.html").chmod(0o755)
    write(folder, "staged.txt", "staged")
    git(folder, "add", "staged.txt")


def merged(connector: Connector) -> None:
    git(folder_of(connector), "merge", "-q", "--ff-only", "feature")


def behind(connector: Connector) -> None:
    git(folder_of(connector), "branch", "behind", "main")


PATHS = ["blob.bin", "logo.png", "site/dé ja.txt", "site/index.html", "site/pricing.html"]


class TestGit(ConnectorSuite):
    cases = (
        Case("read", step("file.read", "main:site/pricing.html")),
        Case("create branch", step("branch.create", "agent/fix-1", from_="main")),
        Case("delete branch", step("branch.delete", "feature")),
        Case("commit", step("commit.create", "main", paths=PATHS, message="Prices"), given=edited),
        Case("commit elsewhere", step("commit.create", "feature", paths=["blob.bin"], message="Blob"), given=edited),
        Case("merge", step("branch.merge", "main", from_="feature")),
        Case("revert", step("commit.revert", "feature", commit=FEATURE)),
        Case("revert checked out", step("commit.revert", "main", commit=FEATURE, message="Back"), given=merged),
        Case("merge elsewhere", step("branch.merge", "behind", from_=FEATURE), given=behind),
    )
    outsiders = (
        *(
            step("commit.create", "main", paths=[path], message="x")
            for path in ("../x", "/etc/passwd", ".git/config", "a/.GIT/hooks/x", "a//b", "", "a/.", "g\0", "git~1/x")
        ),
        *(
            step("branch.create", name, from_="main")
            for name in ("", "-x", "a..b", "HEAD", "refs/heads/x", "a b", "x.lock", "@{u}", "a/", "/a", "~", "0" * 40)
        ),
        step("file.read", "main"),
        step("file.read", "main:../x"),
        step("branch.create", "x", from_="--output=/tmp/x"),
        step("commit.revert", "main", commit="HEAD"),
    )

    @pytest.fixture
    def connector(self, tmp_path: Path) -> Iterator[Connector]:
        connector = connect(repository(tmp_path / "repo"))
        yield connector
        connector.close()

    def world(self, connector: Connector) -> object:
        return world(folder_of(connector))

    def outside_edit(self, connector: Connector, address: Address) -> None:
        folder = folder_of(connector)
        collection, _, name = within(address).partition("/")
        match collection:
            case "branches":
                base = name if git(folder, "branch", "--list", name) else "main"
                git(folder, "branch", "-f" if base != name else "-q", name, base, check=False)
                commit_aside(folder, name, "somebody.txt", "else")
            case "files":
                branch, _, path = name.partition(":")
                commit_aside(folder, branch, path, "somebody else's\n")
            case "worktree":
                write(folder, name, "somebody else's\n")

    def test_every_action_has_a_case(self, connector: Connector) -> None:
        assert {v for v, s in connector.actions.items() if not s.inverse_only} == {c.step.verb for c in self.cases}

