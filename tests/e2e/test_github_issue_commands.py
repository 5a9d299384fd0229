"""Issues, comments, labels and milestones through the real command line, and back, as the emulator itself sees them."""

from __future__ import annotations

import re

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step
from tests.systems.github_access import said
from tests.systems.github_house import DIRECT, GitHubHouse, spread, without
from tests.systems.mishaps import LostAfter, LostBefore, Says

NOISE = ("updated_at", "closed_at", "closed_by", "state_reason")


class Tracker:
    """A workspace with one repository, which holds two issues."""

    def __init__(self, house: House, github: GitHubHouse) -> None:
        self.github, self.repository = github, github.repository()
        self.where = self.repository.name.lower()
        self.house = House(root=house.root, home=house.home, extra={"GITHUB_TOKEN": spread(DIRECT, 0)})
        settings = {"type": "github", "url": github.url, "credential": {"provider": "env", "name": "GITHUB_TOKEN"},
                    "only": [self.repository.name]}
        house.change("agentctl.yaml", lambda wire: wire["connectors"].update(github=settings))
        grant = {"id": "github", "actions": ["github.*"], "mode": "approve"}
        house.change("policy.yaml", lambda wire: wire["roles"]["all"]["grants"].append(grant))
        self.repository.made("/labels", {"name": "bug", "color": "ff0000"})
        self.repository.made("/labels", {"name": "old", "color": "cccccc"})
        self.repository.issue("Lamp is dark", body="Steps:\n1. Switch on.\n2. Wait.\n\nSeen: none.", labels=["bug"])
        self.repository.issue("The lamp stays dark")

    def step(self, id_: str, verb: str, target: str, **with_: object) -> dict[str, object]:
        return step(id_, f"github.{verb}", f"{self.where}/{target}", with_)

    def apply(self, *steps: dict[str, object]):
        return self.house.typed("apply", self.house.plan(*steps))

    def world(self) -> object:
        return without(self.repository.everything(), *NOISE)


@pytest.fixture
def tracker(house: House, github_emulator: GitHubHouse) -> Tracker:
    return Tracker(house, github_emulator)


def test_what_was_done_to_issues_is_undone_field_by_field(tracker: Tracker) -> None:
    before = tracker.world()
    done = tracker.apply(
        tracker.step("plan", "milestone.create", "milestones", title="v1", due_on={"$date": "2027-01-31"}),
        tracker.step("recolour", "label.update", "labels/bug", color="00ff00"),
        tracker.step("rename", "label.rename", "labels/old", to="stale"),
        tracker.step("make", "label.create", "labels/good first issue", color="0000ff", description="For newcomers."),
        tracker.step("edit", "issue.update", "issues/1", body="Steps:\n1. Switch on.\n2. Wait a minute.\n\nSeen: none.",
                     labels=["good first issue", "bug"], milestone={"$from": "steps.plan.receipt.id"}),
        tracker.step("say", "comment.create", "issues/2/comments", body="This is #1 again."),
        tracker.step("close", "issue.update", "issues/2", state="closed", state_reason="not_planned"),
        tracker.step("lock", "issue.lock", "issues/2", lock_reason="resolved"),
    )
    assert done.code == Exit.OK, done.all
    issue, other = tracker.repository.read("/issues/1"), tracker.repository.read("/issues/2")
    assert "Wait a minute" in issue["body"]
    assert (issue["milestone"]["title"], sorted(label["name"] for label in issue["labels"])) == ("v1", ["bug", "good first issue"])
    assert (other["state"], other["state_reason"], other["active_lock_reason"], other["comments"]) == ("closed", "not_planned", "resolved", 1)
    (comment,) = tracker.repository.all("/issues/2/comments")
    (run,) = re.findall(r"<!-- agentctl:[0-9a-f]{32} run:(\w+) -->$", comment["body"])
    shown = tracker.house.run("show", run).all
    assert comment["html_url"] in shown
    assert "agentctl:" not in shown, "the mark is no part of the text"
    undone = tracker.house.typed("rollback", "latest", answers=("yes", "delete 1", "delete 1"))
    assert undone.code == Exit.OK, undone.all
    assert tracker.world() == before


def test_a_changed_text_is_shown_line_by_line(tracker: Tracker) -> None:
    told = tracker.house.run("plan", tracker.house.plan(
        tracker.step("edit", "issue.update", "issues/1", body="Steps:\n1. Switch on.\n2. Wait a minute.\n\nSeen: none.")))
    assert told.code == Exit.OK, told.all
    assert "- 2. Wait.\n" in told.out
    assert "+ 2. Wait a minute.\n" in told.out
    assert "3. " not in told.out


def test_a_comment_whose_reply_was_lost_is_found_and_not_made_twice(tracker: Tracker) -> None:
    tracker.github.front.when(LostAfter(), "POST", r".*/comments")
    done = tracker.apply(
        tracker.step("say", "comment.create", "issues/2/comments", body="This is #1 again."),
        tracker.step("close", "issue.update", "issues/2", state="closed", state_reason="not_planned"),
    )
    assert done.code == Exit.INCOMPLETE, done.all
    tracker.repository.made("/issues/2/comments", {"body": "This is #1 again."})        # somebody else says the same
    resumed = tracker.house.typed("apply", "--resume", "latest")
    assert resumed.code == Exit.OK, resumed.all
    assert len(tracker.github.front.asked("POST", r".*/comments")) == 1
    undone = tracker.house.typed("rollback", "latest", answers=("yes", "delete 1"))
    assert undone.code == Exit.OK, undone.all
    (left,) = tracker.repository.all("/issues/2/comments")
    assert "agentctl" not in left["body"], "ours was taken back, and not the other"


def test_a_change_whose_reply_was_lost_is_a_persons_to_answer(tracker: Tracker) -> None:
    tracker.github.front.when(LostBefore(), "PATCH")
    done = tracker.apply(tracker.step("close", "issue.update", "issues/2", state="closed", state_reason="not_planned"))
    assert done.code == Exit.INCOMPLETE, done.all
    assert "agentctl resolve" in done.all
    assert len(tracker.github.front.asked("PATCH")) == 1


def test_an_issue_that_somebody_edited_after_the_plan_is_left_alone(tracker: Tracker) -> None:
    plan = tracker.house.plan(tracker.step("name", "issue.update", "issues/1", title="Lamp is bright"))
    planned = tracker.house.run("plan", plan, "--format", "json").json["digest"]
    tracker.repository.made("/issues/1", {"title": "Lamp is ugly"}, "PATCH")
    done = tracker.house.typed("apply", planned)
    assert done.code == Exit.STALE, done.all
    assert "Lamp is ugly" in done.all
    tracker.repository.made("/issues/1", {"title": "Lamp is dark"}, "PATCH")
    tracker.repository.made("/issues/1/comments", {"body": "A bystander's."})
    assert tracker.house.typed("apply", planned).code == Exit.OK
    assert tracker.repository.read("/issues/1")["title"] == "Lamp is bright"


def test_what_github_shows_late_is_waited_for_and_not_called_deviated(tracker: Tracker) -> None:
    tracker.github.front.when(Says(said(404, "Not Found")), "GET", r".*/issues/3", times=2)
    done = tracker.apply(tracker.step("open", "issue.create", "issues", title="Lamp hums"))
    assert done.code == Exit.OK, done.all
    assert len(tracker.github.front.asked("GET", r".*/issues/3")) == 3
