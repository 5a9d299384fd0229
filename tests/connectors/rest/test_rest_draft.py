"""A manifest drafted from an OpenAPI description is valid as it is, promises nothing, and obeys nobody's description."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import pytest
import yaml

from agentctl.connectors.rest.draft_text import text as written_draft
from agentctl.connectors.rest.drafting import draft as make_draft
from agentctl.connectors.rest.load import examine, load
from agentctl.errors import Invalid
from agentctl.workspace.manifests import drafted, examined
from tests.systems.fetched import fetched
from tests.systems.fixtures import _here
from tests.systems.loopback import ask

THING = {"type": "object", "properties": {
    "id": {"type": "string", "readOnly": True},
    "title": {"type": "string"},
    "price": {"type": "number"},
    "state": {"type": "string", "enum": ["open", "closed"]},
    "on": {"type": "boolean", "nullable": True},
    "madeAt": {"type": "string", "format": "date-time", "readOnly": True},
    "owner": {"type": "object", "properties": {"name": {"type": "string"}}},
}}
SENT = {"allOf": [{"$ref": "#/components/schemas/thing"}], "required": ["title"]}


def content(schema):
    return {"content": {"application/json": {"schema": schema}}}


DESCRIPTION = {
    "openapi": "3.0.3",
    "paths": {
        "/things": {
            "get": {"tags": ["shop"], "parameters": [{"name": "state", "in": "query", "schema": {"type": "string"}}], "responses": {
                "200": content({"type": "array", "items": {"$ref": "#/components/schemas/thing"}}) | {"headers": {"Link": {}}},
            }},
            "post": {"requestBody": content(SENT), "responses": {"201": content({"$ref": "#/components/schemas/thing"})}},
        },
        "/things/{thingId}": {
            "parameters": [{"name": "thingId", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"tags": ["shop"], "responses": {"200": content({"$ref": "#/components/schemas/thing"})}},
            "patch": {"requestBody": content({"$ref": "#/components/schemas/thing"}), "responses": {"200": {}}},
            "delete": {"responses": {"204": {}}},
        },
        "/health": {"get": {"tags": ["ops"], "responses": {"200": {}}}},
    },
    "components": {"schemas": {"thing": THING}},
}


@pytest.fixture
def written(tmp_path):
    def write(document):
        file = tmp_path / "api.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        return file

    return write


def draft(file, *include):
    text, left_out = drafted("shop", file, include)
    manifest = file.with_name("shop.yaml")
    manifest.write_text(text)
    assert examined(manifest, file) == ()
    assert load(text.encode(), "shop.yaml").name == "shop"
    return yaml.safe_load(text), left_out, text


def test_a_draft_has_the_record_its_list_and_its_verbs_and_promises_nothing(written):
    made, left_out, text = draft(written(DESCRIPTION))
    thing = made["records"]["thing"]
    assert thing["address"] == "things/{thing_id}"
    assert thing["fields"]["price"] == {"schema": {"$ref": "urn:agentctl:values#/$defs/decimal"}, "as": "decimal"}
    assert thing["fields"]["on"]["schema"] == {"type": ["boolean", "null"]}
    assert thing["list"]["pages"] == {"by": "link"}
    assert thing["list"]["item"] == {"thing_id": "/id"}
    assert set(made["verbs"]) == {f"thing.{verb}" for verb in ("read", "list", "create", "update", "delete")}
    assert made["verbs"]["thing.create"]["sets"] == ["title", "price", "state", "on"]
    assert made["verbs"]["thing.create"]["required"] == ["title"]
    assert made["verbs"]["thing.create"]["assigns"] == {"thing_id": "/id"}
    assert made["verbs"]["thing.delete"]["tier"] == "execute"
    for verb in ("create", "update", "delete"):
        said = made["verbs"][f"thing.{verb}"]
        assert (said["reversibility"], said["precondition"], said["settle"]) == ("none", "none", "ask")
    assert any(line.startswith("thing.owner: ") for line in left_out)
    assert any(line.startswith("/health: ") for line in left_out)
    assert text.count("# check:") >= 10


def test_yaml_and_another_order_of_paths_come_to_the_same_draft(written, tmp_path):
    first = draft(written(DESCRIPTION))[2]
    turned = {**DESCRIPTION, "paths": dict(reversed(DESCRIPTION["paths"].items()))}
    other = tmp_path / "api.yaml"
    other.write_text(yaml.safe_dump(turned, sort_keys=False))
    assert drafted("shop", other, [])[0] == first


@pytest.mark.parametrize("include", ["shop", "/things", "/things/{thingId}"])
def test_only_what_is_included_is_drafted(written, include):
    made, left_out, _ = draft(written(DESCRIPTION), include)
    assert set(made["records"]) == {"thing"}
    assert not any("/health" in line for line in left_out)


def test_an_include_that_names_nothing_is_refused(written):
    with pytest.raises(Invalid, match="no path and no tag '/thinks'"):
        drafted("shop", written(DESCRIPTION), ["/thinks"])


def test_a_list_with_pages_that_are_not_recognised_is_left_out_and_never_taken_for_whole(written):
    document = copy.deepcopy(DESCRIPTION)
    get = document["paths"]["/things"]["get"]
    get["responses"]["200"].pop("headers")
    get["parameters"] = [{"name": "offset", "in": "query", "schema": {"type": "integer"}}]
    made, left_out, _ = draft(written(document))
    assert "list" not in made["records"]["thing"]
    assert any("how they go on is not plain" in line for line in left_out)


def test_a_list_that_must_be_asked_in_a_way_no_draft_can_say_is_left_out_and_its_record_stays(written):
    document = copy.deepcopy(DESCRIPTION)
    document["paths"]["/things"]["get"]["parameters"] = [
        {"name": name, "in": "query", "required": True, "schema": {"type": "string"}} for name in ("shop", "owner")
    ]
    made, left_out, _ = draft(written(document))
    assert "list" not in made["records"]["thing"]
    assert set(made["verbs"]) == {f"thing.{verb}" for verb in ("read", "create", "update", "delete")}
    assert any("must always have `owner`" in line for line in left_out)


def test_put_is_taken_to_drop_what_it_is_not_given_and_a_password_to_be_secret(written):
    document = copy.deepcopy(DESCRIPTION)
    item = document["paths"]["/things/{thingId}"]
    body = {"type": "object", "required": ["pin"], "properties": {
        "title": {"type": "string"}, "pin": {"type": "string", "writeOnly": True},
    }}
    del item["patch"]
    item["put"] = {"requestBody": content(body), "responses": {"200": {}}}
    update = draft(written(document))[0]["verbs"]["thing.update"]
    assert update["replaces"] is True
    assert update["arguments"] == {"pin": {"schema": {"type": "string"}, "secret": True}}
    assert update["required"] == ["pin"]


def test_a_create_whose_answer_does_not_say_the_name_is_left_out(written):
    document = copy.deepcopy(DESCRIPTION)
    document["paths"]["/things"]["post"]["responses"] = {"202": {}}
    made, left_out, _ = draft(written(document))
    assert "thing.create" not in made["verbs"]
    assert any("does not say what the new record is called" in line for line in left_out)


def test_a_verb_that_must_have_what_cannot_be_drafted_is_left_out(written):
    document = copy.deepcopy(DESCRIPTION)
    body = {"type": "object", "required": ["parts"], "properties": {"title": {"type": "string"}, "parts": {"type": "object"}}}
    document["paths"]["/things/{thingId}"]["patch"]["requestBody"] = content(body)
    made, left_out, _ = draft(written(document))
    assert "thing.update" not in made["verbs"]
    assert any("must be given `parts`" in line for line in left_out)


def test_names_of_others_never_leave_their_quotes(written):
    document = copy.deepcopy(DESCRIPTION)
    evil = "x\nverbs: {}\n# check"
    document["components"]["schemas"]["thing"]["properties"] |= {evil: {"type": "string"}, "null": {"type": "string"}}
    document["components"]["schemas"]["thing"]["properties"]["state"]["enum"] = ["a: b", "}", "\u2028# x", "yes"]
    document["paths"][f"/{evil}/{{id}}"] = document["paths"]["/things/{thingId}"]
    made, left_out, _ = draft(written(document))
    assert made["records"]["thing"]["fields"]["state"]["schema"]["enum"] == ["a: b", "}", "\u2028# x", "yes"]
    assert "null" in made["records"]["thing"]["fields"]
    assert set(made["records"]) == {"thing"}
    assert sum(evil in line for line in left_out) >= 2


def _entangled():
    document = copy.deepcopy(DESCRIPTION)
    parts = [{"$ref": "#/components/schemas/thing"}] * 10
    document["components"]["schemas"]["thing"] = {"properties": THING["properties"], "allOf": parts}
    return document


@pytest.mark.parametrize(("document", "words"), [
    (_entangled(), "within each other"),
    ("[" * 100_000, "File not valid"),
    ('{"openapi": "3.0.0", "paths": ' + '{"a":' * 100_000, "not JSON"),
    ({"swagger": "2.0", "paths": {}}, "other formats are not read"),
    ({"openapi": "3.1.0", "paths": {}}, "No path names one record"),
    ({"openapi": "3.1.0", "paths": {"/a/{b}": {"$ref": "#/paths/~1a~1{b}"}}}, "cannot be read"),
    ({"openapi": "3.1.0", "paths": {"/a/{b}": {"$ref": "http://127.0.0.1:1/x"}}}, "cannot be read"),
    ({"openapi": "3.1.0", "paths": {"/a/{b}": {"get": {"responses": {"200": content({"$ref": "file:///etc/passwd"})}}}}},
     "not described as a JSON object"),
    ({"openapi": "3.1.0", "paths": {"/a/{b}": {"get": {"responses": [], "parameters": 7}}}}, "not described"),
    ({"openapi": "3.1.0", "paths": {"/../{b}": {"get": {"responses": {"200": content(THING)}}}}}, "Nothing to draft"),
    ({"openapi": "3.1.0", "paths": {f"/a{n}/{{b}}": {"get": {"responses": {"200": content(THING)}}} for n in range(101)}},
     "over 100"),
], ids=str.split("entangled deep deep-json version empty loop outside file malformed dots many"))
def test_a_hostile_or_useless_description_is_refused(written, document, words):
    with pytest.raises(Invalid, match=words):
        drafted("shop", written(document), [])


def _places(node, place=()):
    yield place
    for key, part in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _places(part, (*place, key))


@pytest.mark.parametrize("junk", [None, 7, "x", [], {}, [7], {"x": 7}, {"$ref": "#/paths"}, {"type": ["null", 7], "enum": [{}]}], ids=str)
def test_whatever_stands_anywhere_in_a_description_it_is_drafted_or_refused(junk):
    for place in [place for place in _places(DESCRIPTION) if len(place) > 1]:
        document = copy.deepcopy(DESCRIPTION)
        node = document
        for part in place[:-1]:
            node = node[part]
        node[place[-1]] = junk
        try:
            made = written_draft(make_draft("shop", document, []))
        except Invalid:
            continue
        assert examine(made.encode(), "shop.yaml", document) == (), place


def test_a_description_that_is_too_large_is_not_read(written):
    file = written("{")
    with file.open("r+b") as opened:
        opened.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(Invalid, match="File not readable"):
        drafted("shop", file, [])


def test_check_refuses_an_entangled_description_too(written, tmp_path):
    manifest = tmp_path / "shop.yaml"
    manifest.write_text(drafted("shop", written(DESCRIPTION), [])[0])
    with pytest.raises(Invalid, match="within each other"):
        examined(manifest, written(_entangled()))


def test_githubs_own_description_comes_to_issues_that_can_be_listed_and_changed(tmp_path):
    _here("github-openapi")
    file = fetched("github-openapi") / "api.github.com.json"
    text, left_out = drafted("github", file, ["/repos/{owner}/{repo}/issues"])
    manifest = tmp_path / "github.yaml"
    manifest.write_text(text)
    assert examined(manifest, file) == ()
    made = yaml.safe_load(text)
    assert made["records"]["issue"]["address"] == "repos/{owner}/{repo}/issues/{issue_number}"
    assert made["records"]["issue"]["list"]["pages"] == {"by": "link"}
    assert made["records"]["issue"]["list"]["item"] == {"issue_number": "/number"}
    assert {"title", "body", "state"} <= set(made["verbs"]["issue.update"]["sets"])
    assert {"issue.create", "comment.update", "comment.delete"} <= set(made["verbs"])
    assert any("labels" in line for line in left_out)


def test_what_kinto_says_of_itself_is_of_an_older_format_and_refused_as_that(kinto, written):
    answer = ask(kinto.url, "GET", "/__api__")
    assert (answer.status, answer.body["swagger"]) == (200, "2.0")
    with pytest.raises(Invalid, match="other formats are not read"):
        drafted("kinto", written(answer.body), [])


def test_the_command_writes_a_new_file_only_and_says_what_was_left_out(written, tmp_path):
    file, out = written(DESCRIPTION), tmp_path / "shop.yaml"
    words = [sys.executable, "-m", "agentctl", "connectors", "new", "shop", "--openapi", str(file)]
    shown = subprocess.run(words, capture_output=True, text=True, check=True)
    assert shown.stdout == drafted("shop", file, [])[0]
    assert "thing.owner: " in shown.stderr
    kept = subprocess.run([*words, "-o", str(out)], capture_output=True, text=True, check=True)
    assert (kept.stdout, out.read_text()) == ("", shown.stdout)
    out.write_text("mine")
    again = subprocess.run([*words, "-o", str(out)], capture_output=True, text=True, check=False)
    assert (again.returncode, out.read_text()) == (3, "mine")
    assert "stays as it is" in again.stderr
