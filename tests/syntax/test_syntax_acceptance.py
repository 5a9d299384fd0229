"""What is accepted by looking is what the library accepts, or less."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentctl import resources
from agentctl.planfile.load import plan_schemas
from agentctl.syntax import acceptance as acceptance_of_patterns
from agentctl.syntax.acceptance import acceptance
from agentctl.syntax.schema import VALUES, is_valid, values

SHARED = {VALUES: values()}
REGISTRY = jsonschema_rs.Registry([(VALUES, values())])
OURS = {name: resources.schema(name) for name in resources.schema_names() if name != "values"}
OURS |= {f"plan, {name} of it": part for name, part in plan_schemas()[1].items()}

PLAN = {
    "version": 1, "kind": "Plan", "intent": "Move them.", "agent": "bot", "requested_by": "ann",
    "steps": [{"id": "s1", "action": "crm.row.update", "target": "customers/1", "with": {}, "because": "Asked.",
               "needs": ["s0"], "evidence": ["e1"]}],
    "evidence": [{"id": "e1", "uri": "file:ticket.txt", "quote": "please", "sha256": "0" * 64}],
}
POLICY = {
    "version": 1, "kind": "Policy", "agents": {"bot": {"roles": ["mover"]}},
    "roles": {"mover": {"grants": [{"actions": ["crm.row.update"], "targets": ["customers/*"], "fields": ["tier"],
                                    "where": 'before.region == "eu"', "mode": "approve"}]}},
    "people": {"ann": {"groups": ["on-call"], "aliases": ["ann@acme"]}}, "rollback": {"from": ["on-call"]},
}
WORKSPACE = {
    "version": 1, "kind": "Workspace", "tenant": "acme", "environment": "prod", "policy": "policy",
    "connectors": {"crm": {"type": "sql", "url": "sqlite:///crm.db"}, "mem": {"type": "memory"}},
    "secrets": {"smtp": {"env": "SMTP"}}, "retention": {"packs": "90d"},
}
VALID = {"plan": PLAN, "policy": POLICY, "workspace": WORKSPACE, "plan, steps of it": PLAN["steps"][0]}

scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["a\n", "\ud800", "é", " ", "", "a\x85", "1" * 1001, "eu", "2026-01-01"])
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


@st.composite
def mutations(draw: st.DrawFn, whole: Any) -> Any:
    """Return ``whole`` with up to three of its nodes replaced, taken out or doubled, or another key beside them."""
    wire = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(0, 3))):
        node: Any = {"root": wire}
        key: Any = "root"
        while isinstance(node[key], dict | list) and node[key] and draw(st.integers(0, 4)):
            node = node[key]
            key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else list(range(len(node)))))
        match draw(st.integers(0, 3)):
            case 0 if key != "root":
                del node[key]
            case 1 if isinstance(node[key], list) and node[key]:
                node[key].append(node[key][0])
            case 2 if isinstance(node[key], dict):
                node[key][draw(st.text(max_size=5))] = draw(anything)
            case _:
                node[key] = draw(anything)
                wire = node[key] if key == "root" else wire
    return wire


def library(schema: Any) -> Any:
    return jsonschema_rs.Draft202012Validator(
        schema, registry=REGISTRY, offline=True, pattern_options=jsonschema_rs.RegexOptions()
    )


def takes(judge: Any, wire: Any) -> bool:
    try:
        return bool(judge.is_valid(wire))
    except (UnicodeEncodeError, ValueError):
        return False


@pytest.mark.parametrize("name", sorted(VALID))
def test_what_most_commands_check_is_accepted_without_the_library(name):
    assert takes(library(OURS[name]), VALID[name])
    assert acceptance(OURS[name], SHARED, ours=True)(VALID[name])


@pytest.mark.parametrize("name", sorted(VALID))
@settings(max_examples=150)
@given(data=st.data())
def test_nothing_is_accepted_that_the_library_refuses(name, data):
    wire = data.draw(mutations(VALID[name]))
    if acceptance(OURS[name], SHARED, ours=True)(wire):
        assert takes(library(OURS[name]), wire)


TARGET = OURS["plan"]["$defs"]["step"]["properties"]["target"]["pattern"]


def test_the_pattern_that_is_known_to_fit_what_prints_is_the_one_of_targets():
    assert acceptance_of_patterns._PRINTED == TARGET
    for text in ("customers/1", "a b", " ", "~"):
        assert re.search(TARGET, text)
    accepts = acceptance({"type": "string", "pattern": TARGET}, SHARED, ours=True)
    assert accepts("customers/1")
    assert not accepts("")
    assert not accepts("a\n")


TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
KEYWORDS = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
    "minLength": st.integers(0, 3), "maxLength": st.integers(0, 3), "pattern": st.sampled_from(["^a*$", "^[^ ]+$", "b", TARGET]),
    "minimum": st.integers(-2, 2), "maximum": st.integers(-2, 2), "multipleOf": st.integers(1, 3),
    "minItems": st.integers(0, 2), "maxItems": st.integers(0, 2), "uniqueItems": st.booleans(),
    "minProperties": st.integers(0, 2), "maxProperties": st.integers(0, 2), "required": st.just(["a"]),
    "const": scalars.filter(lambda value: value != "\ud800"), "enum": st.just(["a", 1, True, None]),
}


def _wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={
        **KEYWORDS,
        "items": inner | st.booleans(), "additionalProperties": inner | st.booleans(), "propertyNames": inner,
        "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2), "not": inner,
        "anyOf": st.lists(inner, min_size=1, max_size=2), "oneOf": st.lists(inner, min_size=1, max_size=2),
        "allOf": st.lists(inner, min_size=1, max_size=2), "if": inner, "then": inner,
        "$ref": st.just("#/$defs/a"), "dependentRequired": st.just({"a": ["b"]}),
    })


schemas = st.recursive(st.fixed_dictionaries({}, optional=KEYWORDS), _wider, max_leaves=6)
small = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "aa", "b", "ab ", "a\n", "é", 1.0, 2**60]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=500)
@given(schemas, schemas, st.lists(small, min_size=3, max_size=6), st.booleans())
@example({"oneOf": [{"type": "integer"}, {"type": "number"}]}, {}, [1], True)
@example({"enum": [1]}, {}, [True, 1.0], True)
@example({"uniqueItems": True}, {}, [[1, 1], ["a", "a"], [1, True]], True)
@example({"pattern": "^a$"}, {}, ["a\n", "a"], True)
def test_by_no_schema_is_more_accepted_than_by_the_library(schema, part, wires, ours):
    whole = {**schema, "$defs": {"a": part}}
    judge, accepts = library(whole), acceptance(whole, SHARED, ours=ours)
    for wire in wires:
        if accepts(wire):
            assert judge.is_valid(wire)


@pytest.mark.parametrize("keyword, argument", [
    ("minLength", "1"), ("properties", [1]), ("required", "a"), ("items", 3), ("pattern", 1), ("type", 7), ("$ref", 1),
    ("$ref", "#/$defs/none"), ("anyOf", {}), ("maximum", "9"), ("unheard", True),
])
def test_of_a_schema_that_is_none_nothing_is_known(keyword, argument):
    accepts = acceptance({"type": "object", "properties": {"a": {keyword: argument}}}, SHARED, ours=True)
    assert not accepts({"a": "a"})
    assert not accepts({"a": 1})


def test_a_pattern_of_a_stranger_is_the_librarys_to_try():
    schema = {"type": "string", "pattern": "^(a+)+$"}
    assert not acceptance(schema, SHARED, ours=False)("a")
    assert is_valid(schema, "a")


def test_many_values_are_judged_as_the_first_few_are():
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 8500}}, "required": ["n"]}
    assert [is_valid(schema, {"n": n}) for n in range(9000)] == [n <= 8500 for n in range(9000)]
