"""Merging: only the commit that was reviewed, only with what must speak for it, and known again after a lost reply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agentctl.connectors.base import Call, Connector, Found, Located
from agentctl.connectors.github.evidence import gathered
from agentctl.errors import Indeterminate, Rejected
from agentctl.model.action import Reversibility
from agentctl.model.change import Effect
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields
from agentctl.testing import Case, foresee, perform
from agentctl.testing.drive import snapshots
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.github_worlds import github, step
from tests.connectors.github.pull_worlds import opened, pulls_and_branches
from tests.systems.github_access import said
from tests.systems.github_house import Repository
from tests.systems.github_whole import WholeGitHub
from tests.systems.mishaps import LostAfter, Says

HEAD = "0" * 40     # stands for the commit that the world's branch has


class TestMerging(GithubSuite):
    kinds = frozenset()
    cases = (
        Case("merge", on("pull.merge", "pulls/1", sha=HEAD, method="merge", title="Bring it", message="As agreed.")),
        Case("squash", on("pull.merge", "pulls/1", sha=HEAD, method="squash")),
        Case("with approvals", on("pull.merge", "pulls/1", sha=HEAD, method="merge", approvals=1, checks="passed")),
    )

    @pytest.fixture
    def house(self, github_whole: WholeGitHub) -> WholeGitHub:
        return github_whole

    @pytest.fixture
    def case(self, request: pytest.FixtureRequest, connector: Connector) -> Case:
        case: Case = request.param
        return replace(case, step=replace(case.step, with_={**case.step.with_, "sha": self.sha}))

    def furnish(self, repository: Repository) -> dict[str, Any]:
        self.sha = feature(repository)
        approved(repository)
        return {}

    def world(self, connector: Connector) -> object:
        return pulls_and_branches(self.repository)

    def outside_edit(self, connector: Connector, address: Address) -> None:
        self.repository.commit("feature.txt", "Another text.", "feature")

    def normalise(self, address: Address, fields: Fields) -> Fields:
        return {name: value for name, value in fields.items() if name not in {"mergeable", "checks", "approved_by", "objected_by"}}

    def test_every_action_has_a_case(self, connector: Connector) -> None:
        assert {case.step.verb for case in self.cases} == {"pull.merge"}


def feature(repository: Repository) -> str:
    """Open a pull request, the first of the repository, and return its head commit."""
    repository.branch("feature")
    repository.commit("feature.txt", "Text.", "feature")
    number = opened(repository, "feature")
    assert number == 1
    sha: str = repository.read("/git/ref/heads/feature")["object"]["sha"]
    return sha


def approved(repository: Repository, event: str = "APPROVE", **fields: object) -> None:
    repository.made("/pulls/1/reviews", {"event": event, "body": "Read."} | fields)


def checked(repository: Repository, sha: str, name: str, conclusion: str = "") -> None:
    state = {"status": "completed", "conclusion": conclusion} if conclusion else {"status": "in_progress"}
    repository.made("/check-runs", {"name": name, "head_sha": sha} | state)


@pytest.fixture
def repository(github_whole: WholeGitHub) -> Repository:
    return github_whole.repository()


@pytest.fixture
def connector(github_whole: WholeGitHub) -> Iterator[Connector]:
    made = github(github_whole)
    yield made
    made.close()


def merge(repository: Repository, sha: str, **with_: Any):
    return step("pull.merge", repository, "pulls/1", sha=sha, **{"method": "merge", **with_})


def test_a_merge_makes_the_commit_that_was_foreseen_and_says_that_it_stays(connector: Connector, repository: Repository) -> None:
    sha = feature(repository)
    done = perform(connector, merge(repository, sha, title="Bring it", message="As agreed.\n\nSigned-off-by: A <a@x.example>"))
    pull = repository.read("/pulls/1")
    assert (pull["merged"], pull["state"]) == (True, "closed")
    assert done.receipt.ids["sha"] == pull["merge_commit_sha"] == repository.read("/git/ref/heads/main")["object"]["sha"]
    assert done.receipt.links == (pull["html_url"],)
    message = repository.read(f"/git/commits/{pull['merge_commit_sha']}")["message"]
    assert message.startswith("Bring it\n\nAs agreed.\n\nSigned-off-by: A <a@x.example>\nAgentctl-Key: ")
    assert done.inverse.kind is Reversibility.NONE
    assert "history" in done.inverse.stays


def test_another_head_than_the_planned_one_is_not_merged(connector: Connector, repository: Repository) -> None:
    sha = feature(repository)
    change = foresee(connector, merge(repository, sha))
    before = snapshots(connector, merge(repository, sha))
    repository.commit("feature.txt", "Slipped in.", "feature")
    with pytest.raises(Rejected, match="Head branch was modified"):
        connector.execute(change, Call(key="k", before=before, deadline=30))
    with pytest.raises(Rejected, match="Head moved") as told:
        foresee(connector, merge(repository, sha))
    assert repository.read("/git/ref/heads/feature")["object"]["sha"] in told.value.detail
    assert repository.read("/pulls/1")["merged"] is False


def test_what_the_checks_and_reviewers_say_stands_in_the_plan_with_links(
    connector: Connector, repository: Repository, github_whole: WholeGitHub
) -> None:
    sha = feature(repository)
    checked(repository, sha, "lint", "success")
    github_whole.whole.status(repository.name, sha, "success", "deploy/preview")
    approved(repository)
    notes = foresee(connector, merge(repository, sha)).notes
    (record,) = foresee(connector, merge(repository, sha)).records
    assert (record.after["checks"], record.after["approved_by"], record.after["objected_by"]) == ("passed", ["octocat"], [])
    assert notes[0] == f"merges {sha} of feature into main"
    assert "check deploy/preview: success https://ci.example/deploy/preview" in notes
    assert any(note.startswith("check lint: success http") for note in notes)
    assert any(note.startswith("approved by octocat http") for note in notes)


def test_what_failed_is_never_buried_under_what_passed(connector: Connector, repository: Repository) -> None:
    sha = feature(repository)
    for number in range(12):
        checked(repository, sha, f"a{number}", "success")
    checked(repository, sha, "z", "failure")
    notes = foresee(connector, merge(repository, sha, checks="any")).notes
    assert notes[1].startswith("check z: failure")
    assert "and 2 more checks that passed" in notes


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out", "action_required", ""])
def test_what_has_not_passed_is_not_merged_unless_the_plan_says_so(
    connector: Connector, repository: Repository, conclusion: str
) -> None:
    sha = feature(repository)
    checked(repository, sha, "unit", "success")
    checked(repository, sha, "e2e", conclusion)
    with pytest.raises(Rejected, match="Checks not passed") as told:
        foresee(connector, merge(repository, sha))
    assert "e2e" in told.value.detail
    assert "unit" not in told.value.detail
    assert foresee(connector, merge(repository, sha, checks="any")).effect is Effect.UPDATE


@pytest.mark.parametrize("state", ["pending", "failure", "error"])
def test_a_status_that_is_no_success_counts_like_a_check(
    connector: Connector, repository: Repository, github_whole: WholeGitHub, state: str
) -> None:
    sha = feature(repository)
    github_whole.whole.status(repository.name, sha, state)
    with pytest.raises(Rejected, match="Checks not passed"):
        foresee(connector, merge(repository, sha))


def test_checks_that_cannot_be_seen_are_not_taken_for_passed(
    connector: Connector, repository: Repository, github_whole: WholeGitHub
) -> None:
    sha = feature(repository)
    hidden = Says(said(403, "Resource not accessible by personal access token"))
    github_whole.front.when(hidden, "GET", r".*/check-runs", times=2)
    with pytest.raises(Rejected, match="Checks not seen"):
        foresee(connector, merge(repository, sha))
    assert "its checks cannot be seen with this token" in foresee(connector, merge(repository, sha, checks="any")).notes


def test_only_approvals_of_this_very_commit_count(connector: Connector, repository: Repository) -> None:
    sha = feature(repository)
    approved(repository, commit_id="1" * 40)
    with pytest.raises(Rejected, match="0 of 1 approvals"):
        foresee(connector, merge(repository, sha, approvals=1))
    assert any("of an earlier commit" in note for note in foresee(connector, merge(repository, sha)).notes)
    approved(repository, commit_id=sha)
    assert foresee(connector, merge(repository, sha, approvals=1)).effect is Effect.UPDATE
    approved(repository, "COMMENT")
    assert foresee(connector, merge(repository, sha, approvals=1)).effect is Effect.UPDATE
    approved(repository, "REQUEST_CHANGES")
    with pytest.raises(Rejected, match="Changes are requested by octocat"):
        foresee(connector, merge(repository, sha, approvals=1))


@pytest.mark.parametrize("association", ["OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR", "NONE", None])
def test_an_outsider_neither_approves_nor_objects(association: str | None) -> None:
    def review(number: int, author: str, state: str) -> Snapshot:
        fields = {"author": author, "state": state, "commit_id": "1" * 40, "association": association}
        return Snapshot(address=Address(f"github/a/b/pulls/1/reviews/{number}"), value=fields, at=datetime.now(UTC))

    inside = association in {"OWNER", "MEMBER", "COLLABORATOR"}
    found = gathered("1" * 40, None, None, [review(9, "ada", "APPROVED"), review(10, "ken", "CHANGES_REQUESTED")])
    assert (found.approvals, found.objections) == ((["ada"], ["ken"]) if inside else ([], []))
    assert any("an outsider" in note for note in found.notes()) is not inside


def test_the_last_word_of_a_reviewer_counts_whatever_the_order_of_the_list() -> None:
    def review(number: int, state: str) -> Snapshot:
        fields = {"author": "ada", "state": state, "commit_id": "1" * 40, "association": "MEMBER"}
        return Snapshot(address=Address(f"github/a/b/pulls/1/reviews/{number}"), value=fields, at=datetime.now(UTC))

    reviews = [review(10, "DISMISSED"), review(9, "APPROVED")]
    assert gathered("1" * 40, None, None, reviews).approvals == []
    assert gathered("1" * 40, None, None, [*reviews, review(11, "APPROVED")]).approvals == ["ada"]


def test_a_draft_or_a_closed_pull_request_is_not_merged(connector: Connector, repository: Repository) -> None:
    sha = feature(repository)
    perform(connector, step("pull.draft", repository, "pulls/1"))
    with pytest.raises(Rejected, match="is a draft"):
        foresee(connector, merge(repository, sha))
    perform(connector, step("pull.ready", repository, "pulls/1"))
    perform(connector, step("pull.close", repository, "pulls/1"))
    with pytest.raises(Rejected, match="is closed"):
        foresee(connector, merge(repository, sha))


def test_what_is_merged_already_is_nothing_to_do(connector: Connector, repository: Repository) -> None:
    sha = feature(repository)
    perform(connector, merge(repository, sha))
    assert foresee(connector, merge(repository, sha)).effect is Effect.NO_OP
    with pytest.raises(Rejected, match="Record not ready for this"):
        foresee(connector, step("pull.reopen", repository, "pulls/1"))


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_merge_whose_reply_was_lost_is_known_by_its_commit(
    connector: Connector, repository: Repository, github_whole: WholeGitHub, method: str
) -> None:
    sha = feature(repository)
    wanted = merge(repository, sha, method=method)
    change, before = foresee(connector, wanted), snapshots(connector, wanted)
    call = Call(key="ours", before=before, deadline=30)
    github_whole.front.when(LostAfter(), "PUT", r".*/merge")
    with pytest.raises(Indeterminate):
        connector.execute(change, call)
    assert connector.locate(change, replace(call, key="theirs")) is Located.CANNOT_TELL
    found = connector.locate(change, call)
    assert isinstance(found, Found)
    assert found.receipt.ids["sha"] == repository.read("/git/ref/heads/main")["object"]["sha"]
    assert len(github_whole.front.asked("PUT", r".*/merge")) == 1


def test_a_rebase_whose_reply_was_lost_is_left_to_a_person(
    connector: Connector, repository: Repository, github_whole: WholeGitHub
) -> None:
    sha = feature(repository)
    wanted = merge(repository, sha, method="rebase")
    change, before = foresee(connector, wanted), snapshots(connector, wanted)
    call = Call(key="ours", before=before, deadline=30)
    github_whole.front.when(LostAfter(), "PUT", r".*/merge")
    with pytest.raises(Indeterminate):
        connector.execute(change, call)
    assert connector.locate(change, call) is Located.CANNOT_TELL
