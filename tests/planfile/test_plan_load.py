"""What a valid plan becomes, and that everything wrong with an invalid one is told at once, in order, at its place."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from agentctl.errors import Exit, Invalid, Unreachable
from agentctl.model.diagnostic import Severity
from agentctl.model.plan import Format, From, OnFailure, Secret
from agentctl.planfile.catalog import Catalog
from agentctl.planfile.load import check, check_file, load, loads
from tests.planfile.shop import HEAD, catalog, plan

GOOD = plan("""\
  - id: tier
    action: crm.row.update
    target: customers/42
    with: {tier: annual, discount: 12.50, seats: 3, extra: 9007199254740993, renews: {$date: 2026-01-01}}
    because: The customer asked for it.
    evidence: [ticket]
  - id: page
    action: site.text.replace
    target: pricing.html
    with:
      find: "$12"
      replace: {$format: "Now {tier} at {price}", tier: {$from: steps.tier.after.tier}, price: 10.00}
      count: 1
    needs: []
  - id: made
    action: crm.row.insert
    target: orders
    with: {extra: {$literal: {$from: not a reference, n: {$int: "5"}}}, name: "${{ stays }}"}
    needs: [tier]
  - id: told
    action: smtp.mail.send
    target: lead@acme.example
    with: {subject: "x", password: {$secret: smtp}, body: {$bytes: "AGhp"}}
  - id: again
    action: crm.row.update
    target: orders/new:made
    with: {name: {$from: steps.made.receipt.id}, extra: [{$time: 2026-01-01T00:00:00+02:00}]}
    needs: [told]
""", HEAD + """\
requested_by: account-desk@acme.example
tenant: acme
environment: staging
on_failure: continue
evidence: [{id: ticket, uri: "https://tickets.example/4711"}]
""")


def told(data: bytes, of: Catalog | None = None) -> list[tuple[str, str | None]]:
    return [(item.code, item.pointer) for item in check(data, "plan.yaml", of or catalog()).diagnostics]


def test_a_plan_becomes_what_it_says():
    found = loads(GOOD, "plan.yaml", catalog())
    tier, page, made, mail, again = found.steps
    assert (found.intent, found.agent, found.requested_by) == ("Move a customer.", "sales-ops", "account-desk@acme.example")
    assert (found.on_failure, found.tenant, found.environment) == (OnFailure.CONTINUE, "acme", "staging")
    assert found.source == "plan.yaml"
    assert tier.with_ == {"tier": "annual", "discount": Decimal("12.50"), "seats": 3, "extra": 9007199254740993, "renews": date(2026, 1, 1)}
    assert (tier.because, tier.evidence, tier.needs) == ("The customer asked for it.", ("ticket",), ())
    assert page.with_["replace"] == Format(
        "Now {tier} at {price}", {"tier": From("tier", "after", ("tier",)), "price": Decimal("10.00")}
    )
    assert made.with_ == {"extra": {"$from": "not a reference", "n": 5}, "name": "${{ stays }}"}
    assert mail.with_ == {"subject": "x", "password": Secret("smtp"), "body": b"\0hi"}
    assert again.with_["extra"] == [datetime(2025, 12, 31, 22, tzinfo=UTC)]


def test_steps_know_their_place_in_the_file():
    spans = [str(step.span) for step in loads(GOOD, "plan.yaml", catalog()).steps]
    assert spans == [f"plan.yaml:{line}:5" for line in (11, 17, 25, 30, 34)]


def test_a_step_needs_the_one_above_unless_it_says_otherwise():
    needs = {step.id: step.needs for step in loads(GOOD, "x", catalog()).steps}
    assert needs["told"] == ("made",)


def test_to_use_what_a_step_brings_is_to_need_it():
    needs = {step.id: step.needs for step in loads(GOOD, "x", catalog()).steps}
    assert needs["page"] == ("tier",)
    assert needs["again"] == ("told", "made")


def test_the_same_plan_in_json_is_the_same_plan():
    data = json.dumps({
        "version": 1, "kind": "Plan", "intent": "i", "agent": "support",
        "steps": [{"id": "a", "action": "crm.row.update", "target": "customers/1", "with": {"tier": "annual"}}],
    }, indent=2).encode()
    text = b"version: 1\nkind: Plan\nintent: i\nagent: support\nsteps: [{id: a, action: crm.row.update, target: customers/1, with: {tier: annual}}]"
    assert loads(data, "plan.json", catalog()) == loads(text, "plan.yaml", catalog())
    assert loads(data, "plan.json", catalog()).digest == loads(text, "plan.yaml", catalog()).digest


def test_places_and_prose_in_comments_are_not_part_of_what_is_consented_to():
    loose = GOOD.replace(b"steps:\n", b"\n# moved down\n\nsteps:\n")
    assert loads(loose, "other.yaml", catalog()).digest == loads(GOOD, "plan.yaml", catalog()).digest


def test_everything_wrong_is_told_at_once_in_the_order_of_the_text():
    found = check(plan("""\
  - id: tier
    action: crm.row.updat
    target: customers/42
  - id: tier
    action: crm.row.restore
    target: customers/42
    needs: [nope, later, tier]
    evidence: [tick]
  - {id: Bad Id, action: crn.row.update, target: "", wiht: {}}
  - {id: later, action: crm.row.update, target: customers/1, with: {teir: x, discount: "1", seats: .nan, tier: anual}}
  - {id: last, action: site.text.replace, target: ../etc/passwd, with: {find: a, replace: b, count: 1}}
