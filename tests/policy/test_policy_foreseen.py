"""What is refused before any system is asked: certainties, and never what a live read could still allow."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.model.change import Change, Effect, Inverse
from agentctl.model.decision import Outcome, Verdict
from agentctl.model.plan import From, Plan, Secret, Step
from agentctl.model.snapshot import Address
from agentctl.policy.evaluate import decide
from agentctl.policy.foreseen import refusals
from tests.policy import ground

STEP = Step(id="s", action="crm.row.update", target="customers/42", with_={"tier": "annual"})


def foreseen(policy, step=STEP, addresses=("crm/customers/42",), **more):
    change = Change(step=step.id, action=step.action, target=step.target, effect=Effect.NO_OP)
    context = replace(ground.context(policy, change, **more), step=step)
    return [(item.rule, item.reason) for item in refusals(context, [Address(one) for one in addresses] if addresses is not None else None)]


@pytest.mark.parametrize(("grant", "why"), [
    ("{actions: ['crm.row.delete']}", "no grant of `role` names `crm.row.update`"),
    ("{actions: ['crm.*'], targets: ['orders/*']}", "`customers/42` is not among the targets"),
    ("{actions: ['crm.*'], environments: [prod]}", "counts only in prod"),
    ("{actions: ['crm.*'], evidence: {count: 1}}", "cites none"),
    ("{actions: ['crm.*'], mode: forbid}", "forbids it"),
    ("{actions: ['crm.*'], targets: ['customers/*'], mode: forbid}", "forbids it"),
])
def test_what_no_record_could_change_is_refused_with_its_rule(grant, why):
    (_, reason), = foreseen(ground.grants(grant))
    assert why in reason


@pytest.mark.parametrize("grant", [
    "{actions: ['crm.row.update']}",
    "{actions: ['crm.*'], where: 'before.region == \"us\"'}",
    "{actions: ['crm.*'], fields: [discount]}",
    "{actions: ['crm.*'], reversibility: exact}",
])
def test_what_hangs_on_the_record_is_left_to_the_plan(grant):
    assert foreseen(ground.grants(grant)) == []


def test_one_grant_that_may_cover_it_is_enough():
    assert foreseen(ground.grants("{actions: ['crm.*'], targets: ['x']}", "{actions: ['crm.*'], where: 'before.region == \"us\"'}")) == []


@pytest.mark.parametrize("forbidding", [
    "where: 'before.region == \"eu\"'", "fields: [tier]", "environments: [prod]", "targets: ['orders/*']",
    "windows: [{from: '00:00', to: '24:00', zone: UTC}]",
])
def test_a_grant_that_forbids_only_some_changes_is_left_to_the_plan(forbidding):
    assert foreseen(ground.grants("{actions: ['*']}", f"{{actions: ['*'], mode: forbid, {forbidding}}}")) == []


def test_a_condition_or_several_addresses_are_not_taken_for_the_target():
    policy = ground.grants("{actions: ['crm.*'], targets: ['customers/4*']}")
    for addresses in (("crm/customers/?{}",), ("crm/customers/7", "crm/customers/42"), (), None):
        assert foreseen(policy, replace(STEP, target="customers/7"), addresses) == []
    assert foreseen(policy, replace(STEP, target="customers/7"), ("crm/customers/7",))


def test_a_secret_no_grant_lists_is_refused():
    step = replace(STEP, with_={"password": Secret("smtp")})
    assert "does not list the secret `smtp`" in foreseen(ground.grants("{actions: ['*']}"), step)[0][1]
    assert foreseen(ground.grants("{actions: ['*'], secrets: [smtp]}"), step) == []


INVARIANT = "invariants:\n  - {id: rule, %s}\n"


@pytest.mark.parametrize("rule", [
    "require: 'size(step.evidence) > 0'",
    "deny: 'action.tier == \"write\"'",
    "when: 'environment == \"staging\"', require: 'step.because != \"\"'",
    "deny: 'target.startsWith(\"customers/\")'",
    "deny: 'args.tier == \"annual\"'",
    "deny: 'plan.steps < 5 || before.tier == \"x\"'",
])
def test_an_invariant_that_needs_no_record_is_told_with_its_place(rule):
    (name, _), = foreseen(ground.grants("{actions: ['*']}", rest=INVARIANT % rule))
    assert name == "rule"


@pytest.mark.parametrize("rule", [
    "deny: 'effect == \"no-op\"'",
    "deny: 'effect != \"delete\"'",
    "require: 'before.tier == \"x\"'",
    "when: 'effect == \"delete\"', require: 'size(step.evidence) > 0'",
    "require: 'size(step.evidence) > 0', level: soft, override: {from: [leads], expires: 1h}",
    "require: 'size(step.evidence) > 0', level: advisory",
    "require: 'size(step.evidence) > 0', except: [rollback], when: 'now > timestamp(\"2020-01-01T00:00:00Z\") && effect == \"create\"'",
    "deny: 'now > timestamp(\"2020-01-01T00:00:00Z\")'",
    "require: 'size(changes) > 0'",
    "require: 'has(after.tier)'",
])
def test_an_invariant_that_looks_at_more_or_may_be_overridden_is_left_to_the_plan(rule):
    assert foreseen(ground.grants("{actions: ['*']}", rest=INVARIANT % rule + "people: {mia: {groups: [leads]}}\n")) == []


def test_arguments_that_come_from_another_step_settle_nothing():
    step = replace(STEP, with_={"tier": From(step="a", part="after", path=("tier",)), "note": "x"})
    for rule in ("deny: '!has(args.tier)'", "require: 'has(args.tier) && args.tier != \"\"'", "deny: 'args.note == \"x\"'"):
        assert foreseen(ground.grants("{actions: ['*']}", rest=INVARIANT % rule), step) == []


CONDITIONS = [
    'before.tier == "monthly"', 'after.tier == "annual"', 'effect == "update"', 'effect == "delete"', "size(changes) == 0",
    'args.tier == "annual"', 'target == "customers/42"', 'action.tier == "write"', "size(step.evidence) > 0", "plan.steps > 3",
    'agent == "bot"', 'environment == "prod"', "has(before.note)", 'now < timestamp("2027-01-01T00:00:00Z")', 'step.because == ""',
]
CONDITION = st.recursive(
    st.sampled_from(CONDITIONS),
    lambda inner: st.one_of(
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
    ),
    max_leaves=4,
)
GRANT = st.fixed_dictionaries({}, optional={
    "targets": st.sampled_from(["customers/*", "customers/42", "orders/*"]), "fields": st.sampled_from(["tier", "note"]),
    "where": CONDITION, "mode": st.sampled_from(["auto", "approve", "forbid"]), "environments": st.sampled_from(["prod", "staging"]),
    "action": st.sampled_from(["crm.row.update", "crm.*", "site.*"]), "reversibility": st.sampled_from(["exact", "compensating"]),
    "evidence": st.just("{count: 1}"), "windows": st.just("[{from: '09:00', to: '10:00', zone: UTC}]"),
})
LIVE = st.sampled_from([
    ground.update(), ground.update(tier="annual"), ground.change(ground.record(ground.ROW, None)),
    ground.change(ground.record(None, ground.ROW)), ground.change(effect=Effect.NO_OP),
    ground.change(ground.record(ground.ROW, ground.ROW), effect=Effect.NO_OP),
])


def written(grant):
    grant = dict(grant)
    if grant.get("mode") == "forbid":
        grant = {key: value for key, value in grant.items() if key not in ("reversibility", "evidence")}
    parts = [f"actions: ['{grant.pop('action', '*')}']"]
    for key, value in grant.items():
        quoted = "'" + value.replace("'", "''") + "'" if key == "where" else value
        parts.append(f"{key}: [{value}]" if key in ("targets", "fields", "environments") else f"{key}: {quoted}")
    return "{" + ", ".join(parts) + "}"


@settings(max_examples=300, deadline=None)
@given(granted=st.lists(GRANT, min_size=1, max_size=3), when=CONDITION, deny=CONDITION, change=LIVE, environment=st.sampled_from(["prod", "staging"]))
def test_what_is_refused_offline_is_denied_whatever_the_record_turns_out_to_be(granted, when, deny, change, environment):
    rest = INVARIANT % f"when: '{when}', deny: '{deny}'"
    policy = ground.grants(*map(written, granted), rest=rest)
    live = replace(change, arguments=STEP.with_, inverse=Inverse(kind=ground.SPEC.reversibility))
    context = replace(ground.context(policy, live, environment=environment), step=STEP)
    if [*refusals(context, [Address("crm/customers/42")])]:
        decision = decide(live, context)
        assert decision.verdict is Verdict.DENY
        assert any(item.outcome in (Outcome.DENIES, Outcome.ERROR) for item in decision.findings)


def test_thousands_of_steps_are_foreseen_in_seconds():
    import time

    policy = ground.grants("{actions: ['crm.*'], targets: ['customers/*']}", rest="invariants:\n" + "".join(
        f"  - {{id: i{number}, when: 'action.tier == \"write\"', require: 'plan.steps < 50000'}}\n" for number in range(10)
    ))
    steps = tuple(replace(STEP, id=f"s{number}", target=f"customers/{number}") for number in range(5_000))
    plan = Plan(intent="i", agent="bot", steps=steps)
    base = ground.context(policy, ground.update(), plan=plan)
    begun = time.process_time()
    for step in steps:
        assert not [*refusals(replace(base, step=step), [Address(f"crm/{step.target}")])]
    assert time.process_time() - begun < 10
