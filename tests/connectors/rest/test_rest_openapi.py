"""Every request a manifest can send is held against the API's own description."""

from __future__ import annotations

import copy

import pytest
import yaml

from agentctl.connectors.rest.load import examine
from tests.connectors.rest.kinto_worlds import MANIFESTS

TEXT = (MANIFESTS / "issues.yaml").read_bytes()
NUMBER = {"name": "number", "in": "path", "required": True}
DESCRIPTION = {
    "openapi": "3.0.3",
    "paths": {
        "/user": {"get": {}},
        "/repos/{owner}/{repo}/issues": {
            "get": {"parameters": [{"name": name, "in": "query"} for name in ("per_page", "state", "labels")]},
            "post": {"requestBody": {"$ref": "#/components/requestBodies/issue"}},
        },
        "/repos/{o}/{r}/issues/{issue_number}": {
            "parameters": [NUMBER], "get": {},
            "patch": {"requestBody": {"content": {"application/json": {"schema": {"allOf": [
                {"$ref": "#/components/schemas/issue"}, {"properties": {"state": {}}},
            ]}}}}},
        },
    },
    "components": {
        "schemas": {"issue": {"properties": {name: {} for name in ("title", "body", "labels", "milestone")}}},
        "requestBodies": {"issue": {"required": True, "content": {"application/json": {"schema": {
            "allOf": [{"$ref": "#/components/schemas/issue"}], "required": ["title"],
        }}}}},
    },
}


def test_a_manifest_that_fits_its_description_has_no_fault():
    assert examine(TEXT, "issues.yaml", DESCRIPTION) == ()


@pytest.mark.parametrize(("place", "value", "words"), [
    (("paths", "/user"), None, "There is no path like /user"),
    (("paths", "/repos/{o}/{r}/issues/{issue_number}", "patch"), None, "takes GET in the description; not PATCH"),
    (("components", "schemas", "issue", "properties", "labels"), None, "no `labels` in the body"),
    (("paths", "/repos/{owner}/{repo}/issues", "get", "parameters"), [], "no `state` in the query"),
    (("components", "requestBodies", "issue", "content", "application/json", "schema", "required"), ["title", "body"],
     "must always have `body`"),
    (("components", "requestBodies", "issue"), {}, "takes no body"),
    (("components", "schemas", "issue"), {"$ref": "#/components/schemas/issue"}, "no `title` in the body"),
])
def test_what_the_description_does_not_know_is_told_with_its_place(place, value, words):
    description = copy.deepcopy(DESCRIPTION)
    node = description
    for part in place[:-1]:
        node = node[part]
    if value is None:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    found = examine(TEXT, "issues.yaml", description)
    assert any(words in one.detail for one in found), [one.detail for one in found]
    assert all(one.span.line > 1 for one in found)


def test_faults_of_the_manifest_come_first():
    wire = yaml.safe_load(TEXT)
    wire["verbs"]["issue.update"]["sets"] = ["titel"]
    (fault, *_) = examine(yaml.safe_dump(wire).encode(), "issues.yaml", {"paths": {}})
    assert "titel" in fault.detail
