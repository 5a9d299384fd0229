"""Collaborators: one record for each person, let in or only invited; given, changed and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agentctl.connectors.base import Connector, read_many
from agentctl.errors import Rejected, Unreachable
from agentctl.model.action import Reversibility
from agentctl.model.snapshot import Address
from agentctl.testing import Case, foresee, perform
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_access import said
from tests.systems.github_house import Repository, without
from tests.systems.github_whole import WholeGitHub
from tests.systems.mishaps import Says


class TestCollaborators(GithubSuite):
    """`hubot` is in, `monalisa` is invited, and `reader` is neither."""

    kinds = frozenset({"collaborator", "collaborators", "invitations"})
    cases = (
        Case("read", on("collaborator.read", "collaborators/hubot")),
        Case("read who is invited", on("collaborator.read", "collaborators/monalisa")),
        Case("list", on("collaborators.read", "collaborators")),
        Case("list who is invited", on("invitations.read", "invitations")),
        Case("add", on("collaborator.add", "collaborators/reader", permission="triage")),
        Case("update", on("collaborator.update", "collaborators/hubot", permission="read")),
        Case("update who is invited", on("collaborator.update", "collaborators/monalisa", permission="admin")),
        Case("remove", on("collaborator.remove", "collaborators/hubot")),
        Case("remove who is invited", on("collaborator.remove", "collaborators/monalisa")),
    )
    outsiders = (
        on("collaborator.add", "collaborators", permission="read"), on("collaborator.remove", "collaborators/Hubot"),
        on("collaborator.remove", "collaborators/a/b"), on("collaborator.remove", "issues/1"),
        on("collaborator.remove", "collaborators/.."),
    )

    @pytest.fixture
    def house(self, github_whole: WholeGitHub) -> WholeGitHub:
        self.whole = github_whole.whole
        return github_whole

    def furnish(self, repository: Repository) -> dict[str, Any]:
        self.whole.invitations.clear()
        given(repository, "hubot", "push")
        self.whole.invite(repository.name, "monalisa", "write")
        return {}

    def world(self, connector: Connector) -> object:
        people = {one["login"]: allowed(self.repository, one["login"]) for one in self.repository.all("/collaborators")}
        return people, without(self.whole.invitations[self.repository.name], "id")

    def outside_edit(self, connector: Connector, address: Address) -> None:
        login = address.rpartition("/")[2]
        for invitation in self.whole.invitations[self.repository.name]:
            if login in {invitation["invitee"]["login"], str(invitation["id"])}:
                invitation["permissions"] = "maintain"
                return
        given(self.repository, login, "maintain")


def given(repository: Repository, login: str, permission: str) -> None:
    assert repository.ask("PUT", f"/collaborators/{login}", {"permission": permission}).status == 201


def allowed(repository: Repository, login: str) -> str:
    role: str = repository.read(f"/collaborators/{login}/permission")["role_name"]
    return role


@pytest.fixture
def connector(github_whole: WholeGitHub) -> Iterator[Connector]:
    made = github(github_whole)
    yield made
    made.close()


@pytest.fixture
def repository(github_whole: WholeGitHub) -> Repository:
    return github_whole.repository()


def test_who_accepted_meanwhile_is_let_in_no_longer_when_it_is_undone(
    connector: Connector, repository: Repository, github_whole: WholeGitHub
) -> None:
    done = perform(connector, step("collaborator.add", repository, "collaborators/hubot", permission="write"))
    assert done.receipt.links
    assert "invitation" in done.change.notes[0]
    assert repository.all("/collaborators") == []
    github_whole.whole.accept(repository.name, "hubot")
    assert allowed(repository, "hubot") == "write"
    perform(connector, done.inverse.step)
    assert repository.all("/collaborators") == []


def test_who_need_not_be_asked_is_in_at_once(connector: Connector, repository: Repository, github_whole: WholeGitHub) -> None:
    github_whole.whole.members.add("hubot")
    try:
        perform(connector, step("collaborator.add", repository, "collaborators/hubot", permission="maintain"))
    finally:
        github_whole.whole.members.clear()
    assert allowed(repository, "hubot") == "maintain"
    assert github_whole.whole.invitations.get(repository.name, []) == []


def test_who_was_removed_is_invited_again_and_has_no_access_before(
    connector: Connector, repository: Repository, github_whole: WholeGitHub
) -> None:
    given(repository, "hubot", "triage")
    done = perform(connector, step("collaborator.remove", repository, "collaborators/hubot"))
    assert repository.all("/collaborators") == []
    assert done.inverse.kind is Reversibility.COMPENSATING
    assert "must accept" in done.inverse.stays
    perform(connector, done.inverse.step)
    assert repository.all("/collaborators") == []
    (invitation,) = github_whole.whole.invitations[repository.name]
    assert (invitation["invitee"]["login"], invitation["permissions"]) == ("hubot", "triage")


def test_a_person_in_any_case_is_the_same_person(connector: Connector, repository: Repository) -> None:
    with pytest.raises(Rejected, match="is written"):
        connector.addresses(step("collaborator.remove", repository, "collaborators/Hubot"))


@pytest.mark.parametrize(("wrong", "right"), [("push", "write"), ("pull", "read")])
def test_a_permission_by_its_other_name_is_corrected(
    connector: Connector, repository: Repository, wrong: str, right: str
) -> None:
    with pytest.raises(Rejected, match=f"shown as `{right}`"):
        foresee(connector, step("collaborator.add", repository, "collaborators/hubot", permission=wrong))


def test_who_is_there_is_not_added_and_who_is_not_is_not_changed(connector: Connector, repository: Repository) -> None:
    given(repository, "hubot", "pull")
    with pytest.raises(Rejected, match="Record exists") as told:
        foresee(connector, step("collaborator.add", repository, "collaborators/hubot", permission="write"))
    assert "collaborator.update" in told.value.hint
    for verb, with_ in (("collaborator.update", {"permission": "read"}), ("collaborator.remove", {})):
        with pytest.raises(Rejected, match="Record absent"):
            foresee(connector, step(verb, repository, "collaborators/monalisa", **with_))


def test_nobody_is_taken_for_absent_whose_invitation_cannot_be_seen(
    connector: Connector, repository: Repository, github_whole: WholeGitHub
) -> None:
    github_whole.front.when(Says(said(403, "Resource not accessible by integration")), "GET", r".*/invitations", times=2)
    with pytest.raises(Unreachable) as told:
        foresee(connector, step("collaborator.add", repository, "collaborators/hubot", permission="read"))
    assert "administration:read" in f"{told.value} {told.value.hint}"


def test_an_invitation_that_expired_gives_nothing(
    connector: Connector, repository: Repository, github_whole: WholeGitHub
) -> None:
    github_whole.whole.invite(repository.name, "hubot", "write")["expired"] = True
    with pytest.raises(Rejected, match="Record absent"):
        foresee(connector, step("collaborator.update", repository, "collaborators/hubot", permission="read"))
    perform(connector, step("collaborator.add", repository, "collaborators/hubot", permission="read"))
    (invitation,) = github_whole.whole.invitations[repository.name]
    assert (invitation["permissions"], invitation["expired"]) == ("read", False)


def test_a_person_behind_hundreds_of_others_is_found(connector: Connector, repository: Repository, github_whole: WholeGitHub) -> None:
    for number in range(101):
        github_whole.whole.invite(repository.name, f"person-{number}", "read")
    given(repository, "hubot", "admin")
    found = connector.read(Address(f"github/{repository.name.lower()}/collaborators/hubot"))
    assert found.value == {"permission": "admin", "invited": False}
    found = connector.read(Address(f"github/{repository.name.lower()}/collaborators/person-100"))
    assert found.value == {"permission": "read", "invited": True}


def test_many_people_of_one_repository_are_asked_for_once(
    connector: Connector, repository: Repository, github_whole: WholeGitHub
) -> None:
    given(repository, "hubot", "push")
    github_whole.whole.invite(repository.name, "monalisa", "read")
    where = f"github/{repository.name.lower()}/collaborators"
    found = list(read_many(connector, [Address(f"{where}/{login}") for login in ("hubot", "monalisa", "reader")]))
    assert [snapshot.value and snapshot.value["permission"] for snapshot in found] == ["write", "read", None]
    assert len(github_whole.front.asked("GET")) == 2
