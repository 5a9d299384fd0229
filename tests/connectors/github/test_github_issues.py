"""Issues: every promise of the contract, on an emulator that nobody here wrote, and what GitHub does that others don't."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.connectors.base import Connector
from agentctl.model.snapshot import Address
from agentctl.testing import Case
from tests.connectors.github.github_suite import GithubSuite, on
from tests.systems.github_house import USER, GitHubHouse, Repository
from tests.systems.github_simulator import SimulatedGitHub


class TestIssues(GithubSuite):
    kinds = frozenset({"issue", "issues"})
    cases = (
        Case("read", on("issue.read", "issues/1")),
        Case("list", on("issues.read", "issues", state="all", labels="bug")),
        Case("open", on("issue.create", "issues", title=" Lamp is dark ", body="Since\r\nMonday.", labels=["later", "bug"],
                        assignees=["octocat"], milestone=1)),
        Case("open with a title only", on("issue.create", "issues", title="Lamp is dark")),
        Case("edit", on("issue.update", "issues/1", title="Lamp is bright", body="Since Tuesday.", labels=["later"],
                        assignees=["octocat"], milestone=1)),
        Case("empty", on("issue.update", "issues/1", body="", labels=[])),
        Case("close", on("issue.update", "issues/1", state="closed", state_reason="not_planned")),
        Case("reopen", on("issue.update", "issues/{closed}", state="open", state_reason=None)),
        Case("lock", on("issue.lock", "issues/1", lock_reason="too heated")),
        Case("unlock", on("issue.unlock", "issues/{locked}")),
    )
    outsiders = tuple(
        on("issue.update", target, title="x")
        for target in ("issues", "issues/", "issues/01", "issues/1x", "issues/1/", "issues/../issues/1", "pulls/1", "issues/%31",
                       "issues/new:x/y", "issues/1?state=open")
    )

    def furnish(self, repository: Repository) -> dict[str, Any]:
        for name in ("bug", "later"):
            repository.made("/labels", {"name": name, "color": "ff0000"})
        repository.made("/milestones", {"title": "v1"})
        repository.issue("Lamp flickers", body="Since Sunday.", labels=["bug"])
        closed = repository.issue("Lamp is old")
        repository.made(f"/issues/{closed}", {"state": "closed", "state_reason": "completed"}, "PATCH")
        locked = repository.issue("Lamp is ugly")
        assert repository.ask("PUT", f"/issues/{locked}/lock", {"lock_reason": "too heated"}).status == 204
        return {"closed": closed, "locked": locked}

    def world(self, connector: Connector) -> object:
        issues = self.records("/issues?state=all")
        for issue in issues.values():
            if issue["state"] == "open":
                issue["state_reason"] = None        # `reopened`, for good
            issue["body"] = issue["body"] or ""
        return issues

    def outside_edit(self, connector: Connector, address: Address) -> None:
        self.repository.made(self.path(address), {"title": "edited by somebody else"}, "PATCH")


class TestIssuesOfAStrictGitHub(TestIssues):
    token = USER

    @pytest.fixture
    def house(self, github_simulator: SimulatedGitHub) -> GitHubHouse:
        return github_simulator
