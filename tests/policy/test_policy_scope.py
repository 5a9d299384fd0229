"""What a grant covers: targets, fields and rows, for every record of a change."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.change import Effect
from agentctl.model.decision import Outcome, Verdict
from agentctl.model.snapshot import Address
from agentctl.policy import globs
from agentctl.policy.units import changed
from tests.policy.ground import ROW, change, grants, judge, outcomes, record, update, why


@pytest.mark.parametrize(
    "pattern, address, covered",
    [
        ("customers/*", "customers/42", True),
        ("customers/*", "customers/42/notes", False),
        ("customers/*", "customers", False),
        ("customers/*", "Customers/42", False),
        ("customers/42", "customers/420", False),
        ("root", "root-evil", False),
        ("root/**", "root-evil/x", False),
        ("root/*", "root/../etc/passwd", False),
        ("root/**", "root/../etc/passwd", False),
        ("root/**", "root/./x", False),
        ("root/**", "root//x", False),
        ("root/**", "root/a/b", True),
        ("root/**", "root", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/**/z", "a/bz", False),
        ("**", "any/thing", True),
        ("*", "any/thing", False),
        ("*.html", "pricing.html", True),
        ("*.html", "pricingxhtml", False),
        ("a.c", "abc", False),
        ("customers/*", "customers/4\n2", True),
        ("customers/4", "customers/4\n", False),
        ("customers/new:make", "customers/new:make", True),
    ],
)
def test_a_target_is_matched_segment_by_segment(pattern, address, covered):
    rules = grants(f"{{actions: ['*'], mode: auto, targets: ['{pattern}']}}")
    decision = judge(rules, update(tier="x", address=f"crm/{address}"))
    assert (decision.verdict is Verdict.ALLOW) is covered


@pytest.mark.parametrize(
    "pattern, action, named",
    [
        ("crm.row.update", "crm.row.update", True),
        ("crm.*", "crm.row.update", True),
        ("*.update", "crm.row.update", True),
        ("crm.row.*", "crm.rows.update", False),
        ("crm.row", "crm.row.update", False),
        ("crm.*", "crmx.row.update", False),
        ("crm_row.update", "crm.row.update", False),
    ],
)
def test_an_action_pattern_takes_a_star_for_any_run_of_characters(pattern, action, named):
    assert globs.action(pattern)(action) is named


FIELDS = [
    (["tier"], {"tier": "x"}, True),
    (["tier"], {"tier": "x", "region": "us"}, False),
    (["Tier"], {"tier": "x"}, False),
    (["note"], {"note": {"a": 1}}, True),
    (["note.a"], {"note": {"a": 1}}, False),
    (["*"], {"tier": "x", "region": "y"}, True),
    (["tie"], {"tier": "x"}, False),
]


@pytest.mark.parametrize("fields, changes, covered", FIELDS)
def test_only_listed_fields_may_really_change(fields, changes, covered):
    rules = grants(f"{{actions: ['*'], mode: auto, fields: {fields}}}")
    assert (judge(rules, update(**changes)).verdict is Verdict.ALLOW) is covered


@pytest.mark.parametrize(
    "fields, covered",
    [
        (["address"], True),
        (["address.city"], True),
        (["address.*"], True),
        (["*.city"], True),
        (["address.zip"], False),
        (["address.city.name"], False),
        (["city"], False),
    ],
)
def test_a_nested_path_is_covered_by_itself_its_parents_and_a_star(fields, covered):
    rules = grants(f"{{actions: ['*'], mode: auto, fields: {fields}}}")
    moved = change(record({"address": {"city": "Bonn", "zip": "1"}}, {"address": {"city": "Ulm", "zip": "1"}}))
    assert (judge(rules, moved).verdict is Verdict.ALLOW) is covered


def test_a_field_whose_name_holds_a_dot_is_not_a_field_inside_another():
    rules = grants("{actions: ['*'], mode: auto, fields: [safe]}")
    assert judge(rules, change(record({"safe": {}}, {"safe": {"x": 1}}))).verdict is Verdict.ALLOW
    assert judge(rules, change(record({"safe": 1}, {"safe": 1, "safe.x": 1}))).verdict is Verdict.DENY


def test_a_listed_field_that_does_not_change_is_no_change_of_others():
    rules = grants("{actions: ['*'], mode: auto, fields: [tier]}")
    assert judge(rules, change(record(ROW, dict(ROW)))).verdict is Verdict.ALLOW


@pytest.mark.parametrize("kind", [1, True, "1"])
def test_a_value_of_another_type_is_a_change(kind):
    rules = grants("{actions: ['*'], mode: auto, fields: [tier]}")
    others = {1, "1"} - {kind}
    for other in others:
        assert judge(rules, update({"discount": kind}, discount=other)).verdict is (
            Verdict.ALLOW if type(kind) is type(other) else Verdict.DENY
        )


@pytest.mark.parametrize(
    "records, effect",
    [
        ([record(ROW, None)], None),
        ([], Effect.SIDE_EFFECT),
        ([record(ROW, ROW)], Effect.READ),
        ([record(ROW, {**ROW, "tier": "x"})], Effect.SIDE_EFFECT),
        ([record(ROW, {**ROW, "tier": "x"})], Effect.DELETE),
    ],
)
def test_a_grant_on_fields_covers_nothing_that_names_no_field(records, effect):
    rules = grants("{actions: ['*'], mode: auto, fields: ['*']}")
    decision = judge(rules, change(*records, effect=effect))
    assert decision.verdict is Verdict.DENY
    assert "names no field" in why(decision)


def test_a_create_is_covered_when_every_field_it_sets_is_listed():
    rules = grants("{actions: ['*'], mode: auto, fields: [tier, region]}")
    assert judge(rules, change(record(None, {"tier": "x", "region": "eu"}))).verdict is Verdict.ALLOW
    assert "`discount` is not among" in why(judge(rules, change(record(None, {"tier": "x", "discount": None}))))


@pytest.mark.parametrize(
    "before, after, covered",
    [
        (ROW, {**ROW, "tier": "x"}, True),
        ({**ROW, "region": "us"}, {**ROW, "region": "us", "tier": "x"}, False),
        (ROW, {**ROW, "region": "us"}, False),
        ({**ROW, "region": "us"}, ROW, False),
        (None, ROW, True),
        (None, {**ROW, "region": "us"}, False),
        (ROW, None, True),
        ({**ROW, "region": "us"}, None, False),
    ],
)
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_row_scope_holds_before_and_after_where_there_is_a_row(side, before, after, covered):
    rules = grants(f"{{actions: ['*'], mode: auto, where: '{side}.region == \"eu\"'}}")
    decision = judge(rules, change(record(before, after)))
    assert (decision.verdict is Verdict.ALLOW) is covered
    assert decision.reads == frozenset({"region"}) or not covered


def test_a_scope_on_both_sides_is_a_rule_on_the_transition():
    rules = grants("{actions: ['*'], mode: auto, where: 'after.discount <= before.discount'}")
    assert judge(rules, update(discount=4)).verdict is Verdict.ALLOW
    assert judge(rules, update(discount=6)).verdict is Verdict.DENY
    assert judge(rules, change(record(None, ROW))).verdict is Verdict.DENY


def test_one_outlier_among_many_records_is_found_and_named():
    rows = [record(ROW, {**ROW, "tier": "annual"}, f"crm/customers/{number}") for number in range(300)]
    rows[211] = record(ROW, {**ROW, "tier": "annual", "region": "us"}, "crm/customers/211")
    decision = judge(grants("{actions: ['*'], mode: auto, fields: [tier]}"), change(*rows))
    assert why(decision).startswith("`customers/211`: `region` is not among")
    assert len(decision.considered) == 1, "a rule is told once, not once a record"


@pytest.mark.parametrize(
    "outlier, rule",
    [
        (record(ROW, None, "crm/customers/7"), "no-delete"),
        (record({**ROW, "discount": 90}, {**ROW, "discount": 91}, "crm/customers/7"), "cap"),
        (record({"tier": 3}, {"tier": 4}, "crm/customers/7"), "cap"),
    ],
)
def test_an_invariant_is_asked_of_every_record(outlier, rule):
    rest = (
        "invariants:\n"
        "  - {id: no-delete, deny: 'effect == \"delete\"'}\n"
        "  - {id: cap, when: 'effect != \"delete\"', require: 'after.discount < 50'}\n"
    )
    rows = [record(ROW, {**ROW, "tier": "annual"}, f"crm/customers/{number}") for number in range(20)]
    rules = grants("{actions: ['*'], mode: auto}", rest=rest)
    assert judge(rules, change(*rows)).verdict is Verdict.ALLOW
    decision = judge(rules, change(*rows[:9], outlier, *rows[9:]))
    assert decision.verdict is Verdict.DENY
    assert outcomes(decision)[rule] in (Outcome.DENIES, Outcome.ERROR)


@pytest.mark.parametrize(
    "condition, reads",
    [
        ("effect == 'update' && after.tier == 'nope'", {"tier"}),
        ("effect == 'update' && changes.exists(c, c.path == 'nope')", None),
        ("environment == 'prod' && before == after", set()),
        ("effect == 'delete' && before == after", None),
        ("action.name == 'github.issue.update' && changes == []", set()),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_a_decision_reads_what_it_reads_of_any_record_and_nothing_the_action_alone_settles(condition, reads, order):
    rules = grants("{actions: ['*'], mode: auto}", rest=f'invariants: [{{id: x, deny: "{condition}"}}]\n')
    both = change(*[record(ROW, {**ROW, "tier": "x"}), record(ROW, None, "crm/customers/7")][::order])
    assert judge(rules, both).reads == (None if reads is None else frozenset(reads))


def test_records_may_be_covered_by_different_grants_and_the_strictest_consent_stands():
    rules = grants("{actions: ['*'], mode: auto, targets: [a/*]}", "{actions: ['*'], mode: manual, targets: [b/*]}")
    first, second = record(ROW, {**ROW, "tier": "x"}, "crm/a/1"), record(ROW, {**ROW, "tier": "x"}, "crm/b/1")
    assert judge(rules, change(first)).mode == "auto"
    assert judge(rules, change(first, second)).mode == "manual"
    assert judge(rules, change(first, record(ROW, {**ROW, "tier": "x"}, "crm/c/1"))).verdict is Verdict.DENY


def test_what_a_change_only_looks_at_must_be_covered_too():
    rules = grants("{actions: ['*'], mode: auto, targets: [branches/*, 'worktree/site/**']}")
    tip = record({"head": "1"}, {"head": "2"}, "repo/branches/main")
    committing = {"action": "repo.commit.create"}
    assert judge(rules, change(tip, reads=("repo/worktree/site/a.html",), **committing)).verdict is Verdict.ALLOW
    decision = judge(rules, change(tip, reads=("repo/worktree/secrets.env",), **committing))
    assert "it reads `repo/worktree/secrets.env`" in why(decision)
    elsewhere = judge(rules, change(tip, reads=("crm/branches/main",), **committing))
    assert elsewhere.verdict is Verdict.DENY, "a grant on one system names no address of another"


def test_a_forbidding_grant_forbids_looking_as_well():
    rules = grants("{actions: ['*'], mode: auto}", "{actions: ['*'], mode: forbid, targets: ['**/secrets.env']}")
    tip = record({"head": "1"}, {"head": "2"}, "repo/branches/main")
    looking = change(tip, reads=("repo/worktree/secrets.env",), action="repo.commit.create")
    assert judge(rules, looking).verdict is Verdict.DENY


def test_an_effect_without_records_is_matched_by_the_target_as_written():
    rules = grants("{actions: ['*'], mode: auto, targets: [customers/*]}")
    assert judge(rules, change(action="mail.message.send")).verdict is Verdict.ALLOW
    assert judge(grants("{actions: ['*'], mode: auto, targets: [outbox]}"), change()).verdict is Verdict.DENY


def test_a_read_is_judged_by_every_row_it_brings():
    rules = grants("{actions: ['*'], mode: auto, targets: [customers/*], where: 'before.region == \"eu\"'}")
    rows = [record(ROW, ROW, f"crm/customers/{number}") for number in range(3)]
    condition = ("crm/customers/?{}",)
    reading = change(*rows, effect=Effect.READ, reads=condition)
    assert judge(rules, reading).verdict is Verdict.DENY, "a scope on rows does not cover a question nobody can bound"
    unscoped = grants("{actions: ['*'], mode: auto, targets: [customers/*]}")
    assert judge(unscoped, reading).verdict is Verdict.ALLOW
    outside = change(*rows, record(ROW, ROW, "crm/orders/1"), effect=Effect.READ, reads=condition)
    assert judge(unscoped, outside).verdict is Verdict.DENY


def test_an_effect_that_no_record_shows_is_judged_as_well():
    rest = "invariants: [{id: x, deny: 'effect == \"side-effect\"'}]\n"
    mailing = change(record(ROW, {**ROW, "tier": "x"}), effect=Effect.SIDE_EFFECT)
    assert judge(grants("{actions: ['*'], mode: auto}", rest=rest), mailing).verdict is Verdict.DENY


def test_a_record_of_another_system_is_named_by_no_grant_for_the_action():
    straying = change(record({"head": "1"}, {"head": "2"}, "crm/customers/42"), action="repo.commit.create")
    decision = judge(grants("{actions: ['*'], mode: auto}"), straying)
    assert "`crm/customers/42` is of another system" in why(decision)


def test_what_is_already_done_is_judged_by_agent_action_and_target_alone():
    rest = "invariants: [{id: x, require: 'after.discount < 50'}, {id: y, deny: 'environment == \"prod\"'}]\n"
    rules = grants("{actions: ['*'], mode: auto, targets: [customers/*], where: 'before.region == \"eu\"'}", rest=rest)
    done = change(effect=Effect.NO_OP)
    assert judge(rules, done).verdict is Verdict.ALLOW
    assert judge(rules, done, final=True).verdict is Verdict.ALLOW
    assert judge(rules, done, environment="prod").verdict is Verdict.DENY
    assert judge(grants("{actions: ['*'], targets: [orders/*]}"), done).verdict is Verdict.DENY
    assert judge(grants(), done).verdict is Verdict.DENY


def test_what_is_already_done_is_judged_by_what_it_made_where_that_has_a_name_of_its_own():
    rules = grants("{actions: ['*'], mode: auto, targets: [customers/*/notes/*]}")
    done = replace(change(effect=Effect.NO_OP), target="customers/42/notes")
    assert judge(rules, done).verdict is Verdict.DENY
    named = replace(done, reads=(Address("crm/customers/42/notes/7"),))
    assert judge(rules, named).verdict is Verdict.ALLOW
    assert judge(rules, replace(done, reads=(Address("crm/orders/42/notes/7"),))).verdict is Verdict.DENY


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.none() | st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(ROWS, ROWS)
def test_changed_paths_are_those_whose_json_differs(before, after):
    assert list(changed(before, after)) == list(plainly_changed(before or {}, after or {}))


def plainly_changed(before, after):
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from ((name, *path) for path in plainly_changed(old, new))
        elif (name in before) != (name in after) or json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True):
            yield (name,)
