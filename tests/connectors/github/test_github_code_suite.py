"""Branches and files keep every promise of the contract, on the emulator; what is in it is read around agentctl."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from agentctl.connectors.base import Connector
from agentctl.model.snapshot import Address
from agentctl.testing import Case
from tests.connectors.github.code_worlds import TEXT, code, everything, grow, head
from tests.connectors.github.github_suite import GithubSuite, on
from tests.systems.github_house import USER, GitHubHouse, Repository
from tests.systems.github_simulator import SimulatedGitHub

_TWO = [
    {"path": "pyproject.toml", "find": "1.3.0", "replace": "1.4.0", "count": 1},
    {"path": "docs/new/é.md", "content": "New.\r\n"},
    {"path": "logo.png", "delete": True},
    {"path": "bin/run", "content": b"\x00\x01"},
]


class TestCode(GithubSuite):
    kinds = frozenset({"branch", "file", "files", "workflows"})
    cases = (
        Case("branch read", on("branch.read", "branches/topic/one")),
        Case("branch from a branch", on("branch.create", "branches/release/1.4", **{"from": "main"})),
        Case("branch delete", on("branch.delete", "branches/topic/one")),
        Case("file read", on("file.read", "files/topic/one:docs/crlf.txt")),
        Case("create", on("file.create", "files/main:docs/a.md", content="A.\n", message="Add a page")),
        Case("create elsewhere", on("file.create", "files/topic/one:run%3F", content="", mode="0755", message="Add")),
        Case("update", on("file.update", "files/main:docs/crlf.txt", content=TEXT + "line three\r\n", message="Say more")),
        Case("replace", on("file.update", "files/topic/one:pyproject.toml", find="1.3", replace="1.4", count=1, message="Bump")),
        Case("make executable", on("file.update", "files/main:docs/crlf.txt", content=TEXT, mode="0755", message="Run it")),
        Case("delete", on("file.delete", "files/main:logo.png", message="Drop the logo")),
        Case("delete a link", on("file.delete", "files/main:link", message="Drop the link")),
        Case("commit", on("files.commit", "branches/topic/one", files=_TWO, message="Release 1.4.0\n\nSigned-off-by: A <a@b.c>")),
        Case("workflow", on(
            "workflows.commit", "branches/main", message="Run on pull requests too",
            files=[{"path": ".github/workflows/ci.yml", "content": "on: [push, pull_request]\n"}],
        )),
    )
    outsiders = (
        on("file.read", "files/main"), on("file.read", "files/main:../secret"), on("file.read", "files/main:/etc/passwd"),
        on("file.read", "files/main:.git/config"), on("file.read", "files/main:a/.GIT/config"), on("file.read", "files/main:a//b"),
        on("file.create", "files/main:.git/hooks/x", content="x", message="x"), on("branch.read", "branches/../x"),
        on("branch.read", "branches/a..b"), on("branch.create", "branches/-x", **{"from": "main"}),
        on("branch.create", "branches/refs/heads/x", **{"from": "main"}), on("branch.delete", "branches/" + "0" * 40),
        on("file.delete", f"files/{'0' * 40}:a", message="x"), on("file.read", "files/new:readme"),
        on("files.commit", "branches/main", files=[{"path": "a/../../b", "content": ""}], message="x"),
        on("files.commit", "branches/main", files=[{"path": ".github/workflows/x.yml", "content": ""}], message="x"),
        on("files.commit", "branches/main", files=[{"path": ".GitHub/Workflows/x.yml", "content": ""}], message="x"),
        on("files.commit", "branches/main", files=[{"path": "a", "content": ""}, {"path": "a", "delete": True}], message="x"),
        on("files.commit", "branches/main", files=[{"path": "a", "content": ""}, {"path": "a/b", "content": ""}], message="x"),
    )

    def furnish(self, repository: Repository) -> dict[str, Any]:
        code(repository)
        return {}

    def world(self, connector: Connector) -> object:
        return everything(self.repository)

    def outside_edit(self, connector: Connector, address: Address) -> None:
        _, _, kind, name = address.split("/", 1)[1].split("/", 3)
        if kind == "branches" and head(self.repository, name) is None:
            self.repository.branch(name, "spare")
            return
        branch, _, path = name.partition(":")
        grow(self.repository, branch, {unquote(path) or "elsewhere.txt": ("100644", "Somebody else's.\n")})


class TestCodeOfStrictGitHub(TestCode):
    """The same where tokens are judged, and what did not change is answered with 304."""

    cases = tuple(case for case in TestCode.cases if case.name in {"branch delete", "replace", "commit"})
    token = USER

    @pytest.fixture
    def house(self, github_simulator: SimulatedGitHub) -> GitHubHouse:
        return github_simulator

    def test_every_action_has_a_case(self, connector: Connector) -> None:
        """Those above have: what is tried here is one action of each kind."""
        assert {case.step.verb for case in self.cases} <= connector.actions.keys()
