"""Issues: every promise of the contract, on an emulator that nobody here wrote, and what GitHub does that others don't."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentctl.connectors.base import Call, Connector, Found
from agentctl.errors import Indeterminate, Rejected
from agentctl.model.change import Effect
from agentctl.model.snapshot import Address
from agentctl.syntax.schema import problems
from agentctl.testing import Case, foresee, perform
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_house import USER, GitHubHouse, Repository
from tests.systems.github_simulator import SimulatedGitHub
from tests.systems.mishaps import Changed, LostAfter, Reply


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


@pytest.fixture
def connector(github_emulator):
    opened = github(github_emulator)
    yield opened
    opened.close()


def test_a_lock_is_changed_by_nobody_who_does_not_say_so(github_emulator: GitHubHouse, connector) -> None:
    """Its inverse is to unlock: on what was locked before, for another reason, that would be no way back."""
    repository = github_emulator.repository()
    repository.issue()
    assert repository.ask("PUT", "/issues/1/lock", {"lock_reason": "spam"}).status == 204
    assert foresee(connector, step("issue.lock", repository, "issues/1", lock_reason="spam")).effect is Effect.NO_OP
    with pytest.raises(Rejected, match="Record not ready for this") as told:
        foresee(connector, step("issue.lock", repository, "issues/1", lock_reason="resolved"))
    assert told.value.detail == f"issue.lock takes what has locked: false; {repository.name.lower()}/issues/1 has not."


def test_an_issue_is_locked_for_no_reason_without_saying_one(github_emulator: GitHubHouse, connector) -> None:
    repository = github_emulator.repository()
    repository.issue()
    perform(connector, step("issue.lock", repository, "issues/1", lock_reason=None))
    (asked,) = github_emulator.front.asked("PUT")
    assert asked.json == {}


def test_what_was_reopened_is_open_for_no_reason(github_emulator: GitHubHouse, connector) -> None:
    """GitHub calls it `reopened` for good. Undoing a close would else never be exact."""
    repository = github_emulator.repository()
    repository.issue()
    done = perform(connector, step("issue.update", repository, "issues/1", state="closed", state_reason="completed"))
    for state in ({"state": "open"}, {"state": "open", "state_reason": "reopened"}):
        repository.made("/issues/1", state, "PATCH")
        assert repository.read("/issues/1")["state_reason"] == "reopened"
        assert connector.read(done.change.records[0].address).value == done.change.records[0].before


@pytest.mark.parametrize("given", [{"state": "closed"}, {"state_reason": "completed"}, {"state": "closed", "state_reason": "reopened"}])
def test_who_closes_an_issue_says_why(connector, given) -> None:
    assert problems(connector.actions["issue.update"].arguments, given)
    assert not problems(connector.actions["issue.update"].arguments, {"state": "open", "state_reason": None})
    assert not problems(connector.actions["issue.update"].arguments, {"state": "closed", "state_reason": "duplicate"})


def test_an_assignee_who_was_silently_dropped_is_seen_to_be_missing(github_emulator: GitHubHouse, connector) -> None:
    repository = github_emulator.repository()
    repository.issue()

    def dropped(reply: Reply) -> Reply:
        return Reply.of(200, {**json.loads(reply.body), "assignees": []})

    github_emulator.front.when(Changed(dropped), "GET", r".*/issues/1", nth=3)
    done = perform(connector, step("issue.update", repository, "issues/1", assignees=["octocat"]))
    (shown,) = done.after.values()
    assert (shown["assignees"], done.change.records[0].after["assignees"]) == ([], ["octocat"])


def test_an_issue_whose_reply_was_lost_is_found_among_others_that_say_the_same(github_emulator: GitHubHouse, connector) -> None:
    repository = github_emulator.repository()
    opening = step("issue.create", repository, "issues", title="Lamp is dark")
    change = foresee(connector, opening)
    call = Call(key="ours", before={}, deadline=30.0)
    github_emulator.front.when(LostAfter(), "POST")
    with pytest.raises(Indeterminate):
        connector.execute(change, call)
    repository.issue("Lamp is dark")
    located = connector.locate(change, call)
    assert isinstance(located, Found)
    assert located.receipt.ids == {"id": 1}
    assert located.receipt.inverse.step.target == f"{repository.name.lower()}/issues/1"
    assert connector.execute(change, call).ids == {"id": 1}        # sent again, it looks first
    assert len(repository.all("/issues")) == 2


def test_people_are_the_same_in_upper_and_lower_case(github_emulator: GitHubHouse, connector) -> None:
    repository = github_emulator.repository()
    repository.issue()

    def shouted(reply: Reply) -> Reply:
        return Reply.of(200, {**json.loads(reply.body), "assignees": [{"login": "OctoCat"}, {"login": "ada"}]})

    github_emulator.front.when(Changed(shouted), "GET", r".*/issues/1")
    change = foresee(connector, step("issue.update", repository, "issues/1", assignees=["Ada", "octocat"]))
    assert change.effect is Effect.NO_OP
