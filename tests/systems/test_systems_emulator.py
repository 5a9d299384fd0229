"""The GitHub emulator does what tests that use it rely on, and its gaps are the known ones: what it can't prove, it can't."""

from __future__ import annotations

import pytest

from tests.systems.github_house import ADMIN, LOGINS, without
from tests.systems.loopback import ask
from tests.systems.sockets import listening


@pytest.fixture
def repository(github_emulator):
    return github_emulator.repository()


def test_it_is_heard_on_this_machine_only(github_emulator):
    assert listening(github_emulator.pid) == {("127.0.0.1", github_emulator.port)}


def test_links_in_records_lead_back_to_it(github_emulator, repository):
    assert repository.read()["url"] == f"{github_emulator.url}/repos/{repository.name}"


def test_what_is_sent_to_it_is_kept_and_held_to_githubs_description(github_emulator, repository):
    sent = {"authorization": "Bearer tok_user"}
    assert ask(github_emulator.url, "POST", f"/repos/{repository.name}/issues", {"title": "A"}, headers=sent).status == 201
    assert github_emulator.faults() == []
    assert ask(github_emulator.url, "POST", f"/repos/{repository.name}/labels", {"name": "a", "hue": 1}, headers=sent).status == 201
    (fault,) = github_emulator.faults()
    assert "POST /repos/{owner}/{repo}/labels" in fault
    assert "hue" in fault
    assert [question.json for question in github_emulator.front.asked("POST", ".*/issues")] == [{"title": "A"}]
    github_emulator.front.forget()


def test_a_repository_that_moved_and_a_default_branch_that_was_renamed(repository):
    repository.rename_default_branch("trunk")
    moved = repository.rename(f"{repository.name.partition('/')[2]}-moved")
    assert (moved.read()["default_branch"], repository.read()) == ("trunk", None)
    assert [branch["name"] for branch in moved.all("/branches")] == ["trunk"]


def test_each_token_is_somebody(github_emulator):
    assert {token: github_emulator.ask("GET", "/user", token=token).body["login"] for token in LOGINS} == LOGINS


def test_an_issue_is_edited_closed_locked_and_opened_again(repository):
    number = repository.issue("First", body="text", labels=["bug"])
    path = f"/issues/{number}"
    closed = repository.ask("PATCH", path, {"state": "closed", "state_reason": "not_planned", "title": "Second"}).body
    assert (closed["state"], closed["state_reason"], closed["title"]) == ("closed", "not_planned", "Second")
    assert repository.ask("PUT", f"{path}/lock", {"lock_reason": "resolved"}).status == 204
    repository.ask("PATCH", path, {"state": "open"})
    found = repository.read(path)
    assert (found["state"], found["locked"]) == ("open", True)


def test_a_comment_is_made_edited_and_deleted(repository):
    number = repository.issue()
    comment = repository.made(f"/issues/{number}/comments", {"body": "one"})["id"]
    assert repository.ask("PATCH", f"/issues/comments/{comment}", {"body": "two"}).body["body"] == "two"
    assert repository.ask("DELETE", f"/issues/comments/{comment}").status == 204
    assert repository.read(f"/issues/comments/{comment}") is None


def test_a_file_is_changed_only_by_who_knows_what_is_there(repository):
    repository.commit("a.txt", "one")
    body = {"message": "Change it", "content": "dHdv"}
    assert repository.ask("PUT", "/contents/a.txt", body).status == 422
    assert repository.ask("PUT", "/contents/a.txt", body | {"sha": "0" * 40}).status == 409
    repository.commit("a.txt", "two")
    assert repository.read("/contents/a.txt")["content"].strip() == "dHdv"


def test_a_pull_request_is_merged_once_and_only_at_the_head_that_was_seen(repository):
    repository.branch("change")
    repository.commit("a.txt", "one", "change")
    pull = repository.made("/pulls", {"title": "Change", "head": "change", "base": "main"})
    merge = f"/pulls/{pull['number']}/merge"
    assert repository.ask("PUT", merge, {"sha": "0" * 40}).status in {409, 422}
    assert repository.ask("PUT", merge, {"sha": pull["head"]["sha"], "merge_method": "squash"}).status == 200
    assert repository.ask("PUT", merge, {"sha": pull["head"]["sha"]}).status in {405, 422}


def test_a_branch_is_made_once_and_deleted(repository):
    sha = repository.branch("side")
    assert repository.ask("POST", "/git/refs", {"ref": "refs/heads/side", "sha": sha}).status == 422
    assert repository.ask("DELETE", "/git/refs/heads/side").status == 204
    assert repository.read("/git/ref/heads/side") is None


def test_everything_shows_what_changed_and_that_it_is_as_it_was(repository):
    number = repository.issue("First")
    before = without(repository.everything(), "updated_at")
    repository.ask("PATCH", f"/issues/{number}", {"title": "Second"})
    label = repository.made("/labels", {"name": "new", "color": "ff0000"})["name"]
    after = without(repository.everything(), "updated_at")
    assert {path for path in after if after[path] != before.get(path)} == {f"/issues/{number}", f"/labels/{label}"}
    repository.ask("PATCH", f"/issues/{number}", {"title": "First"})
    repository.ask("DELETE", "/labels/new")
    assert without(repository.everything(), "updated_at") == before


def test_it_proves_nothing_about_tokens_or_etags(github_emulator, repository):
    """Should this fail, the emulator got better, and what the simulator does for it could be its own."""
    assert github_emulator.ask("GET", "/user", token="never-heard-of").body["login"] == LOGINS[ADMIN]
    assert "etag" not in repository.ask("GET").headers
