"""What a schema finds is told in our words, at the place, and never differently from what JSON Schema says."""

from __future__ import annotations

from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import Invalid
from agentctl.resources import schema as load_schema
from agentctl.syntax.codes import Code
from agentctl.syntax.schema import VALUES, check, compiled, problems, values
from agentctl.syntax.yaml import parse


def one(schema, wire):
    (only,) = problems(schema, wire)
    return only


def ref(name):
    return {"$ref": f"{VALUES}#/$defs/{name}"}


KEYS = {"type": "object", "properties": {"target": {}, "with": {}, "needs": {}}, "required": ["target"], "additionalProperties": False}


def test_an_unknown_key_is_told_with_its_nearest_kin_and_at_the_key():
    found = one(KEYS, {"target": 1, "neds": 2})
    assert (found.code, found.pointer, found.at_key) == (Code.UNKNOWN_KEY, ("neds",), True)
    assert found.hint == "Did you mean `needs`?"
    assert "target, with, needs" in found.detail


def test_a_key_that_already_stands_is_suggested_last():
    assert one(KEYS, {"target": 1, "targt": 2}).hint == "Did you mean `target`?"
    assert one({**KEYS, "properties": {"needs": {}, "need": {}}, "required": []}, {"need": 1, "neeed": 1}).hint == "Did you mean `needs`?"


def test_a_missing_key_is_told_at_its_mapping():
    found = one(KEYS, {})
    assert (found.code, found.pointer, found.detail) == (Code.MISSING_KEY, (), "`target` is required here.")


@pytest.mark.parametrize(("schema", "wire", "detail", "hint"), [
    ({"type": "string"}, 5, "Expected text, not 5.", "If text is meant, put it in quotes."),
    ({"type": "string"}, {"$decimal": "1.50"}, "Expected text, not the decimal 1.50.", "If text is meant, put it in quotes."),
    ({"type": "string"}, None, "Expected text, not null.", "If text is meant, put it in quotes."),
    ({"type": "string"}, [1], "Expected text, not a list.", ""),
    ({"type": "integer"}, "5", 'Expected a whole number, not "5".', "A number stands without quotes."),
    ({"type": ["array", "null"]}, {"a": 1}, "Expected null or a list, not a mapping.", ""),
    ({"anyOf": [{"type": "string"}, {"type": "array"}]}, 1, "Expected text or a list, not 1.", ""),
    ({"oneOf": [{"type": "string"}, {"type": "object"}]}, True, "Expected text or a mapping, not true.", ""),
    (ref("decimal"), "12.50", 'Expected a decimal number such as 12.50, not "12.50".', "A number stands without quotes."),
    (ref("int"), {"$decimal": "1.5"}, "Expected a whole number, not the decimal 1.5.", ""),
    (ref("bytes"), "x", 'Expected a mapping {$bytes: BASE64}, not "x".', ""),
    (ref("time"), "x", 'Expected a mapping {$time: 2026-01-01T00:00:00Z}, not "x".', ""),
    (ref("date"), 1, "Expected a mapping {$date: 2026-01-01}, not 1.", ""),
])
def test_a_wrong_type_is_told_in_the_authors_words(schema, wire, detail, hint):
    found = one(schema, wire)
    assert (found.code, found.detail, found.hint) == (Code.WRONG_TYPE, detail, hint)


@pytest.mark.parametrize(("schema", "wire", "code", "detail"), [
    ({"enum": ["stop", "continue"]}, "stopp", Code.NOT_A_CHOICE, 'Expected "stop" or "continue", not "stopp".'),
    ({"const": 1}, 2, Code.NOT_A_CHOICE, "Expected 1, not 2."),
    ({"pattern": "^a$"}, "b", Code.MALFORMED, '"b" does not match ^a$.'),
    ({"pattern": "^a$", "title": "an a"}, "b", Code.MALFORMED, 'Expected an a, not "b".'),
    ({"minimum": 2}, 1, Code.OUT_OF_RANGE, "Expected at least 2, not 1."),
    ({"exclusiveMaximum": 2}, 2, Code.OUT_OF_RANGE, "Expected less than 2, not 2."),
    ({"minLength": 1}, "", Code.WRONG_LENGTH, "Expected at least 1 character."),
    ({"maxItems": 2}, [1, 2, 3], Code.WRONG_LENGTH, "Expected at most 2 entries."),
    ({"uniqueItems": True}, [1, 1], Code.NOT_ACCEPTED, "Every entry of this list may occur once."),
    ({"propertyNames": {"pattern": "^a$", "title": "an a"}}, {"b": 1}, Code.UNKNOWN_KEY, "Expected an a, not `b`."),
    ({"not": {"type": "string"}}, "x", Code.NOT_ACCEPTED, None),
    (False, 1, Code.NOT_ACCEPTED, "Nothing may stand here."),
])
def test_every_other_rule_has_its_words(schema, wire, code, detail):
    found = one({"properties": {"x": schema}}, {"x": wire})
    assert found.pointer[:1] == ("x",)
    assert found.code == code
    assert detail is None or found.detail == detail


def test_of_several_alternatives_the_nearest_is_explained():
    schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]}
    found = one(schema, [1, "x"])
    assert (found.pointer, found.detail, found.within) == ((1,), 'Expected a whole number, not "x".', ())


