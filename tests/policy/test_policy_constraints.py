"""Where a grant counts, on what evidence, and how sure of the way back and of the effect one must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.errors import Invalid
from agentctl.model.action import Fidelity, Reversibility
from agentctl.model.change import Effect, Inverse
from agentctl.model.decision import Outcome, Verdict
from agentctl.model.plan import Evidence, Plan, Step
from tests.policy.ground import SPEC, change, grants, judge, outcomes, update, why

SOURCES = (
    Evidence(id="ticket", uri="file:tickets/1.md", sha256="a" * 64),
    Evidence(id="copy", uri="file:tickets/copy.md", sha256="a" * 64),
    Evidence(id="again", uri="file:tickets/1.md"),
    Evidence(id="mail", uri="file:mail.eml", sha256="b" * 64),
    Evidence(id="page", uri="https://acme.example/1", sha256="c" * 64),
)
RECOVERABLE = replace(update(tier="x"), inverse=Inverse(kind=Reversibility.EXACT))


def rules(key: str):
    return grants(f"{{id: g, actions: ['*'], mode: auto, {key}}}")


def cited(key: str, *ids: str, checked=lambda item: True, **more):
    plan = Plan(intent="i", agent="bot", steps=(), evidence=SOURCES)
    step = Step(id="s", action="crm.row.update", target="customers/42", evidence=ids)
    return judge(rules(f"evidence: {key}"), update(tier="x"), plan=plan, step=step, checked=checked, **more)


@pytest.mark.parametrize("environment, allowed", [("staging", True), ("Staging", False), ("prod", False), ("", False)])
def test_a_grant_counts_in_its_environments_only(environment, allowed):
    decision = judge(rules("environments: [staging, dev]"), update(tier="x"), environment=environment)
    assert (decision.verdict is Verdict.ALLOW) is allowed


def test_a_denial_names_the_environment_a_grant_is_for():
    reason = why(judge(rules("environments: [staging]"), update(tier="x"), environment="prod"))
    assert reason == "`customers/42`: grant g counts only in staging, and this is `prod`"


def test_a_grant_of_another_environment_is_not_the_one_a_denial_is_told_by():
    near = grants(
        "{id: away, actions: ['*'], environments: [prod]}", "{id: near, actions: ['*'], targets: ['other/*']}"
    )
    assert "grant near" in why(judge(near, update(tier="x")))


@pytest.mark.parametrize("key, ids, enough", [
    ("{}", ["ticket"], True),
    ("{}", [], False),
    ("{count: 2}", ["ticket", "mail"], True),
    ("{count: 2}", ["ticket"], False),
    ("{count: 2}", ["ticket", "again"], False),         # one source under two names
    ("{count: 2}", ["ticket", "copy"], False),          # one source, copied
    ("{count: 2}", ["ticket", "page"], True),
    ("{kinds: [https]}", ["ticket"], False),
    ("{kinds: [https]}", ["page"], True),
    ("{count: 2, kinds: [file]}", ["ticket", "page"], False),
    ("{count: 2, kinds: [file, https]}", ["ticket", "page"], True),
    ("{}", ["nowhere"], False),
])
def test_a_step_cites_as_many_different_sources_as_are_asked_for(key, ids, enough):
    assert (cited(key, *ids).verdict is Verdict.ALLOW) is enough


def test_only_evidence_of_the_step_counts_not_that_of_the_plan():
    assert cited("{count: 1}").verdict is Verdict.DENY


def test_verified_evidence_is_evidence_somebody_checked():
    assert cited("{verified: true}", "ticket").verdict is Verdict.ALLOW
    refused = cited("{verified: true}", "ticket", "page", checked=lambda item: False)
    assert why(refused) == (
        "`customers/42`: grant g asks for 1 source, verified, and the step cites none "
        "(`file:tickets/1.md` could not be checked)"
    )
    assert cited("{count: 2, verified: true}", "ticket", "mail", checked=lambda item: item.id == "mail").verdict is (
        Verdict.DENY
    )


def test_without_somebody_who_reads_sources_nothing_is_verified():
    plan = Plan(intent="i", agent="bot", steps=(), evidence=SOURCES)
    step = Step(id="s", action="crm.row.update", target="customers/42", evidence=("ticket",))
    assert judge(rules("evidence: {verified: true}"), update(tier="x"), plan=plan, step=step).verdict is Verdict.DENY


def test_what_nobody_can_tell_any_more_is_undecided_and_not_taken_for_checked():
    decision = cited("{verified: true}", "ticket", checked=lambda item: None)
    assert outcomes(decision)["g"] is Outcome.UNDECIDED
    assert cited("{verified: true}", "ticket", checked=lambda item: None, final=True).verdict is Verdict.DENY


@pytest.mark.parametrize("least, kind, enough", [
    ("exact", Reversibility.EXACT, True),
    ("exact", Reversibility.COMPENSATING, False),
    ("exact", Reversibility.NONE, False),
    ("compensating", Reversibility.EXACT, True),
    ("compensating", Reversibility.COMPENSATING, True),
    ("compensating", Reversibility.NONE, False),
])
def test_a_grant_may_ask_for_a_way_back(least, kind, enough):
    going = replace(update(tier="x"), inverse=Inverse(kind=kind))
    decision = judge(rules(f"reversibility: {least}"), going)
    assert (decision.verdict is Verdict.ALLOW) is enough
    # The weaker of what the action promises and what this change has.
    promised = judge(rules(f"reversibility: {least}"), RECOVERABLE, spec=replace(SPEC, reversibility=kind))
    assert (promised.verdict is Verdict.ALLOW) is enough


@pytest.mark.parametrize("least, preview, enough", [
    ("exact", Fidelity.EXACT, True), ("exact", Fidelity.PARTIAL, False), ("exact", Fidelity.NONE, False),
    ("partial", Fidelity.EXACT, True), ("partial", Fidelity.PARTIAL, True), ("partial", Fidelity.NONE, False),
])
def test_a_grant_may_ask_for_a_preview_that_can_tell(least, preview, enough):
    decision = judge(rules(f"fidelity: {least}"), RECOVERABLE, spec=replace(SPEC, preview=preview))
    assert (decision.verdict is Verdict.ALLOW) is enough


def test_a_read_has_nothing_to_undo_or_foresee():
    looking = replace(change(effect=Effect.READ, action="crm.row.read"), reads=("crm/customers/42",))
    assert judge(rules("reversibility: exact, fidelity: exact"), looking).verdict is Verdict.ALLOW


def test_addresses_that_are_only_looked_at_need_a_grant_that_counts_too():
    going = replace(update(tier="x"), reads=("crm/customers/7",))
    entries = ["{id: a, actions: ['*'], mode: auto, targets: ['customers/42']}"]
    here = grants(*entries, "{id: b, actions: ['*'], mode: auto, environments: [staging]}")
    assert judge(here, going).verdict is Verdict.ALLOW
    assert judge(here, going, environment="prod").verdict is Verdict.DENY


def test_constraints_hold_together():
    both = rules("environments: [staging], evidence: {count: 1}, fidelity: partial")
    assert judge(both, update(tier="x"), spec=replace(SPEC, preview=Fidelity.EXACT)).verdict is Verdict.DENY
    plan = Plan(intent="i", agent="bot", steps=(), evidence=SOURCES)
    step = Step(id="s", action="crm.row.update", target="customers/42", evidence=("ticket",))
    more = {"plan": plan, "step": step}
    assert judge(both, update(tier="x"), spec=replace(SPEC, preview=Fidelity.EXACT), **more).verdict is Verdict.ALLOW
    assert judge(both, update(tier="x"), spec=replace(SPEC, preview=Fidelity.NONE), **more).verdict is Verdict.DENY


@pytest.mark.parametrize("key, code", [
    ("environments: []", ""),
    ("environments: [prod, prod]", ""),
    ("environments: [prod, Prod]", "look-alike"),
    ("environments: prod", ""),
    ("evidence: {count: 0}", ""),
    ("evidence: {count: -1}", ""),
    ("evidence: {count: 1.5}", ""),
    ("evidence: {kinds: []}", ""),
    ("evidence: {kinds: [File]}", ""),
    ("evidence: {verified: yes}", ""),
    ("evidence: {verified: true, kinds: [https]}", "never-holds"),
    ("evidence: 2", ""),
    ("reversibility: none", ""),
    ("reversibility: Exact", ""),
    ("fidelity: none", ""),
    ("mode: forbid, evidence: {count: 1}", "no-effect"),
    ("mode: forbid, reversibility: exact", "no-effect"),
    ("mode: forbid, fidelity: exact", "no-effect"),
    ("enviroments: [prod]", ""),
])
def test_a_constraint_that_cannot_be_meant_is_an_error_with_its_place(key, code):
    with pytest.raises(Invalid) as error:
        grants(f"{{id: g, actions: ['*'], {key}}}")
    (found,) = error.value.diagnostics
    assert found.span.file == "policy.yaml"
    assert found.span.line == 7
    assert code in ("", found.code)
