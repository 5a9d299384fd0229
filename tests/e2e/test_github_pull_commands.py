"""Pull requests, releases and access through the real command line, and back, as the emulator itself sees them."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.errors import Exit
from tests.connectors.github.pull_worlds import everything, opened
from tests.e2e.house import House, step
from tests.systems.github_house import DIRECT, spread, without
from tests.systems.github_whole import WholeGitHub
from tests.systems.mishaps import LostAfter


class Shop:
    """A workspace with one repository: a draft pull request, a draft release, and Hubot, who may write."""

    def __init__(self, house: House, github: WholeGitHub) -> None:
        self.github, self.repository = github, github.repository()
        self.house = House(root=house.root, home=house.home, extra={"GITHUB_TOKEN": spread(DIRECT, 0)})
        settings = {"type": "github", "url": github.url, "token": {"env": "GITHUB_TOKEN"}, "only": [self.repository.name]}
        house.change("agentctl.yaml", lambda wire: wire["connectors"].update(github=settings))
        grant = {"id": "github", "actions": ["github.*"], "mode": "approve"}
        house.change("policy.yaml", lambda wire: wire["roles"]["all"]["grants"].append(grant))
        self.repository.made("/labels", {"name": "bug", "color": "ff0000"})
        self.repository.branch("next")
        self.repository.branch("feature")
        self.repository.commit("lamp.txt", "Bright.", "feature")
        opened(self.repository, "feature", draft=True, body="Why.\n")
        self.release = self.repository.made("/releases", {"tag_name": "v1", "name": "One", "body": "Old.", "draft": True})["id"]
        self.repository.ask("PUT", "/collaborators/hubot", {"permission": "push"})

    @property
    def head(self) -> str:
        sha: str = self.repository.read("/git/ref/heads/feature")["object"]["sha"]
        return sha

    def ready(self) -> None:
        self.repository.made("/pulls/1", {"draft": False}, "PATCH")

    def step(self, id_: str, verb: str, target: str, **with_: object) -> dict[str, Any]:
        return step(id_, f"github.{verb}", f"{self.repository.name.lower()}/{target}", with_)

    def merge(self, **with_: object) -> dict[str, Any]:
        return self.step("merge", "pull.merge", "pulls/1", sha=self.head, method="merge", **with_)

    def apply(self, *steps: dict[str, Any], answers: tuple[str, ...] = ("yes", "merge 1")):
        return self.house.typed("apply", self.house.plan(*steps), answers=answers)

    def world(self) -> object:
        people = {one["login"]: self.repository.read(f"/collaborators/{one['login']}/permission")["role_name"]
                  for one in self.repository.all("/collaborators")}
        invited = without(self.github.whole.invitations.get(self.repository.name, []), "id")
        return everything(self.repository), people, invited


@pytest.fixture
def shop(house: House, github_whole: WholeGitHub) -> Shop:
    return Shop(house, github_whole)


def test_what_was_done_to_pulls_releases_and_access_is_undone_field_by_field(shop: Shop) -> None:
    before = shop.world()
    done = shop.apply(
        shop.step("word", "pull.update", "pulls/1", title="Mend the lamp", body="Why.\n\nIt was dark.\n", base="next"),
        shop.step("label", "pull.label", "pulls/1", labels=["bug"]),
        shop.step("ask", "pull.request_reviewers", "pulls/1", reviewers=["monalisa"]),
        shop.step("ready", "pull.ready", "pulls/1"),
        shop.step("draft", "release.create", "releases", tag_name="v2", name="Two", body="New."),
        shop.step("edit", "release.update", f"releases/{shop.release}", body="Old, mended.", prerelease=True),
        shop.step("lower", "collaborator.update", "collaborators/hubot", permission="triage"),
        shop.step("invite", "collaborator.add", "collaborators/monalisa", permission="read"),
    )
    assert done.code == Exit.OK, done.all
    pull = shop.repository.read("/pulls/1")
    assert (pull["title"], pull["base"]["ref"], pull["draft"]) == ("Mend the lamp", "next", False)
    assert [person["login"] for person in pull["requested_reviewers"]] == ["monalisa"]
    assert pull["html_url"] in shop.house.run("show", "latest").all
    _, people, invited = shop.world()
    assert (people["hubot"], [one["invitee"]["login"] for one in invited]) == ("triage", ["monalisa"])
    shop.github.whole.accept(shop.repository.name, "monalisa")      # which keeps nobody from undoing it
    undone = shop.house.typed("rollback", "latest", answers=("yes", "delete 1"))
    assert undone.code == Exit.OK, undone.all
    assert shop.world() == before


def test_a_pull_request_from_a_branch_of_the_same_plan_is_closed_and_its_branch_taken_away(shop: Shop) -> None:
    done = shop.apply(
        shop.step("branch", "branch.create", "branches/release/2", **{"from": "main"}),
        shop.step("bump", "file.create", "files/release/2:VERSION", content="2\n", message="Release 2"),
        shop.step("open", "pull.create", "pulls", title="Release 2", head="release/2", base="main"),
        shop.step("ask", "pull.request_reviewers", "pulls/new:open", reviewers=["monalisa"]),
        shop.step("publish", "release.publish", f"releases/{shop.release}"),
    )
    assert done.code == Exit.OK, done.all
    pull = shop.repository.read("/pulls/2")
    assert (pull["draft"], pull["head"]["sha"]) == (True, shop.repository.read("/git/ref/heads/release/2")["object"]["sha"])
    assert shop.repository.read("/git/ref/tags/v1") is not None
    undone = shop.house.typed("rollback", "latest", answers=("yes", "delete 1"))
    assert undone.code == Exit.OK, undone.all
    pull = shop.repository.read("/pulls/2")
    assert (pull["state"], pull["requested_reviewers"]) == ("closed", [])
    assert shop.repository.read("/git/ref/heads/release/2") is None
    assert shop.repository.read(f"/releases/{shop.release}")["draft"] is True
    assert shop.repository.read("/git/ref/tags/v1") is not None


def test_a_merge_whose_reply_was_lost_is_found_and_not_done_twice(shop: Shop) -> None:
    shop.ready()
    shop.github.front.when(LostAfter(), "PUT", r".*/merge")
    done = shop.apply(shop.merge(message="As agreed."))
    assert done.code == Exit.INCOMPLETE, done.all
    resumed = shop.house.typed("apply", "--resume", "latest", answers=("yes", "merge 1"))
    assert resumed.code == Exit.OK, resumed.all
    assert len(shop.github.front.asked("PUT", r".*/merge")) == 1
    pull = shop.repository.read("/pulls/1")
    assert pull["merged"] is True
    assert pull["merge_commit_sha"] in shop.house.run("show", "latest", "--format", "json").out


def test_what_one_step_says_is_ready_the_next_one_merges(shop: Shop) -> None:
    done = shop.apply(shop.step("ready", "pull.ready", "pulls/1"), shop.merge(title="Mend the lamp (#1)"))
    assert done.code == Exit.OK, done.all
    pull = shop.repository.read("/pulls/1")
    assert (pull["draft"], pull["merged"]) == (False, True)
    title, _, key, run, *_ = shop.repository.read(f"/git/commits/{pull['merge_commit_sha']}")["message"].split("\n")
    assert (title, key.partition(":")[0], run.partition(":")[0]) == ("Mend the lamp (#1)", "Agentctl-Key", "Agentctl-Run")
    assert run.removeprefix("Agentctl-Run: ") in shop.house.run("runs").out


def test_a_merge_is_named_as_final_before_consent_and_by_rollback(shop: Shop) -> None:
    shop.ready()
    planned = shop.house.run("plan", shop.house.plan(shop.merge()))
    assert "cannot be undone" in planned.all
    assert "history of the base branch" in " ".join(planned.all.split())
    assert shop.apply(shop.merge(), answers=("yes", "yes")).code == Exit.CONSENT
    assert shop.repository.read("/pulls/1")["merged"] is False
    assert shop.apply(shop.merge()).code == Exit.OK
    undone = shop.house.typed("rollback", "latest")
    assert undone.code != Exit.OK
    assert shop.repository.read("/pulls/1")["merged"] is True


def test_a_policy_can_ask_for_checks_and_approvals(shop: Shop) -> None:
    shop.ready()
    rule = {
        "id": "reviewed", "when": 'action.name == "github.pull.merge"', "message": "Reviewed and checked, or not at all.",
        "require": 'after.checks == "passed" && size(after.approved_by) >= 1 && size(after.objected_by) == 0',
    }
    shop.house.change("policy.yaml", lambda policy: policy["invariants"].append(rule))
    plan = shop.house.plan(shop.merge(checks="any"))
    refused = shop.house.run("plan", plan)
    assert refused.code == Exit.REFUSED, refused.all
    assert "Reviewed and checked, or not at all." in refused.all
    run = {"name": "e2e", "head_sha": shop.head, "status": "completed", "conclusion": "success"}
    shop.repository.made("/check-runs", run)
    shop.repository.made("/pulls/1/reviews", {"event": "APPROVE", "commit_id": shop.head})
    assert shop.house.run("plan", plan).code == Exit.OK
    shop.repository.made("/pulls/1/reviews", {"event": "REQUEST_CHANGES", "commit_id": shop.head})
    assert shop.house.run("plan", plan).code == Exit.REFUSED


@pytest.mark.parametrize("late", ["push", "check", "review"])
def test_what_comes_in_between_plan_and_merge_is_looked_at_first(shop: Shop, late: str) -> None:
    shop.ready()
    planned = shop.house.run("plan", shop.house.plan(shop.merge(checks="any")), "-o", "merge.changeset")
    assert planned.code == Exit.OK, planned.all
    match late:
        case "push":
            shop.repository.commit("lamp.txt", "Slipped in.", "feature")
        case "check":
            shop.repository.made("/check-runs", {"name": "e2e", "head_sha": shop.head, "status": "completed", "conclusion": "failure"})
        case "review":
            shop.repository.made("/pulls/1/reviews", {"event": "REQUEST_CHANGES", "body": "No."})
    told = shop.house.typed("apply", "merge.changeset", answers=("yes", "merge 1"))
    assert told.code == Exit.STALE, told.all
    assert not shop.github.front.asked("PUT", r".*/merge")


def test_a_draft_that_was_edited_after_consent_is_not_published(shop: Shop) -> None:
    plan = shop.house.plan(shop.step("publish", "release.publish", f"releases/{shop.release}"))
    planned = shop.house.run("plan", plan, "-o", "publish.changeset")
    assert planned.code == Exit.OK, planned.all
    assert "Old." in planned.all
    shop.repository.made(f"/releases/{shop.release}", {"body": "Get it at https://evil.example"}, "PATCH")
    told = shop.house.typed("apply", "publish.changeset", answers=("yes", "publish 1"))
    assert told.code == Exit.STALE, told.all
    assert "evil.example" in told.all
    assert shop.repository.read(f"/releases/{shop.release}")["draft"] is True
