"""The simulator refuses, limits and lags as GitHub does; asked here over its front, as agentctl would."""

from __future__ import annotations

import http.client
import json
from email.utils import parsedate_to_datetime

import pytest

from tests.systems.github_house import USER
from tests.systems.github_simulator import secondary_limit, server_error
from tests.systems.loopback import ask
from tests.systems.mishaps import LostAfter
from tests.systems.sockets import listening


@pytest.fixture
def simulator(github_simulator):
    return github_simulator.simulator


@pytest.fixture
def repository(github_simulator):
    return github_simulator.repository()


@pytest.fixture
def private(github_simulator):
    return github_simulator.repository(private=True)


@pytest.fixture
def say(github_simulator, repository):
    """Return what asks about a path below the repository, through the front."""

    def said(method, path="", body=None, *, token=USER, of=repository, **headers):
        headers = {"user-agent": "test"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return ask(github_simulator.url, method, path if path.startswith("/user") else f"/repos/{of.name}{path}", body, headers=headers)

    return said


def test_only_the_emulator_behind_it_listens_and_on_this_machine_only(github_simulator):
    assert listening(github_simulator.pid) == {("127.0.0.1", github_simulator.port)}


def test_what_did_not_change_is_not_sent_again_and_costs_nothing(say, repository):
    number = repository.issue()
    first = say("GET", f"/issues/{number}")
    again = say("GET", f"/issues/{number}", if_none_match=first.headers["etag"])
    assert (again.status, again.body, again.headers["etag"]) == (304, None, first.headers["etag"])
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]
    repository.ask("PATCH", f"/issues/{number}", {"title": "B"})
    changed = say("GET", f"/issues/{number}", if_none_match=first.headers["etag"])
    assert (changed.status, changed.body["title"]) == (200, "B")
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_token_is_what_it_was_issued_as_and_nothing_else(simulator, say):
    assert say("GET", "/user").body["login"] == "octocat"
    for token in ("never-heard-of", simulator.token(expires=simulator.now() - 1), simulator.token(revoked=True)):
        answer = say("GET", "/user", token=token)
        assert (answer.status, answer.body["message"]) == (401, "Bad credentials")
    assert say("GET", "/user", token=simulator.token(expires=simulator.now() + 60)).status == 200


def test_a_token_ends_in_the_middle_of_what_it_is_used_for(simulator, say):
    token = simulator.token(expires=simulator.now() + 60)
    assert say("POST", "/issues", {"title": "A"}, token=token).status == 201
    simulator.skew = 61
    assert say("POST", "/issues", {"title": "B"}, token=token).status == 401


def test_a_missing_permission_is_named_and_nothing_is_done(simulator, say, repository):
    token = simulator.token(permissions={"issues": "read"})
    number = repository.issue()
    answer = say("PATCH", f"/issues/{number}", {"title": "B"}, token=token)
    assert (answer.status, answer.body["message"]) == (403, "Resource not accessible by personal access token")
    assert answer.headers["x-accepted-github-permissions"] == "issues=write"
    assert say("GET", f"/issues/{number}", token=token).body["title"] == "An issue"
    app = say("PUT", "/contents/a", {"message": "m", "content": ""}, token=simulator.token(permissions={"issues": "write"}, app=True))
    assert app.body["message"] == "Resource not accessible by integration"
    assert app.headers["x-accepted-github-permissions"] == "contents=write"


@pytest.mark.parametrize(("method", "path", "body", "permission"), [
    ("POST", "/labels", {"name": "a"}, "issues"),
    ("POST", "/pulls", {"title": "a", "head": "main", "base": "main"}, "pull_requests"),
    ("PUT", "/pulls/1/merge", {}, "contents"),
    ("POST", "/releases", {"tag_name": "v1"}, "contents"),
    ("POST", "/git/refs", {"ref": "refs/heads/a", "sha": "0" * 40}, "contents"),
    ("PUT", "/collaborators/hubot", {}, "administration"),
    ("DELETE", "", None, "administration"),
])
def test_each_kind_of_record_takes_its_own_permission(method, path, body, permission, simulator, say):
    answer = say(method, path, body, token=simulator.token(permissions={}))
    assert (answer.status, answer.headers["x-accepted-github-permissions"]) == (403, f"{permission}=write")


def test_what_a_token_may_not_see_is_not_there(simulator, say, private, repository):
    elsewhere = simulator.token(permissions={"issues": "write"}, repositories=frozenset({repository.name}))
    for token in (elsewhere, simulator.token(scopes=()), simulator.token(scopes=("public_repo",)), ""):
        answer = say("GET", of=private, token=token)
        assert (answer.status, answer.body["message"]) == (404, "Not Found")
    assert say("GET", of=private).status == 200
    assert say("POST", "/issues", {"title": "A"}, of=private, token=simulator.token(scopes=())).status == 404


def test_a_classic_token_says_what_it_may_and_what_was_needed(simulator, say):
    answer = say("GET", token=simulator.token(scopes=("public_repo", "read:user")))
    assert (answer.headers["x-oauth-scopes"], answer.headers["x-accepted-oauth-scopes"]) == ("public_repo, read:user", "repo")


def test_who_is_nobody_reads_what_is_public_and_writes_nothing(say):
    assert say("GET", token="").status == 200
    assert say("POST", "/issues", {"title": "A"}, token="").status == 401


def test_calls_are_counted_and_end_until_the_hour_is_over(simulator, say):
    token = simulator.token(limit=2)
    assert [say("GET", token=token).headers["x-ratelimit-remaining"] for _ in range(2)] == ["1", "0"]
    refused = say("POST", "/issues", {"title": "A"}, token=token)
    assert (refused.status, refused.body["message"]) == (403, "API rate limit exceeded for user octocat.")
    assert 3500 < int(refused.headers["x-ratelimit-reset"]) - simulator.now() <= 3600
    simulator.skew = 3601
    assert say("POST", "/issues", {"title": "A"}, token=token).status == 201


