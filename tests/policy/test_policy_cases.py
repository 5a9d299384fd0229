"""Cases of a policy: judged as the gate would judge, told apart by what differs, and never silently not run."""

from __future__ import annotations

import pytest

from agentctl.connectors.file.actions import SPECS
from agentctl.errors import Invalid
from agentctl.policy import baselines, cases
from agentctl.policy.document import load as load_policy
from agentctl.policy.testing import run
from agentctl.policy.wide import Ground
from tests.policy.ground import SPEC, grants

HEAD = "version: 1\nkind: PolicyTest\n"
GROUND = Ground(specs={"crm.row.update": SPEC}, tenant="acme", environment="staging")
GIVEN = """
given:
  agent: bot
  action: crm.row.update
  target: customers/42
  before: {tier: monthly, region: eu}
  after: {tier: annual, region: eu}
"""
TIER = "{id: tiers, actions: [crm.row.update], fields: [tier], where: 'before.region == \"eu\"', mode: approve}"
OTHER = "invariants: [{id: no-deletes, deny: 'effect == \"delete\"'}]"


def load(text: str, ground: Ground = GROUND) -> tuple[cases.Case, ...]:
    return cases.load([("cases.yaml", (HEAD + text).encode())], ground)


def results(*lines: str, policy=None):
    listed = "\n".join(f"  - {line}" for line in lines)
    return run(load(f"{GIVEN}cases:\n{listed}\n"), policy or grants(TIER, rest=OTHER))


def test_a_case_passes_where_everything_it_expects_is_so():
    report = results("{name: a, expect: {decision: consent, mode: approve, rule: tiers, reason: covers}}")
    assert report.passes


@pytest.mark.parametrize(("expect", "part", "actual"), [
    ("decision: deny", "decision", "consent"),
    ("decision: consent, mode: manual", "mode", "approve"),
    ("decision: consent, rule: other", "rule", "tiers"),
    ("decision: consent, rule: tiers, reason: because of the moon", "reason", "grant tiers covers it"),
])
def test_what_differs_is_named_with_what_was_answered(expect, part, actual):
    report = results(f"{{name: a, expect: {{{expect}}}}}")
    ((difference,),) = [item.differences for item in report.cases]
    assert not report.passes
    assert (difference.part, difference.actual) == (part, actual)


def test_a_case_overrides_what_the_file_gives():
    report = results(
        "{name: a, given: {before: {tier: monthly, region: us}, after: {tier: annual, region: us}}, "
        "expect: {decision: deny, rule: tiers}}",
        "{name: b, given: {after: null}, expect: {decision: deny, rule: no-deletes}}",
    )
    assert report.passes


def test_a_rule_counts_as_reached_only_where_it_took_effect():
    near = results("{name: a, given: {after: {tier: annual, region: us}}, expect: {decision: deny}}")
    assert {item.rule: item.reached for item in near.rules} == {"tiers": False, "no-deletes": False}
    taken = results(
        "{name: a, expect: {decision: consent}}", "{name: b, given: {after: null}, expect: {decision: deny}}"
    )
    assert {item.rule: item.reached for item in taken.rules} == {"tiers": True, "no-deletes": True}


def test_a_forbidding_grant_is_reached_by_what_it_denies():
    policy = grants("{id: none, actions: ['*'], mode: forbid}")
    report = results("{name: a, expect: {decision: deny, rule: none}}", policy=policy)
    assert report.passes
    assert report.rules[0].reached


def test_exact_decimals_and_times_reach_conditions_as_they_were_written():
    policy = grants("{id: cheap, actions: ['*'], where: 'decimal(after.tier) <= decimal(\"12.50\")', mode: approve}")
    report = run(load("""
cases:
  - name: a
    given: {agent: bot, action: crm.row.update, target: a/1, before: {tier: 12.50}, after: {tier: 12.49}}
    expect: {decision: consent}
  - name: b
    given: {agent: bot, action: crm.row.update, target: a/1, before: {tier: 12.50}, after: {tier: 12.5000001}}
    expect: {decision: deny}
"""), policy)
    assert report.passes


@pytest.mark.parametrize(("text", "code"), [
    ("cases: []\n", "wrong-length"),
    ("cases: [{name: a, expect: {decision: maybe}}]\n", "not-a-choice"),
    ("cases: [{name: a, expect: {decision: deny}, given: {agnet: bot}}]\n", "unknown-key"),
    ("cases: [{name: a, expect: {decision: deny}}]\n", "missing-key"),
    ("cases: [{name: a, expect: {decision: deny}, given: {agent: b, action: crm.row.updat, target: a}}]\n",
     "unknown-action"),
    (GIVEN + "cases: [{name: a, expect: {decision: deny}, given: {now: 2026-13-01T00:00:00Z}}]\n", "malformed"),
    (GIVEN + "cases: [{name: a, expect: {decision: deny}, given: {before: {tier: {$nonsense: 1}}}}]\n", "malformed"),
])
def test_a_case_that_cannot_be_run_is_an_error_with_its_place(text, code):
    with pytest.raises(Invalid) as refused:
        load(text)
    assert code in [item.code for item in refused.value.diagnostics]
    assert all(item.span and item.span.file == "cases.yaml" for item in refused.value.diagnostics)


@pytest.mark.parametrize("name", baselines.names())
def test_every_baseline_keeps_what_its_cases_promise_and_each_rule_has_one(name):
    specs = {f"files.{verb}": spec for verb, spec in SPECS.items()}
    ground = Ground(specs=specs, tenant="acme", environment="staging")
    found = cases.load([("cases.yaml", baselines.cases(name).encode())], ground)
    report = run(found, load_policy([("policy.yaml", baselines.text(name).encode())]))
    assert [item for item in report.cases if not item.passes] == []
    assert [item.rule for item in report.rules if not item.reached] == []
