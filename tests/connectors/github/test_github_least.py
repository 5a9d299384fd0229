"""The permissions an action of pulls, releases and access names are enough for its effect, and none of them too much."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agentctl.connectors.base import Call, Connector, Credential
from agentctl.errors import ConnectorError
from agentctl.testing import foresee
from agentctl.testing.drive import DEADLINE, snapshots
from tests.connectors.github.github_worlds import github, step
from tests.connectors.github.pull_worlds import opened
from tests.systems.emulator import emulator
from tests.systems.fixtures import _here
from tests.systems.github_house import USER, Repository
from tests.systems.github_simulator import GitHubSimulator
from tests.systems.github_whole import GitHubWhole, WholeGitHub

HEAD = "HEAD"
# Not here: what GraphQL is asked, which this GitHub lets anybody, and labels, for which either of two permissions will do.
ACTIONS = {
    "pull.update": ("pulls/1", {"title": "Another"}),
    "pull.close": ("pulls/1", {}),
    "pull.create": ("pulls", {"title": "Bring it", "head": "next", "base": "main"}),
    "pull.request_reviewers": ("pulls/1", {"reviewers": ["monalisa"]}),
    "pull.remove_reviewers": ("pulls/1", {"reviewers": ["hubot"]}),
    "pull.merge": ("pulls/1", {"sha": HEAD, "method": "merge"}),
    "release.create": ("releases", {"tag_name": "v2"}),
    "release.update": ("releases/{release}", {"name": "Another"}),
    "release.publish": ("releases/{release}", {}),
    "release.delete": ("releases/{release}", {}),
    "collaborator.add": ("collaborators/monalisa", {"permission": "read"}),
    "collaborator.update": ("collaborators/hubot", {"permission": "read"}),
    "collaborator.remove": ("collaborators/hubot", {}),
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeGitHub]:
    """Yield a GitHub that leaves nothing out and asks of each token what it may."""
    _here("node", "emulate", "github-openapi")
    log = tmp_path_factory.mktemp("strict") / "log"
    with emulator(log, behind=lambda answer: GitHubSimulator(GitHubWhole(answer))) as house:
        house.front.answer.reset()
        yield WholeGitHub(front=house.front, direct=house.direct, port=house.port, pid=house.pid)


@pytest.fixture
def repository(strict: WholeGitHub) -> Repository:
    repository = strict.repository(private=True)
    for name in ("feature", "next"):
        repository.branch(name)
        repository.commit(f"{name}.txt", "Text.", name)
    opened(repository, "feature")
    assert repository.ask("POST", "/pulls/1/requested_reviewers", {"reviewers": ["hubot"]}).status in {200, 201}
    assert repository.ask("PUT", "/collaborators/hubot", {"permission": "push"}).status == 201
    return repository


@pytest.fixture
def connector(strict: WholeGitHub) -> Iterator[Connector]:
    made = github(strict, token=USER)
    yield made
    made.close()


def act(connector: Connector, strict: WholeGitHub, repository: Repository, verb: str, granted: tuple[str, ...]) -> None:
    target, with_ = ACTIONS[verb]
    release = repository.made("/releases", {"tag_name": "v1", "draft": True})["id"] if "{release}" in target else 0
    sha = repository.read("/git/ref/heads/feature")["object"]["sha"]
    wanted = step(verb, repository, target.format(release=release),
                  **{name: sha if value == HEAD else value for name, value in with_.items()})
    permissions = dict(scope.split(":") for scope in granted)
    token = strict.front.answer.token(permissions=permissions, repositories=frozenset({repository.name, repository.name.lower()}))
    call = Call(
        key="k", before=snapshots(connector, wanted), deadline=DEADLINE,
        credential=Credential(id="narrow", token=token, scopes=granted),
    )
    connector.execute(foresee(connector, wanted), call)


@pytest.mark.parametrize("verb", ACTIONS)
def test_what_an_action_names_is_enough_for_it(connector, strict, repository, verb: str) -> None:
    act(connector, strict, repository, verb, connector.actions[verb].scopes)


@pytest.mark.parametrize("verb", ACTIONS)
def test_without_one_of_them_it_is_refused_and_the_message_names_it(connector, strict, repository, verb: str) -> None:
    scopes = connector.actions[verb].scopes
    for missing in scopes:
        with pytest.raises(ConnectorError) as told:
            act(connector, strict, repository, verb, tuple(scope for scope in scopes if scope != missing))
        assert missing in f"{told.value} {told.value.hint}"


def test_every_effect_of_pulls_releases_and_access_is_here(connector) -> None:
    offered = {
        verb for verb, spec in connector.actions.items()
        if verb.partition(".")[0] in {"pull", "release", "collaborator"} and spec.tier.value != "read"
    }
    elsewhere = {"pull.ready", "pull.draft", "pull.label", "pull.reopen", "release.withdraw"}
    assert offered - elsewhere == set(ACTIONS)
