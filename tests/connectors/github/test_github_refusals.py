"""What GitHub says when it does not do it, and what a person reads then: who is to blame, and what helps."""

from __future__ import annotations

import pytest

from agentctl.errors import Rejected, Unreachable
from agentctl.model.snapshot import Address
from agentctl.testing import perform
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_access import said
from tests.systems.github_house import USER
from tests.systems.github_simulator import SimulatedGitHub, secondary_limit
from tests.systems.mishaps import Reply, Says


@pytest.fixture
def repository(github_simulator: SimulatedGitHub):
    repository = github_simulator.repository()
    repository.issue("Lamp is dark")
    return repository


@pytest.fixture
def speak(github_simulator: SimulatedGitHub):
    """Return what opens a connector with a token."""
    opened = []

    def with_(token: str = USER, **settings):
        opened.append(github(github_simulator, token=token, **settings))
        return opened[-1]

    yield with_
    for one in opened:
        one.close()


def rename(connector, repository):
    return perform(connector, step("issue.update", repository, "issues/1", title="Lamp is bright"))


def test_a_token_that_ended_is_told_as_such(github_simulator, repository, speak) -> None:
    token = github_simulator.simulator.token(revoked=True)
    with pytest.raises(Unreachable, match="Token not accepted") as told:
        rename(speak(token), repository)
    assert "agentctl connectors whoami" in told.value.hint
    assert token not in str(told.value)


def test_a_missing_permission_is_named_before_anything_is_asked_twice(github_simulator, repository, speak) -> None:
    token = github_simulator.simulator.token(permissions={"issues": "read", "metadata": "read"})
    with pytest.raises(Rejected, match="Not permitted") as told:
        rename(speak(token), repository)
    assert "issues:write" in told.value.hint
    assert repository.read("/issues/1")["title"] == "Lamp is dark"
    assert len(github_simulator.front.asked("PATCH")) == 1


def test_what_a_token_may_not_see_is_told_as_perhaps_there(github_simulator, speak) -> None:
    hidden = github_simulator.repository(private=True)
    hidden.issue()
    token = github_simulator.simulator.token(permissions={"issues": "write"}, repositories=frozenset())
    with pytest.raises(Rejected, match="Record absent") as told:
        rename(speak(token), hidden)
    assert "token not see it" in told.value.hint


