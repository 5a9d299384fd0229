"""A request that GitHub does not describe is found, whichever part of it is wrong."""

from __future__ import annotations

import json

import pytest

from tests.systems.fixtures import _here
from tests.systems.openapi import github_description

JSON = {"content-type": "application/json"}
R = "/repos/octocat/hello"


@pytest.fixture(scope="module")
def description():
    _here("github-openapi")
    return github_description()


def faults(description, method, target, body=None, headers=JSON):
    return description.faults(method, target, headers, b"" if body is None else json.dumps(body).encode())


@pytest.mark.parametrize(("method", "target", "body"), [
    ("GET", f"{R}/issues/1", None),
    ("GET", f"{R}/issues?state=all&per_page=100&page=2", None),
    ("POST", f"{R}/issues", {"title": "A", "labels": ["bug", {"name": "x"}], "assignees": ["octocat"], "milestone": None}),
    ("PATCH", f"{R}/issues/1", {"state": "closed", "state_reason": "not_planned"}),
    ("PUT", f"{R}/issues/1/lock", None),
    ("PUT", f"{R}/issues/1/lock", {"lock_reason": "resolved"}),
    ("DELETE", f"{R}/issues/comments/7", None),
    ("GET", f"{R}/contents/docs/a%20file.md?ref=side", None),
    ("PUT", f"{R}/contents/docs/a.md", {"message": "m", "content": "YQ==", "sha": "0" * 40, "branch": "main"}),
    ("GET", f"{R}/git/ref/heads/main", None),
    ("DELETE", f"{R}/git/refs/heads/feature/one", None),
    ("POST", f"{R}/git/trees", {"base_tree": "0" * 40, "tree": [{"path": "a", "mode": "100644", "type": "blob", "sha": None}]}),
    ("PUT", f"{R}/pulls/1/merge", {"sha": "0" * 40, "merge_method": "squash"}),
    ("POST", f"{R}/releases", {"tag_name": "v1", "draft": True}),
    ("PUT", f"{R}/collaborators/hubot", {"permission": "push"}),
    ("GET", "/user", None),
])
def test_what_github_describes_has_no_fault(description, method, target, body):
    assert faults(description, method, target, body) == []


@pytest.mark.parametrize(("method", "target", "body", "fault"), [
    ("GET", f"{R}/isues/1", None, "there is no GET"),
    ("DELETE", f"{R}/issues/1", None, "there is no DELETE"),
    ("POST", f"{R}/issues", {"body": "no title"}, '"title" is a required property'),
    ("POST", f"{R}/issues", None, "the body is missing"),
    ("PATCH", f"{R}/issues/1", {"state": "weird"}, "/state in the body"),
    ("PATCH", f"{R}/issues/1", {"titel": "A"}, "titel"),
    ("POST", f"{R}/issues", {"title": "A", "labels": "bug"}, "/labels in the body"),
    ("GET", f"{R}/issues/one", None, "`issue_number` in the path cannot be 'one'"),
    ("GET", f"{R}/issues?per_page=many", None, "`per_page` in the query cannot be 'many'"),
    ("GET", f"{R}/issues?state=shut", None, "`state` in the query cannot be 'shut'"),
    ("GET", f"{R}/issues?perpage=3", None, "the query has `perpage`, which is not described"),
    ("GET", f"{R}/git/ref/heads/main", {"x": 1}, "is not described"),
    ("GET", "/search/issues", None, "the query has no `q`"),
])
def test_what_github_does_not_describe_is_found(description, method, target, body, fault):
    (found,) = faults(description, method, target, body)
    assert fault in found


def test_a_body_of_another_type_or_none_at_all_is_found(description):
    assert "text/plain is not described" in description.faults("POST", f"{R}/issues", {"content-type": "text/plain"}, b"x")[0]
    assert "is no JSON" in description.faults("POST", f"{R}/issues", JSON, b"{")[0]
