"""Plain conditions are told without the compiler, and never otherwise than it tells them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentctl.policy import expressions
from agentctl.policy.comparisons import looked_at
from agentctl.policy.expressions import NotAnExpression, Yields

NAMES = ["tier", "region", "a1", "_x", "name", "size", "in", "null", "true", "as", "index", "decimal", "before", "id"]
FACTS = sorted(expressions.VARIABLES) + ["usage", "beforr", ".before"]
OPERATORS = ["==", "!=", "<", "<=", ">", ">=", " in ", "=", "=~", "+", "&&", "-"]
LITERALS = [
    '"eu"', "'eu'", '""', "''", '"a\'b"', "'a\"b'", '"""x"""', '"a\\n"', 'r"a"', 'b"a"', '"ä"', '"a b"', "0", "7", "-7", "007",
    "999999999999999", "99999999999999999999", "1.5", "1e3", "0x1f", "1u", "true", "false", "null", "[1, 2]", "['a']",
    '["a", 1]', "[]", "[1,]", "[true]", "[true, 1]", "[ 'a' ]", "now", "before.x", "(1)", "--1", "- 1", "trueish", '"a" "b"', "7 7", "{}", "1 // c",
]
JOINTS = [" && ", "||", " || ", "&&\n", " and ", ", ", " ", "&& &&", "| |", "? true :"]
ENDS = ["", " ", "\n", " &&", ")", "//", "\t", "\\"]


def paths() -> st.SearchStrategy[str]:
    return st.builds(
        lambda fact, names: ".".join([fact, *names]), st.sampled_from(FACTS), st.lists(st.sampled_from(NAMES), max_size=3)
    )


def terms() -> st.SearchStrategy[str]:
    compared = st.builds(
        lambda path, space, operator, literal: f"{path}{space}{operator}{space}{literal}",
        paths(), st.sampled_from(["", " ", "  "]), st.sampled_from(OPERATORS), st.sampled_from(LITERALS),
    )
    tested = st.builds(
        lambda sign, path: f"{sign}has({path})", st.sampled_from(["", "!", "! ", "-", "!!"]), paths(),
    )
    return compared | tested | paths()


@st.composite
def conditions(draw: st.DrawFn) -> str:
    """A condition near to a plain one, good or bad."""
    said = draw(terms())
    for _ in range(draw(st.integers(0, 3))):
        said += draw(st.sampled_from(JOINTS[:4]) | st.sampled_from(JOINTS)) + draw(terms())
    return draw(st.sampled_from(["", " ", "!", "("])) + said + draw(st.sampled_from(ENDS))


@settings(max_examples=200)
@given(conditions())
@example('before.region == "eu"')
@example(" && ".join(["before.region == 'eu'"] * 16))
@example("!has(after.note) || args.count >= -3 && effect in ['create', \"update\"]")
@example("step.id == 'a' || step.di == 'a'")
@example("before.a.b.c in [1, 2, 'x']")
@example("before.a == 1.b")
@example("before.xin ['a']")
@example("before.x in [true, 1, 'a']")
@example("before.x < true")
@example("effect in ['a']")
@example("before" + ".a" * 1500 + " == 1")
@example(" || ".join([" && ".join(["before" + ".a" * 9 + " == 1"] * 2)] * 8))
@example(f"before.a in [{', '.join(['1'] * 1200)}]")
def test_what_is_told_is_what_the_compiler_tells(source: str) -> None:
    told = looked_at(source)
    if told is not None:
        compiled = expressions._compiled(source, Yields.TRUTH)
        assert compiled.uses == told
        assert compiled.program.return_type().name().lower() == "bool", "no other kind is ever passed on"


@pytest.mark.parametrize(
    "source",
    [
        'before.region == "eu"', "after.tier != 'gold' && before.count < 100", "effect == 'create' || has(after.vip)",
        "after.region in ['eu', 'us']", "action.verb == 'delete'", "after.address.city == 'Bern'", "after.on == true",
    ],
)
def test_plain_conditions_need_no_compiler_until_they_are_asked(source: str) -> None:
    expression = expressions.compile(source)
    assert "program" not in vars(expression)
    facts = {
        "before": {"region": "eu", "count": 3, "tier": "gold"}, "effect": "create", "action": {"verb": "delete"},
        "after": {"tier": "x", "region": "us", "vip": 1, "address": {"city": "Bern"}, "on": True},
    }
    assert expressions.ask(expression, expressions.activation(facts)) is True
    assert expression.program is expression.program


@pytest.mark.parametrize("source", ["step.evidense == 'x'", "has(action.nmae)", "plan.agnet in ['a']"])
def test_fields_that_are_not_there_are_refused_without_the_compiler_too(source: str) -> None:
    assert looked_at(source) is not None
    with pytest.raises(NotAnExpression, match="Did you mean"):
        expressions.compile(source)


def test_a_number_or_a_text_is_never_told_of_without_the_compiler() -> None:
    with pytest.raises(NotAnExpression, match="this one yields bool"):
        expressions.compile("after.count == 1", Yields.AMOUNT)


def test_a_condition_of_many_comparisons_is_left_to_the_compiler() -> None:
    assert looked_at(" || ".join(["before.a == 1"] * 17)) is None
    assert looked_at("before.a == 1 || " * 1000) is None
