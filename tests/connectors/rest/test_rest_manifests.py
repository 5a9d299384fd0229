"""A manifest that promises what it does not send, or names what is not there, is refused with the place of the fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from agentctl.connectors.rest.load import load
from agentctl.errors import Invalid
from agentctl.model.action import Reversibility, Settlement, Tier
from tests.connectors.rest.kinto_worlds import MANIFESTS

PAGE = Path(__file__).parents[3] / "docs/connectors/rest.md"
GOOD = (MANIFESTS / "ledger.yaml").read_text()


def wrong(text):
    with pytest.raises(Invalid) as told:
        load(text.encode(), "ledger.yaml")
    assert told.value.diagnostics
    assert all(found.span is not None for found in told.value.diagnostics)
    return "\n".join(f"{found.pointer} {found.summary} {found.detail} {found.hint}" for found in told.value.diagnostics)


def altered(change):
    wire = yaml.safe_load(GOOD)
    change(wire)
    return yaml.safe_dump(wire, sort_keys=False)


@pytest.mark.parametrize("name", ["kinto", "issues", "ledger"])
def test_the_manifests_beside_this_are_valid(name):
    assert load((MANIFESTS / f"{name}.yaml").read_bytes(), name).verbs


def test_the_manifest_of_the_page_is_valid():
    (text,) = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL) if "ConnectorManifest" in block]
    assert set(load(text.encode(), "page.yaml").verbs) == {"thing.read", "thing.update"}


def test_what_is_left_out_is_the_most_dangerous_thing():
    def change(wire):
        for key in ("reversibility", "tier", "settle", "precondition", "inverse"):
            wire["verbs"]["entry.update"].pop(key, None)
        wire["verbs"]["entry.update"]["stays"] = "All of it."

    verb = load(altered(change).encode(), "x").verbs["entry.update"]
    assert (verb.tier, verb.reversibility, verb.settlement) == (Tier.EXECUTE, Reversibility.NONE, Settlement.ASK)


UPDATE = ("verbs", "entry.update")


@pytest.mark.parametrize(("place", "value", "words"), [
    (("records", "entry", "path"), "/entries/{id}", ("There is no parameter of the address `id`", "number")),
    (("records", "entry", "path"), "/entries/../x", ("dots",)),
    (("records", "entry", "path"), "//evil.example/x", ("empty segment",)),
    (("records", "entry", "address"), "notes/{number}", ("could be",)),
    (("records", "entry", "parameters", "other"), {}, ("There is no parameter of the address `other`",)),
    (("records", "entry", "parameters", "number", "pattern"), "(", ("pattern is not one",)),
    (("records", "entry", "fields", "memo", "schema"), {"type": "strin"}, ("schema is not one",)),
    (("records", "entry", "fields", "memo", "shape"), "x", ("`shape` is not known here",)),
    (("records", "entry", "list", "item"), {"id": "/id"}, ("where `number`",)),
    ((*UPDATE, "record"), "entri", ("There is no kind of record `entri`", "entry")),
    ((*UPDATE, "sets"), ["amuont"], ("There is no field of the record `amuont`", "amount")),
    ((*UPDATE, "sets"), "any", ("other_fields",)),
    ((*UPDATE, "required"), ["nothing"], ("There is no argument `nothing`",)),
    ((*UPDATE, "request", "body"), {"x": {"$argument": "nothing"}, "v": {"$token": True}}, ("There is no argument `nothing`",)),
    ((*UPDATE, "request", "body"), {"x": {"$exec": "rm"}, "v": {"$token": True}}, ("There is no expression `$exec`",)),
    ((*UPDATE, "request", "body"), {"x": {"$text": "{nothing}"}, "v": {"$token": True}}, ("nothing",)),
    ((*UPDATE, "request", "body"), {"x": {"$arguments": "all"}, "v": {"$token": True}}, ("`$arguments` takes true",)),
    ((*UPDATE, "request", "body"), {"$arguments": True}, ("Nothing in the request lets the system compare",)),
    ((*UPDATE, "request", "headers"), {"Authorization": "Bearer x"}, ("set by the client alone",)),
    ((*UPDATE, "request", "headers"), {"X-A": "a\nb"}, ("X-A",)),
    ((*UPDATE, "request", "path"), "/entries/{id}", ("There is no parameter of the address `id`",)),
    ((*UPDATE, "settle"), "keyed", ("`keyed` is for requests that carry",)),
    ((*UPDATE, "settle"), "find", ("`find` takes a mark",)),
    ((*UPDATE, "inverse", "verb"), "entry.updated", ("There is no verb `entry.updated`",)),
    ((*UPDATE, "inverse", "verb"), "entry.create", ("another kind of target",)),
    ((*UPDATE, "inverse", "with"), {"state": "open"}, ("There is no argument of `entry.update` `state`",)),
    ((*UPDATE, "reversibility"), "none", ("what cannot has none",)),
    ((*UPDATE, "assigns"), {"number": "/n"}, ("Only a verb that creates",)),
    (("verbs", "entry.read", "request"), {"method": "POST"}, ("takes no `request`",)),
    (("verbs", "entry.read", "effect"), "delete", ("which `request` does it",)),
    (("verbs", "entry.create", "settle"), "conditional", ("precondition the system enforces",)),
    (("verbs", "entry.create", "request", "body"), {"v": {"$token": True}}, ("has no version",)),
    (("verbs", "entry.book", "becomes"), {"stat": "x"}, ("There is no field of the record `stat`",)),
    (("verbs", "entry.book", "becomes"), {"state": {"$key": True}}, ("known only while the request is made",)),
    (("verbs", "entry.remind", "reversibility"), "exact", ("changes no record",)),
    (("headers",), {"Host": "evil.example"}, ("set by the client alone",)),
    (("errors",), [{"status": [200], "means": "rejected", "is": 1}], ("which place",)),
    (("errors",), [{"status": [200], "means": "rejected", "at": "/x", "matches": "("}], ("pattern is not one",)),
    (("whoami",), {"path": "https://evil.example/", "id": "/x"}, ("path",)),
    (("records", "entry", "query"), {"n": "{number}"}, ("{number} stands for nothing here", "{$parameter: number}")),
    (("records", "entry", "query"), {"n": {"$parameter": "id"}}, ("There is no parameter of the address `id`", "number")),
    (("records", "entry", "query"), {"n": {"$argument": "memo"}}, ("not known while something is only looked at",)),
    (("records", "entry", "query"), {"n": {"a": "b"}}, ("Names and what they stand for",)),
    (("records", "entry", "post"), {"$parameter": "number"}, ("Names and what they stand for",)),
    (("records", "entry", "post"), {"n": [{"$text": "{id}"}]}, ("There is no parameter of the address `id`",)),
    (("records", "entry", "post"), {"n": {"$parameter": True}}, ("takes a name",)),
    (("records", "entry", "post"), {"n": {"deep": ["x{number}"]}}, ("stands for nothing here",)),
    (("records", "entry", "list", "post"), {"n": {"$parameter": "number"}}, ("There is no parameter of the address `number`",)),
    (("records", "entry", "token"), {"header": "ETag", "as": "integer"}, ("`at` is required",)),
    (("records", "entry", "token"), {"header": "ETag", "at": "/version"}, ("token",)),
    (("records", "entry", "fields", "amount", "initial"), "0.00", ("no value of this field", "without quotes")),
    (("records", "entry", "fields", "state", "empty"), "shut", ("no value of this field", "booked")),
    (("verbs", "entry.book", "becomes"), {"state": "bookd"}, ("no value of this field", "booked")),
    (("verbs", "entry.book", "from"), {"state": 1}, ("no value of this field", "booked")),
    ((*UPDATE, "inverse"), {"verb": "entry.annotate", "with": {"$before": True}}, ("Every record has `amount`", "takes none")),
    ((*UPDATE, "becomes"), {"memo": {"$reference": True}}, ("known only while the request is made",)),
    (("python",), "os.system", ("python",)),
])
def test_a_fault_is_told_with_its_place(place, value, words):
    def change(wire):
        for part in place[:-1]:
            wire = wire[part]
        wire[place[-1]] = value

    text = altered(change)
    told = wrong(text)
    assert "/" + place[0] in told
    for word in words:
        assert word in told, told


def test_all_faults_are_told_at_once():
    def change(wire):
        wire["verbs"]["entry.update"]["required"] = ["a"]
        wire["verbs"]["entry.book"]["becomes"] = {"b": 1}
        wire["records"]["note"]["path"] = "/notes/{c}"

    told = wrong(altered(change))
    assert all(f"`{name}`" in told for name in "abc")
