"""Lint finds rules that cannot mean what they say, and the gate names each control a capability lacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.identity import sshsig
from agentctl.model.action import Fidelity, Reversibility, Tier
from agentctl.model.diagnostic import Severity
from agentctl.model.policy_report import LintReport
from agentctl.policy import baselines
from agentctl.policy.document import load
from agentctl.policy.lint import lint
from agentctl.policy.ship import capabilities
from agentctl.policy.wide import Ground
from tests.policy.ground import SPEC, grants, policy

CLOSED = {"type": "object", "properties": {"tier": {}, "region": {}}, "additionalProperties": False}
SPECS = {
    "crm.row.update": replace(SPEC, preview=Fidelity.EXACT),
    "crm.row.read": replace(SPEC, tier=Tier.READ),
    "crm.mail.send": replace(SPEC, tier=Tier.EXECUTE, reversibility=Reversibility.NONE),
    "crm.draft.create": replace(SPEC, tier=Tier.DRAFT),
    "box.item.set": replace(SPEC, record=CLOSED, arguments=CLOSED, preview=Fidelity.EXACT),
    "crm.row.restore": replace(SPEC, inverse_only=True),
}
GROUND = Ground(specs=SPECS, tenant="acme", environment="staging")
KEY = sshsig.public_key(bytes(32))
UNDO = f"people: {{maria: {{groups: [on-call], keys: ['{KEY}']}}}}\nrollback: {{from: [on-call]}}"
GOOD = "{id: good, actions: [crm.row.update], targets: ['customers/*'], fields: [tier]}"


def report(policy) -> LintReport:
    return LintReport(findings=lint(policy, GROUND), capabilities=capabilities(policy, GROUND))


def found(policy) -> dict[str, str]:
    return {item.code: item.severity.value for item in lint(policy, GROUND)}


def missing(*entries: str, rest: str = UNDO) -> set[str]:
    said = report(grants(*entries, rest=rest))
    return {control.name for item in said.capabilities for control in item.controls if not control.met}


def test_a_policy_with_every_control_ships_without_a_finding():
    said = report(grants(GOOD, "{actions: [crm.row.read]}", rest=UNDO))
    assert said.findings == ()
    assert said.ships


@pytest.mark.parametrize(("entry", "code", "severity"), [
    ("{id: g, actions: [crm.row.updat]}", "unknown-action", "error"),
    ("{id: g, actions: ['mail.*']}", "never-matches", "warning"),
    ("{id: g, actions: [box.item.set], fields: [teir]}", "unknown-field", "error"),
    ("{id: g, actions: [box.item.set], where: 'before.regoin == \"eu\"'}", "unknown-field", "error"),
    ("{id: g, actions: [box.item.set], where: 'args.regoin == \"eu\"'}", "unknown-field", "error"),
    ("{id: g, actions: [crm.row.update], approvals: {count: 1, from: [leads]}}", "unknown-group", "error"),
    ("{id: g, actions: [crm.row.update], approvals: {count: 2, from: [on-call]}}", "too-few-people", "error"),
    ("{id: g, actions: [crm.row.update], mode: auto}", "wider-than-usual", "warning"),
    ("{id: g, actions: [crm.mail.send], mode: approve}", "wider-than-usual", "warning"),
])
def test_a_rule_that_cannot_mean_what_it_says_is_found_where_it_stands(entry, code, severity):
    said = lint(grants(entry, rest=UNDO), GROUND)
    (item,) = [item for item in said if item.code == code]
    assert item.severity.value == severity
    assert item.span is not None
    assert item.span.file == "policy.yaml"


@pytest.mark.parametrize("entry", [
    "{id: g, actions: [crm.row.update], where: 'before.anything == \"eu\"'}",        # a table's columns are its own
    "{id: g, actions: [box.item.set, crm.row.update], fields: [anything]}",
    "{id: g, actions: [crm.mail.send]}",
    "{id: g, actions: [crm.mail.send], mode: approve, approvals: {count: 1}}",
])
def test_what_may_be_meant_is_not_complained_about(entry):
    assert found(grants(entry, rest=UNDO)) == {}


def test_a_grant_that_another_forbids_to_all_who_have_it_is_unreachable():
    shadowed = grants(GOOD, "{id: never, actions: ['crm.*'], mode: forbid}", rest=UNDO)
    assert found(shadowed)["unreachable"] == "error"
    partly = grants(GOOD, "{id: never, actions: ['crm.*'], targets: ['customers/1'], mode: forbid}", rest=UNDO)
    assert "unreachable" not in found(partly)
    some = policy(f"""
        agents: {{bot: {{roles: [role]}}, other: {{roles: [role, stopped]}}}}
        roles: {{role: {{grants: [{GOOD}]}}, stopped: {{grants: [{{actions: ['*'], mode: forbid}}]}}}}
    """)
    assert "unreachable" not in found(some)


def test_a_grant_that_an_invariant_always_denies_is_unreachable_and_opens_nothing():
    closed = grants(GOOD, rest=UNDO + "\ninvariants: [{id: reads, require: 'action.tier == \"read\"'}]")
    assert found(closed)["unreachable"] == "error"
    assert report(closed).capabilities == ()
    open_elsewhere = grants(
        GOOD, rest=UNDO + "\ninvariants: [{id: reads, when: 'environment == \"prod\"', deny: 'true'}]"
    )
    assert "unreachable" not in found(open_elsewhere)


def test_an_invariant_that_hangs_on_the_record_closes_nothing():
    said = grants(GOOD, rest=UNDO + "\ninvariants: [{id: eu, require: 'before.region == \"eu\"'}]")
    assert report(said).capabilities[0].actions == ("crm.row.update",)


def test_a_soft_or_advisory_rule_is_no_control():
    said = grants(GOOD, rest=UNDO + "\ninvariants: [{id: no, deny: 'true', level: advisory}]")
    assert report(said).capabilities != ()


@pytest.mark.parametrize(("entry", "control"), [
    ("{actions: [crm.row.update], targets: ['a/*']}", "field allowlists"),
    ("{actions: [crm.row.update], fields: [tier, '*'], targets: ['a/*']}", "field allowlists"),
    ("{actions: [crm.row.update], fields: [tier]}", "per-object scope"),
    ("{actions: [crm.row.update], fields: [tier], targets: ['***/*']}", "per-object scope"),
    ("{actions: [crm.row.update], fields: [tier], targets: ['a/*', '**']}", "per-object scope"),
    ("{actions: [crm.row.update], fields: [tier], where: 'environment == \"staging\"'}", "per-object scope"),
    ("{actions: [crm.row.update], fields: [tier], targets: ['a/*'], mode: auto}", "approval"),
    ("{actions: [crm.mail.send], mode: auto}", "person's consent"),
    ("{actions: [crm.mail.send], mode: auto}", "spend and rate limits"),
])
def test_a_missing_control_is_named(entry, control):
    assert control in missing(entry)


@pytest.mark.parametrize("rest", ["", "rollback: {from: [on-call]}"])
def test_writes_without_anybody_who_may_undo_do_not_ship(rest):
    assert missing(GOOD, rest=rest) == {"rollback"}


def test_an_unpreviewed_write_lacks_diffs():
    ground = replace(GROUND, specs={"crm.row.update": replace(SPEC, preview=Fidelity.NONE)})
    (capability,) = capabilities(grants(GOOD, rest=UNDO), ground)
    assert [control.name for control in capability.controls if not control.met] == ["diffs"]


def test_a_where_on_the_record_is_a_scope():
    assert missing("{actions: [crm.row.update], fields: [tier], where: 'before.region == \"eu\"'}") == set()


def test_inverses_are_no_capability_and_roles_of_nobody_are_told_but_not_gated():
    said = report(policy(f"roles: {{role: {{grants: [{GOOD}]}}}}\n" + UNDO))
    assert said.capabilities == ()
    assert [item.code for item in said.findings] == ["unused-role"]
    named = report(grants("{actions: ['crm.row.*'], fields: [tier], targets: ['a/*']}", rest=UNDO))
    assert "crm.row.restore" not in named.capabilities[0].actions


@pytest.mark.parametrize(("name", "ships"), [
    ("read-only", True), ("draft-only", True), ("write-with-approval", False), ("operations", False),
])
def test_of_the_baselines_those_ship_that_need_no_narrowing(name, ships):
    said = report(load([("policy.yaml", baselines.text(name).encode())]))
    assert [item for item in said.findings if item.severity is Severity.ERROR] == []
    assert said.ships is ships