""", HEAD.replace("sales-ops", "sale-ops") + "tenant: acm\nenvironment: prod\n"), "plan.yaml", catalog())
    assert found.plan is None
    assert [(item.code, item.pointer) for item in found.diagnostics] == [
        ("unknown-agent", "/agent"), ("wrong-tenant", "/tenant"), ("wrong-environment", "/environment"),
        ("unknown-action", "/steps/0/action"),
        ("duplicate-step", "/steps/1/id"), ("inverse-only-action", "/steps/1/action"),
        ("unknown-step", "/steps/1/needs/0"), ("step-not-earlier", "/steps/1/needs/1"),
        ("unknown-evidence", "/steps/1/evidence/0"),
        ("malformed", "/steps/2/id"), ("unknown-connector", "/steps/2/action"), ("wrong-length", "/steps/2/target"),
        ("malformed", "/steps/2/target"), ("unknown-key", "/steps/2/wiht"),
        ("unknown-argument", "/steps/3/with/teir"), ("wrong-type", "/steps/3/with/discount"),
        ("not-finite", "/steps/3/with/seats"), ("not-a-choice", "/steps/3/with/tier"),
        ("target-rejected", "/steps/4/target"),
    ]


@pytest.mark.parametrize(("steps", "hint"), [
    ("  - {id: a, action: crm.row.updat, target: customers/1}", "Did you mean `crm.row.update`?"),
    ("  - {id: a, action: crn.row.update, target: customers/1}", "Did you mean `crm.row.update`?"),
    ("  - {id: a, action: crm.zzz.qqq, target: customers/1}", "It has: crm.row.insert, crm.row.update."),
    ("  - {id: a, action: crm.row.update, target: customers/1, with: {discont: 1}}", "Did you mean `discount`?"),
    ("  - {id: abc, action: crm.row.insert, target: orders}\n  - {id: b, action: crm.row.insert, target: orders, needs: [abd]}", "Did you mean `abc`?"),
])
def test_a_near_miss_is_answered_with_what_was_meant(steps, hint):
    (only,) = check(plan(steps), "x", catalog()).diagnostics
    assert only.hint == hint


def test_a_rollbacks_action_is_never_suggested():
    (only,) = check(plan("  - {id: a, action: crm.row.restored, target: customers/1}"), "x", catalog()).diagnostics
    assert "restore" not in only.hint


def test_what_follows_from_a_refused_node_is_not_told_again():
    data = plan("  - {id: a, action: crm.row.update, target: *t, with: *w}\n  - {id: b, action: !x crm.row.update, target: customers/1, with: {seats: &s 1}}")
    assert told(data) == [
        ("alias", "/steps/0/target"), ("alias", "/steps/0/with"), ("tag", "/steps/1/action"), ("anchor", "/steps/1/with/seats"),
    ]


@pytest.mark.parametrize(("data", "code", "pointer"), [
    (b"", "empty-file", None), (b"hello", "wrong-type", ""), (b"[]", "wrong-type", ""), (b"\x00\x01", "control-character", None),
    (b"version: 1\nkind: Policy\n", "missing-key", ""), (HEAD.encode() + b"steps: []\n", "wrong-length", "/steps"),
    (HEAD.encode() + b"steps: {}\n", "wrong-type", "/steps"), (HEAD.encode(), "missing-key", ""),
    (HEAD.replace("1", "2").encode() + b"steps: []\n", "not-a-choice", "/version"),
])
def test_a_file_that_is_no_plan_is_told_apart(data, code, pointer):
    assert told(data)[0] == (code, pointer)


@pytest.mark.parametrize("target", ["customers/new:a", "new:later", "customers/new:nope", "customers/new:"])
def test_a_record_not_yet_made_is_named_by_the_earlier_step_that_makes_it(target):
    data = plan(f"""\
  - {{id: a, action: crm.row.update, target: customers/1, with: {{seats: 1}}}}
  - {{id: b, action: crm.row.update, target: "{target}", with: {{seats: 1}}}}
  - {{id: later, action: crm.row.insert, target: customers}}
