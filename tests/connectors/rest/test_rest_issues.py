"""The same interpreter on another API: issues of a GitHub emulator, every request one that GitHub describes."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.connectors.base import Instance
from agentctl.connectors.rest import TYPE
from agentctl.errors import Rejected
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.testing import perform
from tests.connectors.rest.kinto_worlds import MANIFESTS
from tests.systems.github_house import DIRECT, GitHubHouse, spread


@pytest.fixture
def tracker(github_emulator: GitHubHouse):
    environ = {"T": spread(DIRECT, 0)}
    settings: Any = {"manifest": "issues.yaml", "url": github_emulator.front.url, "token": {"env": "T"}}
    connector = TYPE.open(Instance(name="tracker", settings=settings, root=str(MANIFESTS), environ=environ))
    yield connector
    connector.close()


def test_an_issue_is_opened_changed_and_put_back(github_emulator: GitHubHouse, tracker) -> None:
    repository = github_emulator.repository()
    for name in ("bug", "later"):
        repository.made("/labels", {"name": name, "color": "ff0000"})
    where = repository.name.lower()
    opened = perform(tracker, Step(
        id="open", action="tracker.issue.create", target=f"{where}/issues",
        with_={"title": "Lamp is dark", "body": "Since Monday.", "labels": ["later", "bug"]},
    ))
    (address,) = opened.receipt.addresses.values()
    number = opened.receipt.ids["id"]
    assert address == f"tracker/{where}/issues/{number}"
    shown = repository.read(f"/issues/{number}")
    assert (shown["title"], shown["body"], shown["state"]) == ("Lamp is dark", "Since Monday.", "open")
    assert sorted(label["name"] for label in shown["labels"]) == ["bug", "later"]
    assert opened.receipt.links == (shown["html_url"],)
    changed = perform(tracker, Step(
        id="s", action="tracker.issue.update", target=f"{where}/issues/{number}", with_={"labels": ["bug"], "state": "closed"},
    ))
    assert repository.read(f"/issues/{number}")["state"] == "closed"
    perform(tracker, changed.inverse.step)
    again = repository.read(f"/issues/{number}")
    assert (again["state"], sorted(label["name"] for label in again["labels"])) == ("open", ["bug", "later"])
    perform(tracker, opened.inverse.step)
    assert repository.read(f"/issues/{number}")["state"] == "closed"


def test_a_list_goes_over_pages(github_emulator: GitHubHouse, tracker) -> None:
    repository = github_emulator.repository()
    for number in range(103):
        repository.issue(f"Issue {number}")
    where = repository.name.lower()
    found = tracker.read(Address(f"tracker/{where}/issues?state=open"))
    assert len(found.members) == 103
    assert len(github_emulator.front.asked("GET", r".*/issues")) == 2


def test_what_is_not_there_is_absent_and_cannot_be_changed(github_emulator: GitHubHouse, tracker) -> None:
    repository = github_emulator.repository()
    where = repository.name.lower()
    with pytest.raises(Rejected, match="Record absent") as told:
        perform(tracker, Step(
            id="s", action="tracker.issue.update", target=f"{where}/issues/999", with_={"title": "x"}
        ))
    assert "token not see it" in told.value.hint
