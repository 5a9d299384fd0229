"""A reference reaches only what exists, is earlier, may be seen and fits; anything else is told where it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.planfile.load import check, loads
from tests.planfile.shop import catalog, plan

FIRST = "  - {id: first, action: crm.row.update, target: customers/1, with: {seats: 1}}\n"


def told(argument: str, name: str = "name") -> list[tuple[str, str | None]]:
    data = plan(f"{FIRST}  - id: second\n    action: crm.row.update\n    target: customers/2\n    with: {{{name}: {argument}}}\n    needs: []\n")
    return [(item.code, (item.pointer or "").removeprefix("/steps/1/with")) for item in check(data, "x", catalog()).diagnostics]


@pytest.mark.parametrize(("name", "path"), [
    ("name", "first.after.name"), ("tier", "first.after.tier"), ("discount", "first.after.discount"), ("discount", "first.after.seats"),
    ("seats", "first.after.seats"), ("seats", "first.after.discount"), ("renews", "first.after.renews"), ("name", "first.after.address.city"), ("address", "first.after.address"),
    ("extra", "first.after.tags"), ("tags", "first.after.tags"), ("name", "first.receipt.id"), ("name", "first.after.extra"),
    ("name", "first.after.extra.deep.er"),
])
def test_a_reference_that_fits_is_taken(name, path):
    assert told(f"{{$from: steps.{path}}}", name) == []


@pytest.mark.parametrize(("name", "path", "code"), [
    ("name", "nope.after.name", "unknown-step"), ("name", "second.after.name", "step-not-earlier"),
    ("name", "first.after.nme", "unknown-field"), ("name", "first.after.address.town", "unknown-field"),
    ("name", "first.after.name.deeper", "unknown-field"), ("name", "first.after.tags.0", "unknown-field"),
    ("name", "first.after.iban", "sensitive-field"),
    ("name", "first.after.seats", "reference-type"), ("seats", "first.after.name", "reference-type"),
    ("tags", "first.after.name", "reference-type"),
    ("renews", "first.after.name", "reference-type"), ("name", "first.after.address", "reference-type"),
])
def test_a_reference_that_cannot_hold_is_refused(name, path, code):
    assert told(f"{{$from: steps.{path}}}", name) == [(code, f"/{name}")]


def test_references_inside_lists_and_mappings_are_judged_where_they_stand():
    assert told("[a, {$from: steps.first.after.name}, {$from: steps.first.after.seats}]", "tags") == [("reference-type", "/tags/2")]
    assert told("{city: {$from: steps.first.after.tags}, zip: 1}", "address") == [("reference-type", "/address/city"), ("wrong-type", "/address/zip")]


def test_what_stands_beside_a_reference_is_still_judged():
    assert told("{$from: steps.first.after.name}, nope: 1, tags: [1, {$from: steps.first.after.name}]") == [("unknown-argument", "/nope"), ("wrong-type", "/tags/0")]


def test_a_list_too_long_is_too_long_whatever_its_references_become():
    data = plan(FIRST + "  - {id: m, action: smtp.mail.send, target: x, with: {subject: s, password: {$secret: p}, cc: [a, b, {$from: steps.first.after.name}]}}")
    assert [item.code for item in check(data, "x", catalog()).diagnostics] == ["wrong-length"]


def test_a_huge_step_cannot_hide_a_fault_behind_its_references():
    tags = "{$from: steps.first.after.name}, " + "a, " * 100_001
    data = plan(FIRST + f"  - {{id: b, action: crm.row.update, target: customers/1, with: {{tags: [{tags}1]}}}}")
    assert [item.code for item in check(data, "x", catalog()).diagnostics] == ["wrong-type"]


def test_an_argument_missing_is_missed_beside_references():
    data = plan(FIRST + "  - {id: m, action: smtp.mail.send, target: x, with: {subject: {$from: steps.first.after.name}}}")
    assert [(item.code, item.detail) for item in check(data, "x", catalog()).diagnostics] == [("missing-argument", "`password` is required here.")]


@pytest.mark.parametrize("text", [
    "first.after.name", "steps.first.name", "steps.first.before.name", "steps.first.after", "steps.first.after.", "steps..after.name",
    "steps.first.receipt", "steps.first.receipt.id.deeper", "'${{ steps.first.after.name }}'", "'steps.first.after.na me.'", "5", "[a]",
    "null", "steps.First.after.name",
])
def test_a_malformed_reference_is_refused(text):
    assert told(f"{{$from: {text}}}") == [("bad-reference", "/name")]


def test_a_malformed_reference_is_answered_with_what_was_meant():
    data = plan(FIRST + "  - {id: b, action: crm.row.update, target: customers/1, with: {name: {$from: steps.first.output.name}}}")
    (only,) = check(data, "x", catalog()).diagnostics
    assert only.hint == "Did you mean `steps.first.after.name`?"


@pytest.mark.parametrize(("argument", "code", "pointer"), [
    ("{$frm: steps.first.after.name}", "unknown-tag", "/name/$frm"), ("{$ref: x}", "unknown-tag", "/name/$ref"),
    ("{$hidden: 'hmac:1'}", "unknown-tag", "/name/$hidden"), ("{$unknown: null}", "unknown-tag", "/name/$unknown"),
    ("{$from: steps.first.after.name, x: 1}", "bad-reference", "/name"), ("{$from: a, $secret: b}", "bad-reference", "/name"),
    ("{$literal: text}", "bad-reference", "/name"), ("{$literal: [1]}", "bad-reference", "/name"),
    ("{$int: 5}", "bad-value", "/name"), ("{$int: '1_000'}", "bad-value", "/name"), ("{$int: '٣'}", "bad-value", "/name"),
    ("{$int: '" + "9" * 401 + "'}", "bad-value", "/name"), ("{$decimal: 1.5}", "bad-value", "/name"),
    ("{$decimal: 'NaN'}", "bad-value", "/name"), ("{$decimal: '1e999999'}", "bad-value", "/name"), ("{$bytes: 'a'}", "bad-value", "/name"),
    ("{$bytes: '%%'}", "bad-value", "/name"), ("{$time: '2026-13-01T00:00:00Z'}", "bad-value", "/name"), ("{$time: 2026-W01-1}", "bad-value", "/name"),
    ("{$date: 2026-02-30}", "bad-value", "/name"), ("{$date: 20260101}", "bad-value", "/name"),
])
def test_a_dollar_key_is_one_of_ours_or_an_error(argument, code, pointer):
    assert told(argument) == [(code, pointer)]


@pytest.mark.parametrize(("argument", "codes"), [
    ('{$format: "a {x} b", x: {$from: steps.first.after.seats}}', []),
    ('{$format: "{x}{x}{{y}} { z }", x: 1, y: 2.50}', []),
    ('{$format: "{x}", x: {$date: 2026-01-01}}', []),
    ('{$format: "{x} {y}", x: 1}', ["unknown-placeholder"]),
    ('{$format: "x", x: 1}', ["unused-name"]),
    ('{$format: "{x}", x: {$from: steps.first.after.tags}}', ["reference-type"]),
    ('{$format: "{x}", x: {$from: steps.first.after.iban}}', ["sensitive-field"]),
    ('{$format: "{x}", x: {$secret: smtp}}', ["bad-reference"]),
    ('{$format: "{x}", x: {$format: "{y}", y: 1}}', ["bad-reference"]),
    ('{$format: "{x}", x: [1]}', ["bad-reference"]), ('{$format: "{x}", x: null}', ["bad-reference"]),
    ("{$format: 5}", ["bad-reference"]), ('{$format: "{x}", "x y": 1, x: 1}', ["bad-reference"]),
])
def test_a_format_names_what_it_uses_and_uses_what_it_names(argument, codes):
    assert sorted(code for code, _ in told(argument)) == codes


def test_a_format_makes_text_and_nothing_else():
    assert told('{$format: "5"}', "seats") == [("reference-type", "/seats")]


def test_the_word_a_format_would_replace_can_still_be_given():
    data = plan(FIRST.replace("seats: 1", 'name: {$format: "{name}", name: "{name}"}'))
    assert loads(data, "x", catalog()).steps[0].with_["name"].names == {"name": "{name}"}


def mail(argument: str):
    return check(plan(f"  - {{id: m, action: smtp.mail.send, target: x, with: {{{argument}}}}}"), "x", catalog()).diagnostics


@pytest.mark.parametrize("value", ["hunter2", "5", "{$format: hunter2}", "{$from: steps.x.after.y}", "[{$secret: a}]", "{a: hunter2}", "null"])
def test_a_secret_argument_takes_a_secrets_name_and_nothing_else(value):
    assert "secret-required" in [item.code for item in mail(f"subject: s, password: {value}")]


def test_a_secret_that_was_written_out_is_repeated_nowhere():
    found = check(plan("  - id: m\n    action: smtp.mail.send\n    target: x\n    with:\n      subject: 5\n      password: hunter2 #hunter2\n"), "x", catalog()).diagnostics
    assert [item.code for item in found] == ["wrong-type", "secret-required", "comment-cuts-value"]
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(("argument", "pointer"), [
    ("subject: {$secret: smtp}", "/subject"), ("subject: s, cc: [{$secret: smtp}]", "/cc/0"), ("subject: s, body: {$literal: {a: {$secret: smtp}}}", "/body/$literal/a"),
])
def test_a_secret_goes_nowhere_else(argument, pointer):
    found = [(item.code, item.pointer) for item in mail(f"{argument}, password: {{$secret: smtp}}")]
    assert ("secret-not-allowed", f"/steps/0/with{pointer}") in found


@pytest.mark.parametrize("name", ["'a b'", "5", "''", "[a]", "'../x'"])
def test_a_secrets_name_is_a_name(name):
    assert "bad-reference" in [item.code for item in mail(f"subject: s, password: {{$secret: {name}}}")]


def test_expressions_of_other_tools_stay_the_text_they_are():
    data = plan(FIRST.replace("seats: 1", "name: '${{ secrets.TOKEN }} {{x}} ${y} $(z)'"))
    assert loads(data, "x", catalog()).steps[0].with_ == {"name": "${{ secrets.TOKEN }} {{x}} ${y} $(z)"}


@pytest.mark.parametrize(("name", "argument", "codes"), [
    ("extra", "{$from: steps.first.after.name}", ["sensitive-field"]),
    ("extra", "{deep: [{$from: steps.first.after.name}]}", ["sensitive-field"]),
    ("extra", '{$format: "{x}", x: {$from: steps.first.after.name}}', ["sensitive-field"]),
    ("name", "{$from: steps.first.after.name}", []),
    ("iban", "{$from: steps.first.after.name}", []),
])
def test_a_sealed_value_goes_only_where_it_stays_hidden(name, argument, codes):
    shop = catalog()
    sealing = replace(shop.actions["crm.row.update"], sealed=frozenset({"name"}))
    shop = replace(shop, actions={**shop.actions, "crm.row.update": sealing})
    data = plan(f"{FIRST}  - {{id: second, action: crm.row.update, target: customers/2, with: {{{name}: {argument}}}}}\n")
    assert [item.code for item in check(data, "x", shop).diagnostics] == codes
