"""Overrides of soft rules through the real command line: by whom policy names, for exactly one changeset, once."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step, update

RULES = [
    {"id": "no-annual", "when": 'action.name == "mem.record.update"', "deny": 'after.tier == "annual"', "level": "soft",
     "override": {"from": ["leads"], "expires": "4h"}, "message": "Annual tiers wait for finance."},
    {"id": "no-seats", "when": 'action.name == "mem.record.update"', "deny": "after.seats > 9", "level": "soft"},
    {"id": "no-gold", "when": 'action.name == "mem.record.update"', "deny": 'after.tier == "gold"'},
]


@pytest.fixture
def soft(house) -> House:
    """A house in which a soft rule denies annual tiers; Ann and Ben may override it, Olga breaks glass."""
    for name in ("ann", "ben", "olga", "maria", "bot"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", house.home / name], check=True)

    def change(policy):
        policy["invariants"] += RULES
        policy["people"] |= {name: {"groups": ["leads"], "keys": [public(house, name)]} for name in ("ann", "ben")}
        policy["people"]["olga"] = {"groups": ["on-call"], "keys": [public(house, "olga")]}
        policy["people"]["on-call-1"] = {
            "groups": ["on-call", "leads"], "aliases": ["maria"], "keys": [public(house, "maria")]}
        policy["break_glass"] = {"from": ["on-call"], "expires": "30m", "review_within": "24h"}

    house.change("policy.yaml", change)
    return house


def public(house: House, name: str) -> str:
    return (house.home / f"{name}.pub").read_text().strip()


def planned(house: House, *steps, **more) -> str:
    house.plan(*(steps or (update("tier"),)), **more)
    told = house.run("plan", "plan.yaml", "--format", "json")
    return told.json["digest"]


def override(house: House, digest: str, name: str, *more, rules=("no-annual",), answers=("yes",), reason="ticket 4711"):
    return house.typed(
        "override", digest, *rules, "--as", name, "--key", house.home / name, "--reason", reason, *more,
        answers=answers,
    )


def glass(house: House, digest: str, name: str = "olga", *more, answers=("yes",)):
    return house.typed(
        "break-glass", digest, "--as", name, "--key", house.home / name, "--reason", "checkout is down", *more,
        answers=answers,
    )


def test_a_soft_rule_denies_and_says_who_may_override_it(soft):
    digest = planned(soft)
    told = soft.typed("apply", digest)
    assert told.code == Exit.REFUSED
    said = " ".join(told.all.split())
    assert "leads may override it" in said
    assert f"agentctl override {digest[7:19]} no-annual --reason" in said
    assert soft.memory()["customers/1"]["tier"] == "monthly"


def test_an_overridden_rule_lets_one_run_pass_and_every_screen_says_who_why_and_until_when(soft):
    digest = planned(soft)
    signed = override(soft, digest, "ann")
    assert signed.code == Exit.OK, signed.all
    (act,) = [record for record in soft.records() if record["kind"] == "override"]
    assert act["body"]["statement"] | {"from": "", "until": "", "shown": ""} == {
        "version": 1, "kind": "Override", "digest": digest, "effects": act["body"]["statement"]["effects"],
        "lineage": (soft.ours / "lineage").read_text().strip(), "rules": {"no-annual": ["tier"]}, "person": "ann",
        "reason": "ticket 4711", "from": "", "until": "", "shown": "", "break_glass": False}
    shown = soft.run("plan", "plan.yaml", "--format", "json").json
    (finding,) = [item for item in shown["steps"][0]["decision"]["findings"] if item["rule"] == "no-annual"]
    assert finding["outcome"] == "overridden"
    assert "denies, overridden by `ann` until" in finding["reason"]
    assert "ticket 4711" in finding["reason"]
    drawn = " ".join(soft.run("plan", "plan.yaml").out.split())
    assert "1 step passes a soft rule that denies it" in drawn
    assert "overridden by `ann` until" in drawn
    told = soft.typed("apply", digest)
    assert told.code == Exit.OK, told.all
    assert soft.memory()["customers/1"]["tier"] == "annual"
    (started,) = [record for record in soft.records() if record["kind"] == "run_started"]
    (used,) = started["body"]["consent"]["overrides"]
    (kept,) = soft.run("approvals", "--format", "json").json["overrides"]
    assert (kept["id"], kept["used_by"], kept["objection"]) == (used["id"], started["run"], "")
    assert "ann overrode no-annual for" in soft.run("approvals").out
    assert (used["id"], used["person"], used["reason"]) == (act["body"]["id"], "ann", "ticket 4711")
    (decided,) = [record["body"] for record in soft.records() if record["kind"] == "decision"]
    assert any(item["outcome"] == "overridden" for item in decided["findings"])
    run = " ".join(soft.run("show", "latest").out.split())
    assert "no-annual overridden by ann until" in run
    assert "ticket 4711" in run


def test_an_override_is_no_consent_to_the_change_itself(soft):
    digest = planned(soft)
    assert override(soft, digest, "ann").code == Exit.OK
    told = soft.run("apply", digest)
    assert told.code == Exit.CONSENT
    assert soft.memory()["customers/1"]["tier"] == "monthly"


def test_an_override_that_was_used_is_good_for_no_other_run(soft):
    digest = planned(soft)
    assert override(soft, digest, "ann", "-o", "ann.override").code == Exit.OK
    assert soft.typed("apply", digest).code == Exit.OK
    (first,) = soft.runs()
    assert soft.typed("rollback", "latest").code == Exit.OK
    assert soft.typed("apply", digest).code == Exit.REFUSED
    told = soft.typed("apply", digest, "--override", "ann.override")
    assert told.code == Exit.CONSENT
    assert f"run {first} used it up" in told.all
    assert soft.memory()["customers/1"]["tier"] == "monthly"


def test_two_appliers_racing_with_one_override_run_once(soft):
    soft.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(
        approvals={"count": 1, "from": ["leads"]}))
    digest = planned(soft)
    assert override(soft, digest, "ann").code == Exit.OK
    for name in ("ann", "ben"):
        assert soft.typed("approve", digest, "--as", name, "--key", soft.home / name).code == Exit.OK
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: soft.run("apply", digest, "--lock-timeout", "30s"), range(2)))
    assert min(one.code for one in told) == Exit.OK, [one.all for one in told]
    assert len([record for record in soft.records() if record["kind"] == "run_started"]) == 1


def test_an_override_of_another_changeset_does_not_count(soft):
    digest = planned(soft)
    assert override(soft, digest, "ann", "-o", "ann.override").code == Exit.OK
    planned(soft, update("tier", seats=5, tier="annual"))
    told = soft.typed("apply", "plan.yaml", "--override", "ann.override")
    assert told.code == Exit.CONSENT
    assert "it is for another changeset" in told.all
    assert soft.typed("apply", "plan.yaml").code == Exit.REFUSED


def test_a_changed_rule_voids_its_override(soft):
    digest = planned(soft)
    assert override(soft, digest, "ann", "-o", "ann.override").code == Exit.OK
    soft.change("policy.yaml", lambda policy: policy["invariants"][1].update(message="Really not."))
    assert soft.typed("apply", digest).code == Exit.STALE
    told = soft.typed("apply", "plan.yaml", "--override", "ann.override")
    assert told.code == Exit.CONSENT
    assert "what moved is the plan, the policy or a system" in " ".join(told.all.split())


@pytest.mark.parametrize("revoke", [
    lambda people: people.pop("ann"),
    lambda people: people["ann"].update(keys=[]),
    lambda people: people["ann"].update(groups=["sales"]),
])
def test_keys_and_groups_are_checked_when_an_override_is_used(soft, revoke):
    digest = planned(soft)
    assert override(soft, digest, "ann").code == Exit.OK
    soft.change("policy.yaml", lambda policy: revoke(policy["people"]))
    assert soft.typed("apply", digest).code == Exit.REFUSED
    assert soft.runs() == []


def test_the_requester_cannot_override(soft):
    digest = planned(soft, requested_by="maria")
    told = override(soft, digest, "maria", "--as", "on-call-1")
    assert told.code == Exit.REFUSED
    assert "Policy does not let you" in told.all
    assert override(soft, digest, "ann").code == Exit.OK


def test_the_agent_cannot_override_whatever_people_call_it(soft):
    soft.change("policy.yaml", lambda policy: policy["people"]["ann"].update(aliases=["helper"]))
    assert override(soft, planned(soft), "ann").code == Exit.REFUSED


def test_an_agents_key_overrides_nothing(soft):
    def change(policy):
        policy["agents"]["robot"] = {"roles": ["looks"], "keys": [public(soft, "bot")]}
        policy["people"]["ann"]["keys"] = [public(soft, "bot")]

    soft.change("policy.yaml", change)
    soft.plan(update("tier"))
    told = soft.typed("override", "plan.yaml", "no-annual", "--as", "ann", "--key", soft.home / "bot",
                      "--reason", "why")
    assert told.code == Exit.INVALID, "a key that is an agent's and a person's proves nobody"
    assert not [record for record in soft.records() if record["kind"] == "override"]


def test_a_hard_rule_is_never_overridden_and_not_by_broken_glass(soft):
    digest = planned(soft, update("tier", tier="gold"))
    told = override(soft, digest, "ann", rules=("no-gold",))
    assert (told.code, "A hard rule has no override" in told.all) == (Exit.REFUSED, True)
    assert glass(soft, digest).code != Exit.OK
    assert soft.typed("apply", digest).code == Exit.REFUSED


def test_a_step_that_a_hard_rule_denies_as_well_is_not_overridden_for_the_soft_one(soft):
    soft.change("policy.yaml", lambda policy: policy["invariants"].append(
        {"id": "never", "deny": 'target == "customers/1" && effect == "update"'}))
    digest = planned(soft)
    assert override(soft, digest, "ann").code == Exit.REFUSED
    assert glass(soft, digest).code == Exit.REFUSED
    assert not [record for record in soft.records() if record["kind"] == "override"]


@pytest.mark.parametrize(("rule", "code", "why"), [
    ("nowhere", Exit.USAGE, "no invariant `nowhere`"),
    ("no-anual", Exit.USAGE, "no-annual"),
    ("no-seats", Exit.USAGE, "denies no step"),
    ("default-deny", Exit.USAGE, "no invariant `default-deny`"),
])
def test_only_a_soft_rule_that_denies_is_overridden(soft, rule, code, why):
    told = override(soft, planned(soft), "ann", rules=(rule,))
    assert (told.code, why in told.all) == (code, True), told.all


def test_a_soft_rule_without_overriders_is_passed_by_broken_glass_only(soft):
    digest = planned(soft, update("seats", seats=12))
    assert override(soft, digest, "ann", rules=("no-seats",)).code == Exit.REFUSED
    assert glass(soft, digest).code == Exit.OK
    assert soft.typed("apply", digest).code == Exit.OK
    assert soft.memory()["customers/1"]["seats"] == 12


def test_a_person_outside_the_groups_cannot_override(soft):
    told = override(soft, planned(soft), "olga")
    assert told.code == Exit.REFUSED
    assert "May: " in told.all


def test_nobody_overrides_without_being_shown_and_asked(soft):
    digest = planned(soft)
    told = soft.run("override", digest, "no-annual", "--as", "ann", "--key", soft.home / "ann", "--reason", "why")
    assert told.code == Exit.CONSENT
    assert override(soft, digest, "ann", answers=("y",)).code == Exit.CONSENT
    assert not [record for record in soft.records() if record["kind"] == "override"]


@pytest.mark.parametrize(("option", "value"), [("--expires", "5h"), ("--expires", "0s"), ("--reason", " ")])
def test_an_override_says_why_and_lasts_no_longer_than_policy_lets(soft, option, value):
    assert override(soft, planned(soft), "ann", option, value).code == Exit.USAGE


def test_a_forged_span_in_a_signed_override_does_not_count(soft):
    """Whoever may sign may not sign for longer than policy lets, by whatever tool."""
    digest = planned(soft)
    assert override(soft, digest, "ann", "-o", "ann.override").code == Exit.OK
    said = json.loads((soft.root / "ann.override").read_bytes().split(b"\n")[0]) | {"until": "2999-01-01T00:00:00Z"}
    resign(soft, said, "ann", "long.override")
    told = soft.typed("apply", digest, "--override", "long.override")
    assert told.code == Exit.CONSENT
    assert "longer than policy lets" in told.all


def test_a_signed_override_of_a_hard_rule_does_not_count(soft):
    digest = planned(soft, update("tier"), step("row", "mem.record.update", "customers/1", {"tier": "gold"}))
    assert override(soft, planned(soft), "ann", "-o", "ann.override").code == Exit.OK
    said = json.loads((soft.root / "ann.override").read_bytes().split(b"\n")[0])
    soft.plan(update("tier"), step("row", "mem.record.update", "customers/1", {"tier": "gold"}))
    effects = soft.run("plan", "plan.yaml", "--format", "json").json["effects"]
    said |= {"digest": digest, "effects": effects, "rules": {"no-annual": ["tier"], "no-gold": ["row"]}}
    for forged in (said, said | {"break_glass": True, "person": "olga"}):
        resign(soft, forged, forged["person"], "hard.override")
        told = soft.typed("apply", digest, "--override", "hard.override")
        assert told.code == Exit.CONSENT, told.all
        assert "nobody overrides that" in " ".join(told.all.split()) or "longer" in told.all


def test_an_approval_is_no_override_and_an_override_no_approval(soft):
    digest = planned(soft)
    assert override(soft, digest, "ann", "-o", "ann.override").code == Exit.OK
    assert soft.typed("apply", digest, "--approval", "ann.override").code == Exit.INVALID
    said = json.loads((soft.root / "ann.override").read_bytes().split(b"\n")[0])
    resign(soft, said, "ann", "other.override", namespace="agentctl-approval")
    assert soft.typed("apply", digest, "--override", "other.override").code == Exit.CONSENT


def resign(house: House, statement, name: str, out: str, namespace: str = "agentctl-override") -> None:
    (house.root / "statement").write_text(
        json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n")
    (house.root / "statement.sig").unlink(missing_ok=True)
    command = (f"ssh-keygen -q -Y sign -f {house.home / name} -n {namespace} statement && "
               f"cat statement statement.sig > {out}")
    subprocess.run(command, shell=True, cwd=house.root, check=True, capture_output=True)


def test_an_override_travels_to_a_workspace_that_does_not_know_it(soft):
    digest = planned(soft)
    assert override(soft, digest, "ann", "-o", "ann.override").code == Exit.OK
    said = json.loads((soft.root / "ann.override").read_bytes().split(b"\n")[0])
    resign(soft, said | {"person": "ben", "reason": "by ssh-keygen"}, "ben", "ben.override")
    told = soft.typed("apply", digest, "--override", "ben.override")
    assert told.code == Exit.OK, told.all
    assert len([record for record in soft.records() if record["kind"] == "override"]) == 2


def test_a_run_that_stopped_goes_on_under_its_override_and_not_once_it_is_revoked(soft):
    soft.plan(update("seats", seats=4), step("row", "crm.row.update", "customers/1", {"tier": "annual"}), update("tier"))
    digest = soft.run("plan", "plan.yaml", "--format", "json").json["digest"]
    assert override(soft, digest, "ann").code == Exit.OK
    soft.sql("CREATE TRIGGER no BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'no'); END")
    assert soft.typed("apply", digest).code == Exit.INCOMPLETE
    soft.sql("DROP TRIGGER no")
    soft.change("policy.yaml", lambda policy: policy["people"].pop("ann"))
    told = soft.run("apply", "--resume", "latest")
    assert told.code == Exit.CONSENT
    assert f"agentctl override {digest[7:19]} no-annual" in told.all
    assert override(soft, digest, "ben").code == Exit.OK
    told = soft.run("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert soft.memory()["customers/1"]["tier"] == "annual"


def test_a_rule_that_cannot_be_evaluated_is_not_overridden(soft):
    soft.change("policy.yaml", lambda policy: policy["invariants"].append(
        {"id": "odd", "deny": "after.tier > 3", "level": "soft", "override": {"from": ["leads"], "expires": "4h"}}))
    digest = planned(soft, update("tier", tier="trial"))
    assert override(soft, digest, "ann", rules=("odd",)).code == Exit.USAGE
    assert glass(soft, digest).code != Exit.OK
    assert soft.typed("apply", digest).code == Exit.REFUSED
