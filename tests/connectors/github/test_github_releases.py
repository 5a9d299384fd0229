"""Releases: every promise of the contract, on the emulator, and what publishing one leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.connectors.base import Connector
from agentctl.errors import Rejected
from agentctl.model.action import Reversibility
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields
from agentctl.testing import Case, foresee, perform
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_house import Repository, without
from tests.systems.github_whole import WholeGitHub

# An id is spent, and publishing has its time.
QUIET = ("created_at", "updated_at", "published_at")


class TestReleases(GithubSuite):
    kinds = frozenset({"release", "releases"})
    cases = (
        Case("read", on("release.read", "releases/{draft}")),
        Case("list", on("releases.read", "releases")),
        Case("create", on("release.create", "releases", tag_name="v3", name="Third", body="New.", prerelease=True)),
        Case("create on a branch", on("release.create", "releases", tag_name="v4", target_commitish="next")),
        Case("update a draft", on("release.update", "releases/{draft}", tag_name="v2.1", name="Two", body="", prerelease=True)),
        Case("update", on("release.update", "releases/{published}", name="One", body="Mended.")),
        Case("publish", on("release.publish", "releases/{draft}")),
        Case("publish from a branch", on("release.publish", "releases/{draft}", target_commitish="next")),
        Case("withdraw", on("release.withdraw", "releases/{published}")),
        Case("delete", on("release.delete", "releases/{published}")),
    )
    outsiders = (on("release.publish", "releases"), on("release.publish", "releases/v1"), on("release.delete", "releases/1/x"))

    @pytest.fixture
    def house(self, github_whole: WholeGitHub) -> WholeGitHub:
        return github_whole

    def furnish(self, repository: Repository) -> dict[str, Any]:
        repository.branch("next")
        published = repository.made("/releases", {"tag_name": "v1", "name": "First", "body": "Old.", "draft": False})
        draft = repository.made("/releases", {"tag_name": "v2", "name": "Second", "body": "Text.", "draft": True})
        return {"published": published["id"], "draft": draft["id"]}

    def world(self, connector: Connector) -> object:
        return without({one["url"]: one for one in self.repository.all("/releases")}, *QUIET)

    def normalise(self, address: Address, fields: Fields) -> Fields:
        return {name: value for name, value in fields.items() if not name.startswith("public_")}

    def outside_edit(self, connector: Connector, address: Address) -> None:
        self.repository.made(self.path(address), {"name": "Edited by somebody else"}, "PATCH")


def test_publishing_makes_the_tag_and_taking_it_back_leaves_it(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    connector = github(github_whole)
    drafted = perform(connector, step("release.create", repository, "releases", tag_name="v1", body="New."))
    number = drafted.receipt.ids["id"]
    assert repository.read("/git/ref/tags/v1") is None
    assert drafted.receipt.links == (repository.read(f"/releases/{number}")["html_url"],)
    published = perform(connector, step("release.publish", repository, f"releases/{number}"))
    assert repository.read("/releases/tags/v1")["draft"] is False
    assert repository.read("/git/ref/tags/v1") is not None
    assert published.inverse.kind is Reversibility.COMPENSATING
    assert "tag stays" in published.inverse.stays
    perform(connector, published.inverse.step)
    assert repository.read(f"/releases/{number}")["draft"] is True
    assert repository.read("/git/ref/tags/v1") is not None
    perform(connector, drafted.inverse.step)
    assert repository.read(f"/releases/{number}") is None
    connector.close()


def test_what_is_published_is_not_published_again(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    connector = github(github_whole)
    number = repository.made("/releases", {"tag_name": "v1", "draft": False})["id"]
    done = perform(connector, step("release.publish", repository, f"releases/{number}"))
    assert done.change.effect.value == "no-op"
    assert not github_whole.front.asked("PATCH")
    connector.close()


def test_a_tag_that_another_release_has_is_refused_with_the_field(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    connector = github(github_whole)
    repository.made("/releases", {"tag_name": "v1", "draft": False})
    with pytest.raises(Rejected, match="Not accepted"):
        perform(connector, step("release.create", repository, "releases", tag_name="v1"))
    connector.close()


def test_what_becomes_public_is_shown_before_anybody_consents(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    connector = github(github_whole)
    sha = repository.read("/git/ref/heads/main")["object"]["sha"]
    drafted = {"tag_name": "v1", "name": "One", "body": "All that is new.", "draft": True}
    number = repository.made("/releases", drafted)["id"]
    change = foresee(connector, step("release.publish", repository, f"releases/{number}", target_commitish=sha))
    (record,) = change.records
    public = {name: value for name, value in record.after.items() if name.startswith("public_")}
    assert public == {
        "public_tag_name": "v1", "public_target_commitish": sha, "public_name": "One", "public_body": "All that is new.",
        "public_prerelease": False, "public_assets": [],
    }
    assert change.notes == (f"makes the tag v1 at {sha}, unless it is there already",)
    (note,) = foresee(connector, step("release.publish", repository, f"releases/{number}")).notes
    assert "at main, wherever that stands by then" in note
    connector.close()


def test_the_tag_is_made_at_the_commit_that_was_consented_to(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    connector = github(github_whole)
    sha = repository.read("/git/ref/heads/main")["object"]["sha"]
    number = repository.made("/releases", {"tag_name": "v1", "draft": True})["id"]
    repository.commit("later.txt", "Slipped in.")
    perform(connector, step("release.publish", repository, f"releases/{number}", target_commitish=sha))
    assert repository.read("/git/ref/tags/v1")["object"]["sha"] == sha
    connector.close()
