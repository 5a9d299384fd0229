"""Milestones: every promise of the contract, on an emulator that nobody here wrote, and on one as strict as GitHub."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agentctl.connectors.base import Connector
from agentctl.model.change import Reversibility
from agentctl.model.snapshot import Address
from agentctl.testing import Case, perform
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_house import USER, GitHubHouse, Repository
from tests.systems.github_simulator import SimulatedGitHub


class TestMilestones(GithubSuite):
    kinds = frozenset({"milestone", "milestones"})
    cases = (
        Case("read", on("milestone.read", "milestones/1")),
        Case("list", on("milestones.read", "milestones", state="all")),
        Case("make", on("milestone.create", "milestones", title="v2", description="Lamps.\r\nAll of them.",
                        due_on=date(2027, 1, 31))),
        Case("make one with a title only", on("milestone.create", "milestones", title="v3")),
        Case("edit", on("milestone.update", "milestones/1", title="v1.1", description="", due_on=date(2026, 12, 31))),
        Case("close", on("milestone.update", "milestones/1", state="closed")),
        Case("delete", on("milestone.delete", "milestones/1")),
    )
    outsiders = tuple(
        on("milestone.update", target, title="x") for target in ("milestones", "milestones/", "milestones/v1", "milestones/1/2")
    )

    def furnish(self, repository: Repository) -> dict[str, Any]:
        repository.made("/milestones", {"title": "v1", "description": "The first.", "due_on": "2026-12-01T08:00:00Z"})
        repository.issue(milestone=1)
        return {}

    def world(self, connector: Connector) -> object:
        found = self.records("/milestones?state=all")
        for one in found.values():
            one["description"] = one["description"] or ""
        return found

    def outside_edit(self, connector: Connector, address: Address) -> None:
        self.repository.made(self.path(address), {"title": "edited by somebody else"}, "PATCH")


class TestMilestonesOfAStrictGitHub(TestMilestones):
    token = USER

    @pytest.fixture
    def house(self, github_simulator: SimulatedGitHub) -> GitHubHouse:
        return github_simulator


def test_a_day_that_cannot_be_taken_away_again_is_told_beforehand(github_emulator: GitHubHouse) -> None:
    repository = github_emulator.repository()
    repository.made("/milestones", {"title": "v1"})
    connector = github(github_emulator)
    done = perform(connector, step("milestone.update", repository, "milestones/1", due_on=date(2026, 12, 1)))
    assert done.change.inverse.kind is Reversibility.NONE
    assert done.change.inverse.stays == "milestone.update cannot write what was there before: nothing, for `due_on`."
    assert repository.read("/milestones/1")["due_on"].startswith("2026-12-01T")
    connector.close()
