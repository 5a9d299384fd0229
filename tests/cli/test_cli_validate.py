"""``agentctl validate``: what policy denies in any case is told offline, at its line, and with a code of its own."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import PLAN


@pytest.fixture
def unexplained(workspace):
    """A plan whose second step says no reason, which the policy asks of every change."""
    (workspace / "plan.yaml").write_text(PLAN.replace("    because: Somebody may wonder.\n", ""))
    return workspace


def test_what_policy_denies_in_any_case_ends_with_4_and_names_the_step_and_the_rule(unexplained, agentctl):
    said = agentctl("validate", "plan.yaml")
    assert said.code == 4
    assert "error: Denied by policy" in said.out
    assert "plan.yaml:11:5" in said.out
    assert "Rule every-change-says-why\n  (policy/policy.yaml:" in said.out
    assert said.out.splitlines()[-1] == "Denied by policy: plan.yaml (1 error)."


def test_a_plan_that_is_not_valid_either_ends_with_3(unexplained, agentctl):
    (unexplained / "other.yaml").write_text("version: 1\n")
    said = agentctl("validate", "plan.yaml", "other.yaml")
    assert said.code == 3
    assert "Not valid: other.yaml" in said.out
    assert "Denied by policy: plan.yaml" in said.out


def test_an_agent_finds_which_step_to_mend_and_ci_its_line(unexplained, agentctl):
    document = json.loads(agentctl("validate", "plan.yaml", "--format", "json").out)
    (found,) = document["diagnostics"]
    assert (document["valid"], found["code"], found["line"]) == (False, "denied-by-policy", 11)
    said = agentctl("validate", "plan.yaml", "--format", "github")
    assert said.code == 4
    assert said.out.startswith("::error file=plan.yaml,line=11,col=5,title=Denied by policy (denied-by-policy)::step `note`: ")


def test_no_system_is_asked_to_say_so(unexplained, agentctl):
    (unexplained / "pricing.md").unlink()
    assert agentctl("validate", "plan.yaml").code == 4


def test_what_hangs_on_live_values_is_left_to_the_plan(workspace, agentctl):
    policy = workspace / "policy/policy.yaml"
    policy.write_text(policy.read_text().replace("deny: 'effect == \"delete\"'", "deny: 'before.content == \"x\"'"))
    assert agentctl("validate", "plan.yaml").code == 0
