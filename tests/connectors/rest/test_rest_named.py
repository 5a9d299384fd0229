"""What a manifest can say of names and states, on answers as a system might give them."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.connectors.rest.http import Endpoint
from agentctl.connectors.rest.load import examine, load
from agentctl.connectors.rest.named import named
from agentctl.errors import Rejected
from agentctl.model.canonical import canonical

MANIFEST: dict[str, Any] = {
    "version": 1, "kind": "ConnectorManifest", "name": "notes", "release": "1", "summary": "Notes on things.",
    "records": {"note": {
        "address": "{owner}/things/{thing}/notes/{id}", "path": "/notes/{id}", "parameters": {"owner": {"case": "lower"}},
        "self": {"at": "/thing_url", "path": "/{owner}/things/{thing}"},
        "excludes": {"at": "/picture", "hint": "It is a picture."},
        "fields": {
            "text": {"schema": {"type": "string"}},
            "state": {"schema": {"enum": ["open", "closed"]}},
            "reason": {"schema": {"enum": ["done", None]}, "reads": {"again": None}},
            "day": {"schema": {"$ref": "urn:agentctl:values#/$defs/date"}, "as": "date"},
        },
    }},
    "verbs": {
        "note.read": {"summary": "Read a note.", "record": "note", "effect": "read"},
        "note.close": {
            "summary": "Close a note.", "record": "note", "effect": "update", "tier": "write", "sets": ["reason", "text"],
            "together": {"reason": ["text"]}, "from": {"state": "open"}, "becomes": {"state": "closed"},
            "request": {"method": "PATCH", "body": {"reason": {"$present": {"$argument": "reason"}}}},
            "stays": "All of it.",
        },
    },
}
ENDPOINT = Endpoint.at("https://notes.example/api", environ={})
ASKED = {"owner": "acme", "thing": "lamp shade", "id": "7"}


def kind():
    return load(canonical(MANIFEST), "notes").records["note"]


@pytest.mark.parametrize("url", [
    "https://notes.example/api/acme/things/lamp%20shade", "/api/Acme/things/lamp%20shade",
    "https://other.example/api/acme/things/lamp shade?x=1",     # compared, never followed
])
def test_a_record_under_its_own_name_is_read(url) -> None:
    named(ENDPOINT, kind(), ASKED, {"thing_url": url})


@pytest.mark.parametrize(("body", "summary"), [
    ({"thing_url": "https://notes.example/api/acme/things/table"}, "Called otherwise"),
    ({"thing_url": "https://notes.example/api/other/things/lamp%20shade"}, "Called otherwise"),
    ({"thing_url": "https://notes.example/api/acme/things/lamp%20Shade"}, "Called otherwise"),
    ({"thing_url": "https://notes.example/api/acme/things/lamp%20shade/notes"}, "Answer not understood"),
    ({"thing_url": "https://[/api/acme/things/lamp"}, "Answer not understood"),
    ({"thing_url": 7}, "Answer not understood"),
    ({}, "Answer not understood"),
    ([], "Answer not understood"),
    ({"thing_url": "/api/acme/things/lamp%20shade", "picture": {"of": "it"}}, "Another kind of record"),
])
def test_what_is_called_otherwise_or_is_something_else_is_not_believed(body, summary) -> None:
    with pytest.raises(Rejected, match=summary):
        named(ENDPOINT, kind(), ASKED, body)


@pytest.mark.parametrize(("where", "value", "detail"), [
    (("verbs", "note.close", "together"), {"reason": ["texts"]}, "There is no argument `texts`"),
    (("verbs", "note.close", "from"), {"status": "open"}, "There is no field of the record `status`"),
    (("verbs", "note.close", "unique"), True, "Only what is created under a name of ours"),
    (("records", "note", "self"), {"at": "/url", "path": "/things/{name}"}, "There is no parameter of the address `name`"),
    (("verbs", "note.close", "request"), {"method": "PATCH", "body": {"text": {"$marked": {"$argument": "text"}}}},
     "`$marked` is for what is created"),
])
def test_what_does_not_fit_is_found_when_the_manifest_is_read(where, value, detail) -> None:
    wire: dict[str, Any] = {**MANIFEST}
    node = wire
    for name in where[:-1]:
        node[name] = {**node[name]}
        node = node[name]
    node[where[-1]] = value
    assert [fault.detail for fault in examine(canonical(wire), "notes") if fault.detail.startswith(detail)]
    assert examine(canonical(MANIFEST), "notes") == ()
