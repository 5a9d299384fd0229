"""Pull requests keep every promise of the contract, on the emulator; what is in it is read around agentctl."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.connectors.base import Call, Connector, Found, Instance
from agentctl.connectors.github import TYPE
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.model.change import Effect
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Unknown
from agentctl.testing import Case, foresee, perform
from agentctl.testing.drive import LiveView, snapshots
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.github_worlds import github, step
from tests.connectors.github.pull_worlds import CLOSED, DRAFT, READY, opened, pulls, pulls_and_branches
from tests.systems.front import front
from tests.systems.github_house import ORGANISATION, Repository
from tests.systems.github_whole import WholeGitHub
from tests.systems.mishaps import LostAfter, Reply, Says


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
        return pulls_and_branches(self.repository)

    def outside_edit(self, connector: Connector, address: Address) -> None:
        path = self.path(address)
        if path.startswith("/branches/"):
            self.repository.commit("else.txt", "By somebody else.", path.removeprefix("/branches/"))
        else:
            self.repository.made(path, {"title": "Edited by somebody else"}, "PATCH")

    def test_every_action_has_a_case(self, connector: Connector) -> None:
        offered = {verb for verb in connector.actions if verb.partition(".")[0] in self.kinds}
        assert offered - {"pull.merge"} == {case.step.verb for case in self.cases}      # merging has a suite of its own


def test_a_pull_request_is_a_draft_where_nobody_says_otherwise(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    sha = repository.branch("feature")
    connector = github(github_whole)
    wanted = {"title": "Bring it", "head": "feature", "base": "main"}
    done = perform(connector, step("pull.create", repository, "pulls", **wanted))
    pull = repository.read(f"/pulls/{done.receipt.ids['id']}")
    assert (pull["draft"], pull["head"]["sha"], pull["base"]["ref"]) == (True, sha, "main")
    assert done.receipt.links == (pull["html_url"],)
    (foreseen,) = done.change.records
    assert foreseen.after["head_sha"] == sha
    connector.close()


@pytest.mark.parametrize("end", ["head", "base"])
def test_a_branch_that_is_not_there_is_told_beforehand(github_whole: WholeGitHub, end: str) -> None:
    repository = github_whole.repository()
    repository.branch("feature")
    connector = github(github_whole)
    ends = {"head": "feature", "base": "main"} | {end: "nowhere"}
    with pytest.raises(Rejected, match="no branch `nowhere`"):
        foresee(connector, step("pull.create", repository, "pulls", title="Bring it", **ends))
    connector.close()


def test_a_branch_of_a_fork_is_left_to_github_and_read_back_without_its_owner(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    connector = github(github_whole)
    wanted = step("pull.create", repository, "pulls", title="Bring it", head="hubot:feature", base="main")
    assert [address.rpartition("/branches/")[2] for address in connector.addresses(wanted)[1:]] == ["main"]
    (record,) = foresee(connector, wanted).records
    assert record.after["head"] == "feature"
    assert isinstance(record.after["head_sha"], Unknown)
    connector.close()


def test_a_branch_that_an_earlier_step_makes_will_do(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    connector = github(github_whole)
    branch = foresee(connector, step("branch.create", repository, "branches/feature", **{"from": "main"}))
    view = LiveView(connector, {record.address: record.after for record in branch.records})
    wanted = {"title": "Bring it", "head": "feature", "base": "main"}
    change = connector.preview(step("pull.create", repository, "pulls", **wanted), view)
    assert change.effect is Effect.CREATE
    connector.close()


def test_the_same_branch_twice_is_told_beforehand(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    connector = github(github_whole)
    with pytest.raises(Rejected, match="the same branch, `main`"):
        foresee(connector, step("pull.create", repository, "pulls", title="Bring it", head="main", base="main"))
    connector.close()


def test_a_pull_request_whose_reply_was_lost_is_found_and_not_opened_twice(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    repository.branch("feature")
    connector = github(github_whole)
    wanted = step("pull.create", repository, "pulls", title="Bring it", head="feature", base="main")
    change, call = foresee(connector, wanted), Call(key="ours", before=snapshots(connector, wanted), deadline=30)
    github_whole.front.when(LostAfter(), "POST", r".*/pulls")
    with pytest.raises(Indeterminate):
        connector.execute(change, call)
    found = connector.locate(change, call)
    assert isinstance(found, Found)
    assert connector.execute(change, call).ids == found.receipt.ids == {"id": 1}
    assert len(repository.all("/pulls?state=all")) == 1
    assert connector.read(next(iter(found.receipt.addresses.values()))).value["body"] == ""
    connector.close()


def test_a_pull_request_that_is_there_already_is_refused_in_github_s_words(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    repository.branch("feature")
    opened(repository, "feature")
    connector = github(github_whole)
    with pytest.raises(Rejected, match="already exists for octocat:feature"):
        perform(connector, step("pull.create", repository, "pulls", title="Again", head="feature", base="main"))
    connector.close()


def test_nobody_is_asked_to_review_a_pull_request_of_their_own(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    repository.branch("feature")
    opened(repository, "feature")
    connector = github(github_whole)
    with pytest.raises(Rejected, match="octocat cannot review"):
        foresee(connector, step("pull.request_reviewers", repository, "pulls/1", reviewers=["OctoCat"]))
    connector.close()


def test_undoing_a_request_for_reviews_leaves_those_who_were_asked_before(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    repository.branch("feature")
    opened(repository, "feature")
    repository.ask("POST", "/pulls/1/requested_reviewers", {"reviewers": ["monalisa"]})
    connector = github(github_whole)
    done = perform(connector, step("pull.request_reviewers", repository, "pulls/1", reviewers=["Monalisa", "Hubot"]))
    assert waited(repository) == ["hubot", "monalisa"]
    assert done.inverse.step.with_ == {"reviewers": ["hubot"]}
    perform(connector, done.inverse.step)
    assert waited(repository) == ["monalisa"]
    connector.close()


def test_teams_are_asked_as_people_are(github_whole: WholeGitHub) -> None:
    github_whole.ask("POST", f"/orgs/{ORGANISATION}/teams", {"name": "Core"})
    name = f"{ORGANISATION}/{github_whole.repository().name.partition('/')[2]}"
    assert github_whole.ask("POST", f"/orgs/{ORGANISATION}/repos", {"name": name.partition("/")[2], "auto_init": True}).status == 201
    repository = Repository(github_whole, name)
    repository.branch("feature")
    opened(repository, "feature")
    connector = github(github_whole)
    done = perform(connector, step("pull.request_reviewers", repository, "pulls/1", team_reviewers=["core"]))
    assert [team["slug"] for team in repository.read("/pulls/1")["requested_teams"]] == ["core"]
    perform(connector, done.inverse.step)
    assert repository.read("/pulls/1")["requested_teams"] == []
    connector.close()


def test_graphql_s_refusals_are_told_from_its_troubles(github_whole: WholeGitHub) -> None:
    repository = github_whole.repository()
    repository.branch("feature")
    opened(repository, "feature", draft=True)
    connector = github(github_whole)
    for kind, error in {"FORBIDDEN": Rejected, "RATE_LIMITED": Unreachable, "": Indeterminate, None: Indeterminate}.items():
        fault = {"message": "Resource not accessible by integration"} | ({} if kind is None else {"type": kind})
        answer = Reply.of(200, {"data": {"markPullRequestReadyForReview": None}, "errors": [fault]})
        github_whole.front.when(Says(answer), "POST", "/graphql")
        with pytest.raises(error, match="not accessible by integration"):
            perform(connector, step("pull.ready", repository, "pulls/1"))
    github_whole.front.when(Says(Reply.of(200, {"data": None})), "POST", "/graphql")
    with pytest.raises(Indeterminate, match="does not say what came of it"):
        perform(connector, step("pull.ready", repository, "pulls/1"))
    assert repository.read("/pulls/1")["draft"] is True
    connector.close()


def test_graphql_of_an_enterprise_is_beside_its_rest_api() -> None:
    with front(lambda question: Reply.of(200, {})) as opened:
        settings = {"url": f"{opened.url}/api/v3", "token": {"env": "T"}}
        connector = TYPE.open(Instance(name="github", settings=settings, root="/", environ={"T": "t"}))
        pull = {"url": f"{opened.url}/api/v3/repos/a/b/pulls/1", "title": "T", "state": "open", "draft": True,
                "base": {"ref": "main"}, "head": {"ref": "x", "sha": "0" * 40}, "node_id": "PR_1"}
        done = {"data": {"markPullRequestReadyForReview": {"pullRequest": {"isDraft": False, "url": "https://x.example/1"}}}}
        opened.answer = lambda question: Reply.of(200, done if question.method == "POST" else pull)
        perform(connector, Step(id="s", action="github.pull.ready", target="a/b/pulls/1"))
        assert [question.path for question in opened.asked("POST")] == ["/api/graphql"]
        assert {question.headers["authorization"] for question in opened.asked()} == {"Bearer t"}
        connector.close()


def waited(repository: Repository) -> list[str]:
    return sorted(person["login"] for person in repository.read("/pulls/1")["requested_reviewers"])