def test_a_secondary_limit_and_an_error_of_githubs_own_hit_the_request_they_are_meant_for(github_simulator, say, repository):
    github_simulator.front.when(secondary_limit(7), "POST", ".*/issues", nth=2)
    github_simulator.front.when(server_error(502, after=True), "POST", ".*/issues", nth=2)
    answers = [say("POST", "/issues", {"title": title}) for title in "ABC"]
    assert [answer.status for answer in answers] == [201, 403, 502]
    assert answers[1].headers["retry-after"] == "7"
    assert "secondary rate limit" in answers[1].body["message"]
    assert sorted(issue["title"] for issue in repository.all("/issues")) == ["A", "C"]


def test_the_third_edit_loses_its_reply_and_was_done(github_simulator, say, repository):
    number = repository.issue()
    github_simulator.front.when(LostAfter(), "PATCH", nth=3)
    for title in "AB":
        say("PATCH", f"/issues/{number}", {"title": title})
    with pytest.raises(http.client.RemoteDisconnected):
        say("PATCH", f"/issues/{number}", {"title": "C"})
    assert repository.read(f"/issues/{number}")["title"] == "C"


def test_who_asks_for_the_old_name_is_sent_on(simulator, say, repository, github_simulator):
    number = repository.issue()
    moved = simulator.move(repository, f"{repository.name.partition('/')[2]}-moved")
    read = say("GET", f"/issues/{number}")
    assert (read.status, read.headers["location"]) == (301, read.body["url"])
    path = read.headers["location"].removeprefix(github_simulator.url)
    found = ask(github_simulator.url, "GET", path, headers={"user-agent": "test", "authorization": f"Bearer {USER}"})
    assert (found.status, found.body["number"]) == (200, number)
    assert say("PATCH", f"/issues/{number}", {"title": "B"}).status == 307
    assert moved.read(f"/issues/{number}")["title"] == "An issue"


@pytest.mark.parametrize(("path", "body", "words"), [
    ("/issues", {}, '"title" is a required property'),
    ("/issues", {"title": "A", "labels": "bug"}, "/labels in the body"),
    ("/milestones", {"title": "A", "state": "weird"}, "/state in the body"),
])
def test_a_body_of_the_wrong_shape_is_refused_with_what_is_wrong(path, body, words, say):
    answer = say("POST", path, body)
    assert answer.status == 422
    assert answer.body["message"].startswith("Invalid request.\n\n")
    assert words in answer.body["message"]


def test_a_record_that_cannot_be_is_refused_by_field_and_code(say, repository):
    repository.made("/labels", {"name": "bug", "color": "ff0000"})
    again = say("POST", "/labels", {"name": "bug", "color": "ff0000"})
    assert (again.status, again.body["message"]) == (422, "Validation Failed")
    assert again.body["errors"] == [{"resource": "Label", "code": "already_exists", "field": "name"}]
    pull = say("POST", "/pulls", {"title": "A", "head": "nowhere", "base": "main"})
    assert pull.body["errors"] == [{"resource": "PullRequest", "field": "head", "code": "invalid"}]
    assert repository.all("/pulls") == []


def test_a_body_that_is_no_json_is_refused(say):
    answer = say("POST", "/issues", b"{")
    assert (answer.status, answer.body["message"]) == (400, "Problems parsing JSON")


def test_a_list_and_a_record_lag_behind_what_was_done(simulator, say, repository):
    number = repository.issue("Old")
    assert [issue["title"] for issue in say("GET", "/issues").body] == ["Old"]
    assert say("GET", f"/issues/{number}").body["title"] == "Old"
    simulator.lag(reads=4)
    say("PATCH", f"/issues/{number}", {"title": "New"})
    made = say("POST", "/issues", {"title": "Made"}).body["number"]
    assert [issue["title"] for issue in say("GET", "/issues").body] == ["Old"]
    assert [issue["title"] for issue in say("GET", "/issues?state=all").body] == ["New"], "never asked before, yet without the new one"
    assert say("GET", f"/issues/{number}").body["title"] == "Old"
    assert say("GET", f"/issues/{made}").status == 404
    assert {issue["title"] for issue in say("GET", "/issues").body} == {"New", "Made"}
    assert say("GET", f"/issues/{made}").status == 200


def test_its_clock_can_be_wrong(simulator, say):
    simulator.skew = -7200
    answer = say("GET")
    assert abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - simulator.now()) < 5
    assert int(answer.headers["x-ratelimit-reset"]) < simulator.now() + 3601


def test_who_does_not_say_who_is_asking_is_turned_away(github_simulator, repository):
    answer = ask(github_simulator.url, "GET", f"/repos/{repository.name}")
    assert (answer.status, "User-Agent" in answer.body["message"]) == (403, True)


def test_lists_come_page_by_page_and_lead_back_to_it(github_simulator, say, repository):
    for _ in range(3):
        repository.issue()
    page = say("GET", "/issues?per_page=2")
    assert len(page.body) == 2
    assert f'<{github_simulator.url}/repos/{repository.name}/issues?per_page=2&page=2>; rel="next"' in page.headers["link"]


def test_one_test_leaves_nothing_to_the_next(github_simulator, simulator):
    assert github_simulator.front.journal == []
    assert set(simulator.tokens) == {"tok_admin", "tok_user", "tok_reader"}
    assert json.loads(json.dumps(simulator.skew)) == 0
