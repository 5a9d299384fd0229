"""What we or others write down is read back as the same value, by every road a text can take."""

from __future__ import annotations

import json
from decimal import Decimal

import yaml
from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.plan import Evidence, Format, From, OnFailure, Plan, Secret, Step, plan_to_wire
from agentctl.model.values import same
from agentctl.planfile.load import loads
from agentctl.syntax.scalars import NUMBER, NotFinite, TooLong, plain
from agentctl.syntax.yaml import parse
from tests.planfile.shop import catalog

_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
_TEXT = st.text(_CHARACTERS | st.sampled_from("\t\n\x85\u2028"), max_size=20)
_DECIMALS = st.builds(
    lambda digits, exponent, sign: Decimal((sign, digits, exponent)),
    st.lists(st.integers(0, 9), min_size=1, max_size=40).map(lambda digits: tuple(digits) if digits[0] else (0,)),
    st.integers(-40, 40),
    st.integers(0, 1),
)
_LEAVES = st.none() | st.booleans() | st.integers(-(10**40), 10**40) | _DECIMALS | _TEXT


def trees(leaves):
    keys = st.text(_CHARACTERS, max_size=10)
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=15)


def written(value) -> str:
    """Return ``value`` as JSON, decimals digit for digit, and no character that may not stand in a file as it is."""
    match value:
        case Decimal():
            sign, digits, exponent = value.as_tuple()
            return ("-" if sign else "") + "".join(map(str, digits)) + f"e{exponent}"
        case dict():
            return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case str():
            text = json.dumps(value, ensure_ascii=False)
            for character in "\x7f\x85\u2028\u2029\ufeff\ufffe\uffff":
                text = text.replace(character, f"\\u{ord(character):04x}")
            return text
    return json.dumps(value)


@given(trees(_LEAVES))
def test_json_reads_back_as_what_was_written(value):
    assert same(parse(written(value).encode(), "x.json").value, value)


@given(trees(_LEAVES))
def test_yaml_reads_back_as_what_was_written(value):
    assert same(parse(f"--- {written(value)}\n".encode(), "x.yaml").value, value)


class _Dumper(yaml.SafeDumper):
    """PyYAML's own writer, without aliases."""

    def ignore_aliases(self, data):
        return True


def _means_itself(text: str) -> bool:
    """Whether a text that YAML 1.1 leaves without quotes is text to us too: it takes ``1e3`` and ``NaN`` for text."""
    try:
        return NUMBER.fullmatch(text) is None and (not text or plain(text) == text)
    except (NotFinite, TooLong):
        return False


_PLAIN = st.none() | st.booleans() | st.integers() | _TEXT.filter(_means_itself)


@given(trees(_PLAIN), st.booleans(), st.sampled_from([None, "'", '"', "|", ">"]))
def test_what_pyyaml_writes_we_read(value, flow, style):
    text = yaml.dump({"x": value}, Dumper=_Dumper, default_flow_style=flow, default_style=None if style is None else style, sort_keys=False, width=30)
    if style is None:
        assert same(parse(text.encode(), "x.yaml").value["x"], value)


_IDS = ["one", "two", "three"]
_WORDS = st.text(_CHARACTERS, min_size=1, max_size=20)
_ARGUMENTS = st.one_of(
    st.builds(lambda value: {"name": value}, _TEXT),
    st.builds(lambda value: {"discount": value}, _DECIMALS | st.integers(0, 10**30)),
    st.builds(lambda value: {"extra": value}, trees(_LEAVES | st.binary(max_size=9) | st.dates() | st.datetimes(timezones=st.timezones()))),
    st.builds(lambda value: {"extra": {"$from": value, "$x": {"$literal": value}}}, trees(_LEAVES)),
    st.builds(lambda value: {"name": Format("{a} {b}", {"a": value, "b": From("one", "receipt", ("id",))}), "seats": From("one", "after", ("seats",))}, _TEXT),
)


@st.composite
def plans(draw) -> Plan:
    steps = [Step(id="one", action="crm.row.update", target="customers/1", with_={"seats": draw(st.integers(-5, 10**15))})]
    for name in _IDS[1:]:
        arguments = draw(_ARGUMENTS)
        steps.append(Step(
            id=name, action="crm.row.update", target=f"customers/{name}", with_=arguments, because=draw(_TEXT),
            evidence=draw(st.sampled_from([(), ("e",)])), needs=draw(st.sampled_from([("one",), ("one", steps[-1].id)] if steps[-1].id != "one" else [("one",)])),
        ))
    steps.append(Step(id="mail", action="smtp.mail.send", target="x", with_={"subject": draw(_TEXT), "password": Secret("smtp")}, needs=("three",)))
    return Plan(
        intent=draw(_WORDS), agent="support", steps=tuple(steps), evidence=(Evidence(id="e", uri="https://x.example/", quote=draw(_WORDS)),),
        on_failure=draw(st.sampled_from(OnFailure)), tenant=draw(st.sampled_from(["", "acme"])),
    )


@given(plans())
def test_a_plan_written_out_is_loaded_as_the_same_plan(plan):
    wire = {"version": 1, "kind": "Plan", **{key: item for key, item in plan_to_wire(plan).items() if item != ""}}
    wire["evidence"] = [{key: item for key, item in entry.items() if item != ""} for entry in wire["evidence"]]
    for file in ("plan.json", "plan.yaml"):
        found = loads(("" if file.endswith("json") else "--- ").encode() + written(wire).encode(), file, catalog())
        assert plan_to_wire(found) == plan_to_wire(plan)
        assert found.digest == plan.digest
