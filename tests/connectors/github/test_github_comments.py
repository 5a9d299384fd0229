"""Comments: every promise of the contract, and a mark that tells our comment from one that says the same."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.connectors.base import Connector
from agentctl.errors import Rejected
from agentctl.model.snapshot import Address
from agentctl.testing import Case, perform
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_house import USER, GitHubHouse, Repository
from tests.systems.github_simulator import SimulatedGitHub


class TestComments(GithubSuite):
    kinds = frozenset({"comment", "comments"})
    cases = (
        Case("read", on("comment.read", "issues/1/comments/{first}")),
        Case("list", on("comments.read", "issues/1/comments")),
        Case("comment", on("comment.create", "issues/1/comments", body="Mine does, too.\r\nSince Monday.")),
        Case("comment on a pull request", on("comment.create", "issues/{pull}/comments", body="Looks good.")),
        Case("edit", on("comment.update", "issues/1/comments/{first}", body="Mine doesn't.")),
        Case("delete", on("comment.delete", "issues/1/comments/{first}")),
    )
    outsiders = tuple(
        on("comment.update", target, body="x")
        for target in ("issues/1", "issues/1/comments", "issues/1/comments/", "issues/comments/1", "issues/1/comments/1/x",
                       "issues/x/comments/1", "pulls/1/comments/1")
    )

    def furnish(self, repository: Repository) -> dict[str, Any]:
        repository.issue("Lamp flickers")
        first, _ = (repository.made("/issues/1/comments", {"body": body})["id"] for body in ("Mine does.", "Mine does, too."))
        repository.branch("work")
        repository.commit("lamp.txt", "bright", "work")
        pull = repository.made("/pulls", {"title": "Mend the lamp", "head": "work", "base": "main"})["number"]
        return {"first": first, "pull": pull}

    def world(self, connector: Connector) -> object:
        return self.records("/issues/1/comments", f"/issues/{self.ids['pull']}/comments")

    def outside_edit(self, connector: Connector, address: Address) -> None:
        path = f"/issues/comments/{address.rpartition('/')[2]}"
        self.repository.made(path, {"body": "edited by somebody else"}, "PATCH")


class TestCommentsOfAStrictGitHub(TestComments):
    token = USER

    @pytest.fixture
    def house(self, github_simulator: SimulatedGitHub) -> GitHubHouse:
        return github_simulator


@pytest.fixture
def connector(github_emulator):
    opened = github(github_emulator)
    yield opened
    opened.close()


def test_nobody_reads_our_mark_and_it_is_gone_with_the_first_edit(github_emulator: GitHubHouse, connector) -> None:
    repository = github_emulator.repository()
    repository.issue()
    made = perform(connector, step("comment.create", repository, "issues/1/comments", body="Seen."))
    (address,) = made.receipt.addresses.values()
    kept = repository.read(f"/issues/comments/{made.receipt.ids['id']}")
    assert kept["body"].startswith("Seen.\n\n<!-- agentctl:")
    assert made.receipt.links == (kept["html_url"],)
    assert connector.read(address).value["body"] == "Seen."
    where = address.split("/", 3)[3]
    perform(connector, step("comment.update", repository, where, body="Seen and done."))
    assert repository.read(f"/issues/comments/{made.receipt.ids['id']}")["body"] == "Seen and done."


@pytest.mark.parametrize("verb", ["comment.read", "comment.update", "comment.delete"])
def test_a_comment_is_found_under_its_own_issue_only(github_emulator: GitHubHouse, connector, verb) -> None:
    """GitHub finds it by its id alone; who may touch issue 1 must not reach what stands under issue 2."""
    repository = github_emulator.repository()
    repository.issue()
    repository.issue()
    comment = repository.made("/issues/2/comments", {"body": "Not yours."})["id"]
    with pytest.raises(Rejected, match="Called otherwise") as told:
        perform(connector, step(verb, repository, f"issues/1/comments/{comment}", **({"body": "x"} if "update" in verb else {})))
    assert f"issues/2/comments/{comment}" in told.value.detail
    assert repository.read(f"/issues/comments/{comment}")["body"] == "Not yours."
