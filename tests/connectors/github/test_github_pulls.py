"""Pull requests keep every promise of the contract, on the emulator; what is in it is read around agentctl."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.connectors.base import Connector
from agentctl.model.snapshot import Address
from agentctl.testing import Case
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.pull_worlds import CLOSED, DRAFT, READY, everything, pulls
from tests.systems.github_house import Repository
from tests.systems.github_whole import WholeGitHub


class TestPulls(GithubSuite):
    kinds = frozenset({"pull", "pulls"})
    cases = (
        Case("read", on("pull.read", f"pulls/{DRAFT}")),
        Case("list", on("pulls.read", "pulls")),
        Case("list of all", on("pulls.read", "pulls", state="all", base="main")),
        Case("create", on("pull.create", "pulls", title="Bring next", body="Why.", head="next", base="main", draft=True)),
        Case("update", on("pull.update", f"pulls/{DRAFT}", title="Bring a feature", body="", base="next")),
        Case("label", on("pull.label", f"pulls/{DRAFT}", labels=["later", "bug"])),
        Case("close", on("pull.close", f"pulls/{DRAFT}")),
        Case("reopen", on("pull.reopen", f"pulls/{CLOSED}")),
        Case("ready", on("pull.ready", f"pulls/{DRAFT}")),
        Case("draft", on("pull.draft", f"pulls/{READY}")),
        Case("request", on("pull.request_reviewers", f"pulls/{READY}", reviewers=["Hubot", "monalisa"])),
        Case("remove", on("pull.remove_reviewers", f"pulls/{READY}", reviewers=["monalisa", "hubot"])),
    )
    outsiders = (
        on("pull.update", "pulls", title="x"), on("pull.update", "pulls/01", title="x"), on("pull.ready", "pulls/x"),
        on("pull.request_reviewers", "pulls/1/..", reviewers=["x"]),
    )

    @pytest.fixture
    def house(self, github_whole: WholeGitHub) -> WholeGitHub:
        return github_whole

    def furnish(self, repository: Repository) -> dict[str, Any]:
        pulls(repository)
        return {}

    def world(self, connector: Connector) -> object:
        return everything(self.repository)

    def outside_edit(self, connector: Connector, address: Address) -> None:
        self.repository.made(self.path(address), {"title": "Edited by somebody else"}, "PATCH")