""")
    ((code, pointer),) = told(data)
    assert pointer == "/steps/1/target"
    assert code == {"a": "step-creates-nothing", "later": "step-not-earlier"}.get(target.rpartition(":")[2], "unknown-step")


def test_without_connectors_a_targets_scope_is_not_judged():
    data = plan("  - {id: a, action: crm.row.update, target: nowhere/1, with: {seats: 1}}")
    assert told(data) == [("target-rejected", "/steps/0/target")]
    assert told(data, catalog(scoped=False)) == []


def test_scope_is_judged_by_what_a_preview_would_be_handed():
    seen = []
    of = Catalog(actions=catalog().actions, tenant="acme", environment="staging", addresses=lambda step: seen.append(step) or ())
    loads(GOOD, "x", of)
    assert [step.id for step in seen if step.id == "page"] == ["page"]
    page = next(step for step in seen if step.id == "page")
    assert repr(page.with_["replace"]).startswith("Unknown(")


def test_a_step_with_faults_is_not_handed_to_its_connector():
    seen = []
    of = Catalog(actions=catalog().actions, addresses=lambda step: seen.append(step.id) or ())
    check(plan("  - {id: a, action: crm.row.update, target: x, with: {nope: 1}}\n  - {id: b, action: crm.row.insert, target: x}"), "x", of)
    assert seen == ["b"]


def test_a_system_that_is_down_keeps_no_plan_from_being_checked():
    def down(step):
        raise Unreachable("Database out of reach", "There is no database file.")

    of = Catalog(actions=catalog().actions, addresses=down)
    assert loads(plan("  - {id: a, action: crm.row.insert, target: orders}\n  - {id: b, action: crm.row.update, target: orders/new:a, with: {seats: 1}}"), "x", of)


def test_a_workspace_that_knows_no_agents_takes_the_claim():
    of = Catalog(actions=catalog().actions)
    assert loads(plan("  - {id: a, action: crm.row.insert, target: x}"), "x", of).agent == "sales-ops"


def test_an_invalid_plan_ends_with_its_own_exit_code_and_all_diagnostics():
    with pytest.raises(Invalid) as caught:
        loads(b"version: 1\nnope: 1\n", "plan.yaml", catalog())
    assert caught.value.code is Exit.INVALID
    assert len(caught.value.diagnostics) == 5
    assert caught.value.detail == "plan.yaml has 5 errors."


def test_warnings_do_not_keep_a_plan_from_being_one():
    found = check(plan("  - {id: a, action: crm.row.insert, target: orders}\n  - id: b\n    action: crm.row.insert\n    target: orders\n    because: see #1\n"), "x", catalog())
    assert found.plan is not None
    assert [item.severity for item in found.diagnostics] == [Severity.WARNING]


def test_files_are_loaded_and_unreadable_ones_told(tmp_path):
    (tmp_path / "plan.yaml").write_bytes(GOOD)
    (tmp_path / "closed.yaml").write_bytes(GOOD)
    assert load(tmp_path / "plan.yaml", catalog()).source == str(tmp_path / "plan.yaml")
    for name, why in (("absent.yaml", "No such file or directory."), (".", "Is a directory."), ("a\0b", "embedded null byte.")):
        (only,) = check_file(f"{tmp_path}/{name}", catalog()).diagnostics
        assert (only.code, only.detail) == ("unreadable-file", why)
    with pytest.raises(Invalid):
        load(tmp_path / "absent.yaml", catalog())


def test_no_more_of_a_file_is_read_than_may_be_in_it(tmp_path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    assert [item.code for item in check_file(path, catalog()).diagnostics] == ["too-large"]


def test_too_many_errors_are_cut_and_said_to_be():
    steps = "".join(f"  - {{id: s{n}, action: crm.row.update, target: customers/1, with: {{nope: 1}}}}\n" for n in range(500))
    found = check(plan(steps), "x", catalog()).diagnostics
    assert [item.code for item in found] == ["unknown-argument"] * 100 + ["too-many-problems"]
    assert len(check(plan(steps.replace("target", "tagret")), "x", catalog()).diagnostics) == 101


def test_ids_cannot_look_like_anything_but_ids():
    for name in ("a.b", "a/b", "-a", "A", "1a", "", "a" * 65, "a b", "ä", "a\u200b", "../x", "new:a", "latest\n"):
        data = json.dumps({"version": 1, "kind": "Plan", "intent": "i", "agent": "support", "steps": [{"id": name, "action": "crm.row.insert", "target": "orders"}]})
        assert told(data.encode()) == [("malformed", "/steps/0/id")], name