def test_shared_values_take_what_they_say():
    good = {
        "decimal": [1, {"$decimal": "12.50"}, {"$int": "9" * 30}], "int": [1, {"$int": "-5"}], "bytes": [{"$bytes": "aGk="}],
        "time": [{"$time": "2026-01-01T00:00:00Z"}, {"$time": "2026-01-01T00:00:00.5+02:00"}], "date": [{"$date": "2026-01-01"}],
        "value": [None, True, 1, "x", [], {}, {"$bytes": ""}],
    }
    bad = {
        "decimal": ["1", None, {"$decimal": "1,5"}, {"$decimal": 1}, {"$decimal": "1", "x": 1}, {"$int": "1.5"}],
        "int": ["1", {"$decimal": "1"}, {"$int": "01"}], "bytes": ["x", {"$bytes": "?"}], "time": [{"$time": "now"}], "date": [{"$date": "1/1/26"}],
    }
    for name in values()["$defs"]:
        assert all(problems(ref(name), wire) == () for wire in good[name])
        assert all(problems(ref(name), wire) for wire in bad.get(name, ()))


def test_findings_come_in_the_order_of_the_text_with_place_and_line():
    document = parse(b"b: 1.50\nx: 1\na: [1, 2, '3']\n", "plan.yaml")
    schema = {
        "type": "object", "additionalProperties": False,
        "properties": {"a": {"items": {"type": "integer"}}, "b": {"type": "string"}},
    }
    found = check(document, schema)
    assert [(str(item.span), item.code, item.pointer, item.source) for item in found] == [
        ("plan.yaml:1:4", "wrong-type", "/b", "b: 1.50"),
        ("plan.yaml:2:1", "unknown-key", "/x", "x: 1"),
        ("plan.yaml:3:11", "wrong-type", "/a/2", "a: [1, 2, '3']"),
    ]


def test_a_part_of_a_document_is_judged_with_places_in_the_whole():
    document = parse(b"a:\n  - {b: 1.5}\n", "plan.yaml")
    (found,) = check(document, {"properties": {"b": {"type": "string"}}}, ("a", 0))
    assert (str(found.span), found.pointer) == ("plan.yaml:2:9", "/a/0/b")


def test_of_a_huge_value_the_first_fault_is_told():
    (only,) = problems({"items": {"type": "string"}}, [1] * 200_000)
    assert only.pointer == (0,)
    assert len(problems({"items": {"type": "string"}}, [1] * 1_000)) == 200


def test_a_broken_schema_is_an_error_of_its_own():
    with pytest.raises(Invalid, match="Schema not valid"):
        problems({"type": "strin"}, 1)


def test_a_text_that_is_no_text_is_refused_and_breaks_nothing():
    assert one({"type": "string"}, "\ud800").code == Code.NOT_ACCEPTED
    assert one({"required": ["b"]}, {"a": ["\ud800"]}).code in (Code.NOT_ACCEPTED, Code.MISSING_KEY)


def test_a_schema_is_compiled_once():
    schema = {"type": "integer"}
    assert compiled(schema) is compiled(schema)
    assert compiled(schema) is not compiled({"type": "integer"})


@pytest.mark.parametrize("name", ["plan", "values"])
def test_our_schemas_are_good_json_schema(name):
    jsonschema.Draft202012Validator.check_schema(load_schema(name))


_WIRES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "ab", "b", "Plan", "crm.row.update", "1"]) | st.just({"$decimal": "1.5"}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "id", "steps", "kind"]), inner, max_size=3),
    max_leaves=8,
)
_SCHEMAS = st.recursive(
    st.sampled_from([
        {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": ["null", "boolean"]}, {"enum": ["a", 1, None]}, {"const": "b"},
        {"pattern": "^a"}, {"maxLength": 1}, {"minItems": 2}, {"required": ["a"]}, {"uniqueItems": True}, True, False, {"maxProperties": 1},
        {"type": "object", "title": "a thing"},
    ]),
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"properties": {"a": a, "b": b}, "additionalProperties": False}, inner, inner),
        st.builds(lambda a: {"type": "array", "items": a}, inner),
        st.builds(lambda *each: {"anyOf": list(each)}, inner, inner),
        st.builds(lambda *each: {"oneOf": list(each)}, inner, inner),
        st.builds(lambda *each: {"allOf": list(each)}, inner, inner),
        st.builds(lambda a, b: {"if": a, "then": b}, inner, inner),
        st.builds(lambda a: {"not": a}, inner),
        st.builds(lambda a: {"propertyNames": a}, inner),
    ),
    max_leaves=6,
)


@given(_SCHEMAS, _WIRES)
def test_we_find_something_exactly_where_the_reference_implementation_does(schema, wire):
    wrapped = {"properties": {"x": schema}}
    found = problems(wrapped, {"x": wire})
    assert bool(found) == (not jsonschema.Draft202012Validator(wrapped).is_valid({"x": wire}))
    for item in found:
        assert item.detail
        assert item.summary
        assert item.code in vars(Code).values()


@given(_WIRES)
def test_whatever_a_plan_looks_like_its_shape_is_explained(wire):
    found = problems(load_schema("plan"), wire)
    assert found
    assert all(item.detail.endswith(".") for item in found)


def test_numbers_json_cannot_hold_are_judged_in_their_tagged_form():
    document = parse(b"a: 12.50\nb: 9007199254740993\n", "x")
    assert document.value == {"a": Decimal("12.50"), "b": 9007199254740993}
    assert document.wire(document.value) == {"a": {"$decimal": "12.50"}, "b": {"$int": "9007199254740993"}}
