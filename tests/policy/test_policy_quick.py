"""The quick way to the common answer is the plain way's answer, whatever policy and change are put together."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.model.action import Reversibility, Tier
from agentctl.model.change import Inverse
from agentctl.model.decision import Decision
from agentctl.model.plan import Evidence, Plan, Secret, Step
from agentctl.model.values import UNKNOWN
from agentctl.policy import document
from agentctl.policy.evaluate import decide, decide_plainly
from agentctl.policy.quick import Later
from tests.policy.ground import change, context, grants, record, update

CONDITIONS = [
    'environment == "prod"', 'effect == "delete"', 'effect == "update"', 'action.tier != "read"', "after.discount > 3",
    "before.discount > 3", "after.discount > before.discount", 'before.region == "eu"', 'after.region == "eu"',
    "before.region == after.region", 'target == "customers/1"', 'target.startsWith("customers/")',
    'target == "customers/1" && after.discount > 3', 'target == "customers/1" || before.region == "eu"',
    "size(step.evidence) > 0", "args.discount > 3", 'args.discount > 3 && after.region == "eu"', "plan.steps > 1",
    'changes.exists(c, c.path == "discount")', "size(changes) < 3", "has(after.note)", "has(before.extra)",
    "before == after", "after.note == null", 'agent == "bot"', 'tenant == "acme"', 'purpose == "apply"',
    "now > timestamp('2025-01-01T00:00:00Z')", "before.extra == 1", "after.note.x == 1", "true", "false",
    "decimal(after.price) <= decimal(before.price)", "minor(after.price, 2) * 10 <= minor(before.price, 2) * 11",
    'environment == "prod" && after.discount > 3', "after.discount > 3 // a remark",
    'size(step.evidence) > 0 || after.region == "eu"', "step.id == 's' ? before.discount > 2 : false", "1 / 0 == 1",
    'target == "customers/1" ? after.missing == 1 : true',
]
condition = st.sampled_from(CONDITIONS)
TARGETS = ["customers/*", "customers/1", "orders/*", "**"]


def maybe(key, values):
    return st.one_of(st.just({}), values.map(lambda value: {key: value}))


def entry(*parts):
    return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})


grant = entry(
    st.sampled_from([["*"], ["crm.row.update"], ["crm.row.*"], ["erp.*"]]).map(lambda actions: {"actions": actions}),
    maybe("targets", st.lists(st.sampled_from(TARGETS), min_size=1, max_size=2, unique=True)),
    maybe("fields", st.lists(st.sampled_from(["discount", "region", "note", "note.x", "*"]), min_size=1, unique=True)),
    maybe("where", condition),
    maybe("environments", st.sampled_from([["staging"], ["prod"]])),
    st.one_of(
        st.just({}),
        st.just({"mode": "auto"}),
        st.just({"mode": "forbid"}),
        st.just({"mode": "approve", "approvals": {"count": 2, "from": ["leads"]}}),
        st.just({"mode": "approve", "approvals": {"count": 1, "from": ["heads"]}}),
        st.just({"secrets": ["smtp"]}),
        st.just({"limits": [{"count": 5, "per": "1h"}]}),
        st.just({"limits": [{"sum": "after.discount", "max": 50, "per": "1h"}]}),
        st.just({"reversibility": "exact"}),
        st.just({"windows": [{"from": "00:00", "to": "12:00", "zone": "UTC"}]}),
        st.just({"windows": [{"from": "12:00", "to": "24:00", "zone": "UTC"}]}),
    ),
)
invariant = entry(
    maybe("when", condition),
    st.one_of(
        condition.map(lambda it: {"deny": it}), condition.map(lambda it: {"require": it}),
        st.just({"content": {"secrets": "deny"}}),
        st.tuples(condition, condition).map(lambda it: {"deny": it[0], "require": it[1]}),
    ),
    st.sampled_from([{}, {}, {}, {"level": "advisory"}, {"level": "soft"}]),
    st.sampled_from([{}, {}, {"except": ["rollback"]}]),
)
FREEZE = {"id": "f", "from": "2026-01-01T00:00Z", "until": "2026-01-02T00:00Z"}
policies = st.tuples(
    st.lists(grant, max_size=4), st.lists(invariant, max_size=3), st.sampled_from([[], [], [], [FREEZE]])
).map(lambda it: {
    "agents": {"bot": {"roles": ["role"]}},
    "roles": {"role": {"grants": [{"id": f"g{index}", **each} for index, each in enumerate(it[0])]}},
    "people": {"ada": {"groups": ["leads"], "aliases": ["ada@acme.example"]}},
    "invariants": [{"id": f"i{index}", **each} for index, each in enumerate(it[1])],
    "freezes": it[2],
})
row = st.one_of(st.none(), st.fixed_dictionaries(
    {"discount": st.sampled_from([1, 5, UNKNOWN, 2**70]), "region": st.sampled_from(["eu", "us", None])},
    optional={
        "note": st.sampled_from(["n", {"x": 1}, {"x": 2}, b"bytes", "zero\0"]), "extra": st.just(1),
        "price": st.sampled_from([Decimal("1.00"), Decimal("1.05"), "2"]),
    },
))
changes = st.tuples(
    row, row, st.sampled_from(["crm/customers/1", "crm/customers/2", "crm/orders/7", "erp/customers/1", "crm/a/../b"]),
    st.sampled_from([{}, {"discount": 5}, {"discount": 1}, {"key": Secret("smtp")}, {"discount": UNKNOWN}]),
    st.sampled_from([(), ("crm/customers/1",), ("crm/orders/1",)]), st.sampled_from(list(Reversibility)),
).map(lambda it: replace(
    change(record(it[0], it[1], it[2]), arguments=it[3]), reads=it[4], inverse=Inverse(kind=it[5])
))
arounds = st.fixed_dictionaries({
    "environment": st.sampled_from(["staging", "prod"]),
    "tier": st.sampled_from([Tier.WRITE, Tier.EXECUTE]),
    "proven": st.booleans(),
    "final": st.booleans(),
    "plan": st.sampled_from([
        Plan(intent="i", agent=agent, steps=(), evidence=(Evidence(id="t", uri="file:t"),), requested_by=asker)
        for agent in ("bot", "other") for asker in ("", "ada@acme.example", "nobody@acme.example")
    ]),
    "evidence": st.sampled_from([(), ("t",)]),
})


# Policies that grant, and changes with nothing odd about them: most of these are answered quickly.
known = st.fixed_dictionaries(
    {"discount": st.sampled_from([1, 3, 5]), "region": st.sampled_from(["eu", "us"])},
    optional={"note": st.just("n"), "extra": st.just(1), "price": st.sampled_from([Decimal("1.00"), Decimal("1.05")])},
)
common = st.tuples(known, known, st.sampled_from(["crm/customers/1", "crm/orders/7"])).map(
    lambda it: change(record(*it), arguments={"discount": it[1]["discount"]})
)
lenient = st.tuples(policies, st.lists(st.sampled_from([
    {"when": "after.discount > 3", "deny": "before.missing == 1 && before.discount > 9"},
    {"when": 'target == "customers/1"', "require": "after.discount < 9"},
    {"when": "before.discount == 3", "require": "has(after.region)"},
    {"require": 'target == "customers/1" || after.discount > 0'},
    {"deny": 'step.id == "x" && before.discount > 1'},
    {"deny": 'args.discount > 9 || before.region == "cn"'},
    {"when": 'environment == "staging"', "require": "size(changes) < 9"},
]), max_size=3)).map(lambda it: {
    **it[0],
    "roles": {"role": {"grants": [
        *({**each, "mode": "auto"} if each.get("mode") == "forbid" and "where" not in each else each
          for each in it[0]["roles"]["role"]["grants"]),
        {"id": "all", "actions": ["*"], "secrets": ["smtp"]},
    ]}},
    "invariants": [{"id": f"l{index}", **each} for index, each in enumerate(it[1])],
    "freezes": [],
})


def judged(rules, going, evidence, **around):
    step = Step(id="s", action=going.action, target=going.target, with_=going.arguments, evidence=evidence)
    return context(rules, going, step=step, **around)


def differences(quick: Decision, plain: Decision) -> list[str]:
    return [
        f"{part.name}: {getattr(quick, part.name)!r} is not {getattr(plain, part.name)!r}"
        for part in fields(Decision)
        if getattr(quick, part.name) != getattr(plain, part.name)
        and not (part.name == "considered" and quick.considered == plain.considered)
    ]


def load(tree):
    return document.load([("policy.yaml", json.dumps({"version": 1, "kind": "Policy", **tree}).encode())])


@given(policies, st.lists(st.tuples(changes, arounds), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_quick_answer_is_the_plain_one(tree, asked):
    rules = load(tree)
    for going, around in asked:
        told = judged(rules, going, **around)
        assert differences(decide(going, told), decide_plainly(going, told)) == []


@given(lenient, st.lists(st.tuples(common, arounds), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_quick_answer_is_the_plain_one_where_policy_grants(tree, asked):
    rules = load(tree)
    for going, around in asked:
        told = judged(rules, going, **around)
        assert differences(decide(going, told), decide_plainly(going, told)) == []


def test_the_common_answer_is_given_quickly_and_in_full_when_asked():
    rules = grants("{id: g, actions: ['*'], mode: auto, where: 'before.region == \"eu\"'}", rest=(
        "invariants:\n  - {id: i, when: 'environment == \"prod\"', deny: 'true'}\n  - {id: j, deny: 'after.discount > 90'}\n"
    ))
    going = update(tier="x")
    decision = decide(going, context(rules, going))
    assert isinstance(decision.considered, Later)
    assert [finding.rule for finding in decision.considered] == ["i", "j", "g"]
    assert decision.considered[2].inputs == {"before.region": '"eu"'}
    assert decision.reads == {"discount", "region"}
