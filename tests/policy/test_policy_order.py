"""What stands over what: default deny, invariants, forbid, consent, allow; and whom a decision names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.model.action import Tier
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Mode, Outcome, Signatures, Verdict
from agentctl.model.plan import Secret
from tests.policy.ground import ALL, PLAN, ROW, SPEC, change, grants, judge, outcomes, policy, record, update, why

WRITE = "{actions: ['crm.row.*'], mode: auto}"
DENY = "invariants: [{id: stop, deny: 'after.tier == \"annual\"', message: No annual tiers.}]\n"


@pytest.mark.parametrize(
    "entries, rest, verdict, mode",
    [
        ([], "", Verdict.DENY, Mode.FORBID),
        (["{actions: [crm.row.read]}"], "", Verdict.DENY, Mode.FORBID),
        ([WRITE], "", Verdict.ALLOW, Mode.AUTO),
        (["{actions: [crm.row.update]}"], "", Verdict.CONSENT, Mode.APPROVE),
        ([WRITE, "{actions: [crm.row.update], mode: approve}"], "", Verdict.CONSENT, Mode.APPROVE),
        (["{actions: [crm.row.update], mode: approve}", WRITE], "", Verdict.CONSENT, Mode.APPROVE),
        ([WRITE, "{actions: [crm.row.update], mode: manual}"], "", Verdict.CONSENT, Mode.MANUAL),
        ([WRITE, "{actions: ['crm.*'], mode: forbid}"], "", Verdict.DENY, Mode.FORBID),
        (["{actions: ['crm.*'], mode: forbid}", WRITE], "", Verdict.DENY, Mode.FORBID),
        ([WRITE], DENY, Verdict.DENY, Mode.FORBID),
        ([], DENY, Verdict.DENY, Mode.FORBID),
    ],
)
def test_deny_stands_over_consent_over_allow_and_nothing_is_allowed_by_default(entries, rest, verdict, mode):
    decision = judge(grants(*entries, rest=rest), update(tier="annual"))
    assert (decision.verdict, decision.mode) == (verdict, mode)


def test_a_denial_names_rule_place_and_reason_with_the_values():
    decision = judge(grants("{actions: [crm.row.update], fields: [tier, discount]}"), update(region="us"))
    (finding,) = [item for item in decision.findings if item.outcome is Outcome.DENIES]
    assert finding.rule == "roles.role.grants[0]"
    assert str(finding.place) == "policy.yaml:7:9"
    assert finding.reason == (
        "`customers/42`: `region` is not among the fields `tier`, `discount` that grant roles.role.grants[0] allows"
    )


def test_an_invariant_is_judged_although_no_grant_covers_the_change():
    decision = judge(grants(rest=DENY), update(tier="annual"))
    assert [item.rule for item in decision.findings] == ["stop", "default-deny"]
    assert why(decision).startswith("No annual tiers.")


def test_every_rule_looked_at_is_considered_with_its_inputs():
    rest = "invariants:\n  - {id: prod, when: 'environment == \"prod\"', deny: 'effect == \"delete\"'}\n"
    decision = judge(grants(WRITE, "{actions: [crm.row.update], targets: [orders/*]}", rest=rest), update(tier="x"))
    assert outcomes(decision) == {
        "prod": Outcome.NOT_APPLICABLE,
        "roles.role.grants[0]": Outcome.GRANTS,
        "roles.role.grants[1]": Outcome.NOT_APPLICABLE,
    }
    assert decision.considered[0].inputs == {"environment": '"staging"'}


@pytest.mark.parametrize(
    "tier, mode, signatures",
    [
        (Tier.READ, Mode.AUTO, None),
        (Tier.DRAFT, Mode.AUTO, None),
        (Tier.WRITE, Mode.APPROVE, None),
        (Tier.EXECUTE, Mode.MANUAL, Signatures(count=2)),
    ],
)
def test_the_mode_defaults_by_tier(tier, mode, signatures):
    decision = judge(grants("{actions: ['*']}"), update(tier="x"), tier=tier)
    assert (decision.mode, decision.signatures) == (mode, signatures)


@pytest.mark.parametrize("tier", Tier)
def test_an_unproven_agent_does_only_reads_and_drafts_unasked(tier):
    decision = judge(grants("{actions: ['*'], mode: auto}"), update(tier="x"), tier=tier, proven=False)
    assert (decision.verdict is Verdict.ALLOW) is (tier in (Tier.READ, Tier.DRAFT))


def test_an_agent_that_is_not_listed_may_do_nothing():
    decision = judge(grants(WRITE), update(tier="x"), plan=replace(PLAN, agent="bott"))
    assert why(decision) == "agent `bott` is not among the policy's agents. Did you mean `bot`?"


@pytest.mark.parametrize("name", ["BOT", "bot ", "bоt"])
def test_an_agents_name_is_compared_exactly(name):
    assert judge(grants(WRITE), update(tier="x"), plan=replace(PLAN, agent=name)).verdict is Verdict.DENY


def test_an_agent_with_keys_needs_a_signed_plan():
    signed = policy(ALL.replace("roles: [role]}", 'roles: [role], keys: ["ssh-ed25519 AAAA"]}', 1))
    assert "must be signed" in why(judge(signed, update(tier="x"), proven=False))
    assert judge(signed, update(tier="x"), proven=True).verdict is Verdict.ALLOW


def test_approvals_ask_for_signatures_even_where_the_tier_would_not():
    decision = judge(grants("{actions: ['*'], approvals: {count: 2, from: [leads]}}"), update(tier="x"), tier=Tier.READ)
    assert (decision.verdict, decision.mode) == (Verdict.CONSENT, Mode.APPROVE)
    assert decision.signatures == Signatures(count=2, groups=("leads",))


def test_the_strictest_of_several_approvals_satisfies_all_of_them():
    both = grants(
        "{actions: ['*'], approvals: {count: 1, from: [a, b]}}", "{actions: ['crm.*'], approvals: {count: 3, from: [b]}}"
    )
    assert judge(both, update(tier="x")).signatures == Signatures(count=3, groups=("b",))


def test_approvals_from_groups_without_a_common_member_deny_rather_than_drop_one():
    both = grants(
        "{actions: ['*'], approvals: {count: 1, from: [a]}}", "{actions: ['crm.*'], approvals: {count: 1, from: [b]}}"
    )
    assert "this version can't ask for both" in why(judge(both, update(tier="x")))


def test_a_requester_nobody_knows_is_an_error_where_signatures_are_needed():
    plan = replace(PLAN, requested_by="desk@acme.example")
    signed = grants("{actions: ['*'], approvals: {count: 1}}")
    assert "`desk@acme.example` is nobody in `people:`" in why(judge(signed, update(tier="x"), plan=plan))
    known = grants("{actions: ['*'], approvals: {count: 1}}", rest="people: {desk: {aliases: [desk@acme.example]}}\n")
    assert judge(known, update(tier="x"), plan=plan).verdict is Verdict.CONSENT
    assert judge(grants("{actions: ['*']}"), update(tier="x"), plan=plan).verdict is Verdict.CONSENT


def test_a_secret_is_used_only_where_a_covering_grant_lists_it():
    sending = change(record(ROW, {**ROW, "tier": "x"}), arguments={"login": {"password": Secret("smtp")}})
    assert "does not list the secret `smtp`" in why(judge(grants(WRITE), sending))
    assert judge(grants("{actions: ['*'], mode: auto, secrets: [smtp]}"), sending).verdict is Verdict.ALLOW


def test_a_soft_rule_denies_and_an_advisory_one_only_tells():
    soft = judge(grants(WRITE, rest=DENY.replace("{id", "{level: soft, id")), update(tier="annual"))
    assert soft.verdict is Verdict.DENY
    advisory = judge(grants(WRITE, rest=DENY.replace("{id", "{level: advisory, id")), update(tier="annual"))
    assert advisory.verdict is Verdict.ALLOW
    assert [item.rule for item in advisory.findings if item.outcome is Outcome.DENIES] == ["stop"]


def test_a_no_op_is_judged_like_any_change():
    nothing = change(record(ROW, ROW))
    assert judge(grants(), nothing).verdict is Verdict.DENY
    assert judge(grants(WRITE), nothing).verdict is Verdict.ALLOW


def test_an_action_that_only_undoes_is_refused_in_a_plan():
    spec = replace(SPEC, inverse_only=True)
    assert "only undoes" in why(judge(grants(WRITE), update(tier="x"), spec=spec))
    undoing = grants(rest="rollback: {from: [ops]}\npeople: {ann: {groups: [ops]}}\n")
    decision = judge(undoing, update(tier="x"), spec=spec, purpose=Purpose.ROLLBACK, person="ann")
    assert decision.verdict is Verdict.CONSENT


@pytest.mark.parametrize("claim", [{"tenant": "other"}, {"environment": "prod"}])
def test_a_plan_for_somewhere_else_is_denied(claim):
    assert "the plan is for" in why(judge(grants(WRITE), update(tier="x"), plan=replace(PLAN, **claim)))


def test_values_of_sensitive_fields_are_in_no_reason_and_no_input():
    rest = "invariants: [{id: a, deny: 'after.password == \"hunter2\"'}, {id: b, deny: 'decimal(after.password) > decimal(1)'}]\n"
    secretive = grants("{actions: ['*'], where: 'before.password != \"\"'}", rest=rest)
    changed = update({"password": "hunter1"}, password="hunter2")
    decision = judge(secretive, replace(changed, arguments={"password": "hunter2", "other": "hunter2"}))
    shown = repr([(item.reason.replace('after.password == "hunter2"', ""), item.inputs) for item in decision.considered])
    assert "hunter" not in shown
    assert "(hidden)" in shown