def test_a_secondary_limit_that_says_no_time_is_no_fault_of_the_plan(github_simulator, repository, speak) -> None:
    limited = said(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
    github_simulator.front.when(Says(limited), "PATCH")
    with pytest.raises(Unreachable, match="Rate limited"):
        rename(speak(), repository)
    assert repository.read("/issues/1")["title"] == "Lamp is dark"


def test_a_secondary_limit_of_a_moment_is_waited_for(github_simulator, repository, speak) -> None:
    github_simulator.front.when(secondary_limit(1), "PATCH")
    rename(speak(), repository)
    assert repository.read("/issues/1")["title"] == "Lamp is bright"
    assert len(github_simulator.front.asked("PATCH")) == 2


@pytest.mark.parametrize("limit", ["primary", "secondary"])
def test_a_limit_that_lasts_stops_at_once_and_says_until_when(github_simulator, repository, speak, limit) -> None:
    simulator = github_simulator.simulator
    if limit == "secondary":
        token = USER
        github_simulator.front.when(secondary_limit(3600), "PATCH")
    else:
        token = simulator.token(left=1, resets=simulator.now() + 1800)      # enough to look
    with pytest.raises(Unreachable, match="Rate limited"):
        rename(speak(token), repository)
    assert repository.read("/issues/1")["title"] == "Lamp is dark"


def test_what_is_not_accepted_is_told_by_field(github_simulator, repository, speak) -> None:
    errors = [{"resource": "Issue", "field": "title", "code": "missing_field"},
              {"resource": "Issue", "field": "body", "code": "custom", "message": "body is too long (maximum is 65536 characters)"},
              "could not be saved"]
    github_simulator.front.when(Says(said(422, "Validation Failed", errors=errors)), "PATCH")
    with pytest.raises(Rejected, match="Not accepted") as told:
        rename(speak(), repository)
    assert told.value.detail.endswith(
        "Validation Failed; title: missing_field; body: body is too long (maximum is 65536 characters); could not be saved."
    )


def test_a_repository_that_was_moved_is_not_touched_under_its_old_name(github_simulator, repository, speak) -> None:
    """GitHub sends on whoever asks for the old name; policies and consent are about the name that stands in the plan."""
    moved = github_simulator.simulator.move(repository, "elsewhere")
    connector = speak()
    with pytest.raises(Rejected, match="Called otherwise") as told:
        rename(connector, repository)
    assert "octocat/elsewhere/issues/1" in told.value.detail
    with pytest.raises(Rejected, match="Called otherwise"):
        connector.read(Address(f"github/{repository.name.lower()}/issues"))
    assert moved.read("/issues/1")["title"] == "Lamp is dark"


@pytest.mark.parametrize(("status", "message", "summary"), [
    (410, "Issues are disabled for this repo", "Switched off in this repository"),
    (451, "Repository access blocked", "Taken down"),
])
def test_what_is_switched_off_or_taken_down_is_told_apart_from_what_is_absent(
    github_simulator, repository, speak, status, message, summary
) -> None:
    github_simulator.front.when(Says(said(status, message)), "GET", r".*/issues/1")
    with pytest.raises(Rejected, match=summary):
        rename(speak(), repository)


def test_an_issue_that_was_deleted_is_absent(github_simulator, repository, speak) -> None:
    github_simulator.front.when(Says(said(410, "This issue was deleted")), "GET", r".*/issues/1")
    assert speak().read(Address(f"github/{repository.name.lower()}/issues/1")).value is None


def test_an_archived_repository_takes_no_changes(github_simulator, repository, speak) -> None:
    refused = said(403, "Repository was archived so is read-only.")
    github_simulator.front.when(Says(refused), "PATCH")
    with pytest.raises(Rejected, match="Repository archived"):
        rename(speak(), repository)


def test_a_pull_request_is_no_issue(github_simulator, repository, speak) -> None:
    """Who may close issues may not close pull requests by their numbers."""
    number = repository.issue("Mend it")
    pull = {**repository.read(f"/issues/{number}"), "pull_request": {"url": f"{github_simulator.url}/repos/{repository.name}/pulls/2"}}
    github_simulator.front.when(Says(Reply.of(200, pull)), "GET", rf".*/issues/{number}")
    github_simulator.front.when(Says(Reply.of(200, [pull, repository.read("/issues/1")])), "GET", r".*/issues")
    connector = speak()
    with pytest.raises(Rejected, match="Another kind of record") as told:
        perform(connector, step("issue.update", repository, f"issues/{number}", state="closed", state_reason="completed"))
    assert "pulls/NUMBER" in told.value.hint
    listed = connector.read(Address(f"github/{repository.name.lower()}/issues?state=all"))
    assert [member.address.rpartition("/")[2] for member in listed.members] == ["1"]


def test_a_token_of_an_app_is_nobodys_and_works(github_simulator, repository, speak) -> None:
    connector = speak(github_simulator.simulator.token(permissions={"issues": "write"}, app=True))
    github_simulator.front.when(Says(said(403, "Resource not accessible by integration")), "GET", "/user")
    assert connector.identity().whoami == ""
    rename(connector, repository)
    assert repository.read("/issues/1")["title"] == "Lamp is bright"


def test_another_instance_of_github_is_spoken_to_below_its_own_path(github_simulator, repository, speak) -> None:
    assert speak(only=[repository.name.upper()]).identity().endpoint == github_simulator.url
    with pytest.raises(Rejected, match="Outside of the instance"):
        rename(speak(only=["octocat/another"]), repository)
