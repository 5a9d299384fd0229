"""The client against servers nobody here wrote: Kinto (waitress) and a GitHub on Node."""

from __future__ import annotations

import json
import re

from agentctl.connectors.rest.http import Authorization, Endpoint, Request
from agentctl.connectors.rest.http.decode import decoded
from tests.systems.github_house import USER
from tests.systems.kinto import ADMIN, PASSWORD

BASIC = Authorization(scheme="Basic")


def ask(sender, token, method, path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named |= {"Content-Type": "application/json"} if data else {}
    request = Request(method=method, path=path, body=data, headers=named, deadline=20)
    answer = sender.send(request, token)
    return answer, decoded(request, answer) if answer.body else None


def test_records_of_kinto_are_made_changed_under_a_precondition_and_removed(kinto, client):
    sender, login = client(kinto.url, authorization=BASIC), f"{ADMIN}:{PASSWORD}"
    bucket = kinto.bucket()
    path = f"/buckets/{bucket}/collections/things/records/a"
    assert ask(sender, login, "PUT", path, {"data": {"x": 1}}, if_none_match="*")[0].status == 201
    first, record = ask(sender, login, "GET", path)
    assert record["data"]["x"] == 1
    again, _ = ask(sender, login, "GET", path)
    assert (again.status, again.body) == (200, first.body), "held, and confirmed with 304"
    assert ask(sender, login, "PATCH", path, {"data": {"x": 2}}, if_match=first.headers["etag"])[0].status == 200
    assert ask(sender, login, "PATCH", path, {"data": {"x": 3}}, if_match=first.headers["etag"])[0].status == 412
    assert ask(sender, login, "GET", path)[1]["data"]["x"] == 2
    assert ask(sender, "admin:wrong", "GET", path)[0].status == 401
    assert ask(sender, login, "DELETE", path)[0].status == 200
    assert ask(sender, login, "GET", path)[0].status == 404
    assert kinto.record(bucket, "a") is None


def test_issues_are_made_and_listed_by_the_links_the_system_gives(github_emulator, client):
    repository = github_emulator.repository()
    sender = client(github_emulator.url)
    issues = f"/repos/{repository.name}/issues"
    for number in range(3):
        assert ask(sender, USER, "POST", issues, {"title": f"Grüße {number}"})[0].status == 201
    request = Request(method="GET", path=issues, query=(("per_page", "2"), ("state", "all")), deadline=20)
    first = sender.send(request, USER)
    (link,) = re.findall(r'<([^>]+)>; rel="next"', first.headers["link"])
    path, query = Endpoint.at(github_emulator.url, environ={}).inside(link)
    second = sender.send(Request(method="GET", path=path, query=query, deadline=20), USER)
    titles = [issue["title"] for answer in (first, second) for issue in decoded(request, answer)]
    assert sorted(titles) == ["Grüße 0", "Grüße 1", "Grüße 2"]
    assert ask(sender, USER, "GET", f"{issues}/99")[0].status == 404
