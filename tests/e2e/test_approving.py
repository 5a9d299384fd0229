"""Signed approvals through the real command line: who may, once, until when, and never by the wrong person."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step, update

LEADS = ("ann", "ben")


@pytest.fixture
def leads(house) -> House:
    """A house whose updates need one signature of the leads, Ann and Ben."""
    for name in (*LEADS, "maria"):
        make_key(house, name)
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(
        approvals={"count": 1, "from": ["leads"]}))
    house.change("policy.yaml", lambda policy: policy["people"].update(
        {name: {"groups": ["leads"], "keys": [public(house, name)]} for name in LEADS}))
    house.change("policy.yaml", lambda policy: policy["people"]["on-call-1"].update(
        groups=["on-call", "leads"], keys=[public(house, "maria")]))
    return house


def make_key(house: House, name: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", house.home / name], check=True)


def public(house: House, name: str) -> str:
    return (house.home / f"{name}.pub").read_text().strip()


def planned(house: House, **more) -> str:
    house.plan(update("tier"), **more)
    return house.run("plan", "plan.yaml", "--format", "json").json["digest"]


def approve(house: House, digest: str, name: str, *more: str, answers=("yes",)):
    return house.typed("approve", digest, "--as", name, "--key", house.home / name, *more, answers=answers)


def need(house: House, count: int) -> None:
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1]["approvals"].update(count=count))


def test_what_needs_a_signature_says_which_rule_who_may_and_what_to_type(leads):
    digest = planned(leads)
    told = leads.typed("apply", digest)
    assert told.code == Exit.CONSENT
    assert "Rule `writes` (policy.yaml:" in told.all
    assert "May sign: ann, ben" in " ".join(told.all.split()) or "May sign: on-call-1, ann, ben" in told.all
    assert f"agentctl approve {digest[7:19]}" in told.all
    assert leads.memory()["customers/1"]["tier"] == "monthly"


def test_one_signature_is_enough_for_a_job_without_a_terminal_and_is_used_up(leads):
    digest = planned(leads)
    signed = approve(leads, digest, "ann", "--reason", "ticket 4711")
    assert signed.code == Exit.OK, signed.all
    told = leads.run("apply", digest)
    assert told.code == Exit.OK, told.all
    assert leads.memory()["customers/1"]["tier"] == "annual"
    (started,) = [record for record in leads.records() if record["kind"] == "run_started"]
    (used,) = started["body"]["consent"]["approvals"]
    assert (started["body"]["consent"]["kind"], used["person"]) == ("signatures", "ann")
    (kept,) = leads.run("approvals", "--format", "json").json["approvals"]
    assert (kept["id"], kept["used_by"]) == (used["id"], started["run"])


def test_an_approval_that_was_used_is_refused_and_says_by_which_run(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann", "-o", "lead.approval").code == Exit.OK
    assert leads.run("apply", digest, "--approval", "lead.approval").code == Exit.OK
    assert leads.typed("rollback", "latest").code == Exit.OK
    (first, _) = leads.runs()
    told = leads.run("apply", digest, "--approval", "lead.approval")
    assert told.code == Exit.CONSENT
    assert f"run {first} used it up" in told.all
    assert leads.memory()["customers/1"]["tier"] == "monthly"


def test_two_appliers_racing_with_one_approval_run_once(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann").code == Exit.OK
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: leads.run("apply", digest, "--lock-timeout", "30s"), range(2)))
    codes = sorted(one.code for one in told)
    assert codes[0] == Exit.OK, [one.all for one in told]
    assert codes[1] in (Exit.CONSENT, Exit.STALE), told[1].all
    assert len([record for record in leads.records() if record["kind"] == "run_started"]) == 1


def test_a_quorum_counts_people_and_not_keys_or_approvals(leads):
    need(leads, 2)
    digest = planned(leads)
    make_key(leads, "ann-2")
    leads.change("policy.yaml", lambda policy: policy["people"]["ann"]["keys"].append(public(leads, "ann-2")))
    assert approve(leads, digest, "ann").code == Exit.OK
    again = leads.typed("approve", digest, "--as", "ann", "--key", leads.home / "ann-2", "--reason", "more")
    assert again.code == Exit.OK, again.all
    told = leads.run("apply", digest)
    assert told.code == Exit.CONSENT
    assert "(1 given)" in told.all
    assert approve(leads, digest, "ben").code == Exit.OK
    assert leads.run("apply", digest).code == Exit.OK


def test_a_key_that_two_people_share_signs_for_neither(leads):
    leads.change("policy.yaml", lambda policy: policy["people"]["ben"]["keys"].append(public(leads, "ann")))
    told = approve(leads, planned(leads), "ann")
    assert told.code == Exit.CONSENT
    assert "whose it is cannot be told" in " ".join(told.all.split())


def test_the_requester_cannot_approve_under_any_name_of_theirs(leads):
    digest = planned(leads, requested_by="maria")
    told = leads.typed("approve", digest, "--key", leads.home / "maria")
    assert told.code == Exit.CONSENT
    assert "`on-call-1` requested it" in told.all
    assert approve(leads, digest, "ann").code == Exit.OK


def test_the_agent_cannot_approve(leads):
    leads.change("policy.yaml", lambda policy: policy["people"]["ann"].update(aliases=["helper"]))
    told = approve(leads, planned(leads), "ann")
    assert told.code == Exit.CONSENT
    assert "agent's own name" in told.all


def test_a_signature_by_a_key_the_policy_does_not_list_does_not_count(leads):
    make_key(leads, "mallory")
    told = leads.typed("approve", planned(leads), "--as", "ann", "--key", leads.home / "mallory")
    assert told.code == Exit.CONSENT
    assert "no key that the policy lists for `ann` signed it" in " ".join(told.all.split())


@pytest.mark.parametrize("revoke", [
    lambda people: people.pop("ann"),
    lambda people: people["ann"].update(keys=[]),
    lambda people: people["ann"].update(groups=["sales"]),
])
def test_keys_and_groups_are_checked_when_it_is_used_and_not_when_it_was_signed(leads, revoke):
    digest = planned(leads)
    assert approve(leads, digest, "ann").code == Exit.OK
    leads.change("policy.yaml", lambda policy: revoke(policy["people"]))
    assert leads.run("apply", digest).code == Exit.CONSENT
    assert leads.runs() == []


def test_an_approval_for_a_step_covers_no_other(leads):
    leads.plan(update("tier"), update("seats", seats=4))
    digest = leads.run("plan", "plan.yaml", "--format", "json").json["digest"]
    assert approve(leads, digest, "ann", "--step", "tier").code == Exit.OK
    told = leads.run("apply", digest)
    assert told.code == Exit.CONSENT
    assert "Step `seats`" in told.all
    assert approve(leads, digest, "ben", "--step", "seats").code == Exit.OK
    assert leads.run("apply", digest).code == Exit.OK


def test_any_flip_in_the_file_voids_it(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann", "-o", "lead.approval").code == Exit.OK
    path = leads.root / "lead.approval"
    path.write_bytes(path.read_bytes().replace(b'"person":"ann"', b'"person":"ben"'))
    told = leads.run("apply", digest, "--approval", "lead.approval")
    assert told.code == Exit.CONSENT
    assert "no key that the policy lists for `ben` signed it" in told.all


def test_consent_to_one_change_is_none_to_another(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann", "-o", "lead.approval").code == Exit.OK
    leads.plan(update("tier", tier="gold"))
    told = leads.run("apply", "plan.yaml", "--approval", "lead.approval")
    assert told.code == Exit.CONSENT
    assert "it is for another changeset" in told.all


def test_nobody_signs_without_being_shown_and_asked(leads):
    digest = planned(leads)
    told = leads.run("approve", digest, "--as", "ann", "--key", leads.home / "ann")
    assert told.code == Exit.CONSENT
    assert approve(leads, digest, "ann", answers=("y",)).code == Exit.CONSENT
    assert leads.run("approvals", "--format", "json").json["approvals"] == []


def test_ssh_keygen_checks_an_approval_with_the_documented_command(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann", "-o", "lead.approval").code == Exit.OK
    (leads.root / "signers").write_text(f"ann {public(leads, 'ann')}\n")
    command = ("tail -n +2 lead.approval > lead.sig && head -n 1 lead.approval | "
               "ssh-keygen -Y verify -f signers -I ann -n agentctl-approval -s lead.sig")
    done = subprocess.run(command, shell=True, cwd=leads.root, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_approval_made_with_ssh_keygen_is_accepted(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann", "-o", "ann.approval").code == Exit.OK
    next((leads.ours / "approvals").iterdir()).unlink()
    statement = json.loads((leads.root / "ann.approval").read_bytes().split(b"\n")[0]) | {"person": "ben"}
    (leads.root / "statement").write_text(
        json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n")
    command = (f"ssh-keygen -q -Y sign -f {leads.home / 'ben'} -n agentctl-approval statement && "
               "cat statement statement.sig > ben.approval")
    subprocess.run(command, shell=True, cwd=leads.root, check=True, capture_output=True)
    told = leads.run("apply", digest, "--approval", "ben.approval")
    assert told.code == Exit.OK, told.all


def test_a_key_made_here_is_private_never_replaced_and_signs(leads):
    made = leads.run("keygen")
    assert made.code == Exit.OK, made.all
    path = leads.home / ".ssh/id_ed25519"
    assert path.stat().st_mode & 0o777 == 0o600
    assert leads.run("keygen").code == Exit.USAGE
    leads.change("policy.yaml", lambda policy: policy["people"]["ann"].update(keys=[made.out.strip()]))
    assert leads.typed("approve", planned(leads), "--as", "ann").code == Exit.OK


def test_what_starts_by_hand_needs_its_signatures_and_a_person_on_a_terminal(leads):
    leads.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(mode="manual"))
    digest = planned(leads)
    assert leads.typed("apply", digest).code == Exit.CONSENT
    assert approve(leads, digest, "ann").code == Exit.OK
    assert leads.run("apply", digest).code == Exit.CONSENT
    assert leads.typed("apply", digest).code == Exit.OK


def test_a_run_that_stopped_goes_on_under_its_approval_or_a_renewed_one_and_no_revoked_one(leads):
    leads.plan(update("tier"), step("row", "crm.row.update", "customers/1", {"tier": "annual"}))
    digest = leads.run("plan", "plan.yaml", "--format", "json").json["digest"]
    assert approve(leads, digest, "ann").code == Exit.OK
    leads.sql("CREATE TRIGGER no BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'no'); END")
    assert leads.run("apply", digest).code == Exit.INCOMPLETE
    assert leads.run("apply", "--resume", "latest").code == Exit.INCOMPLETE, "the same approval, and the same trouble"
    leads.sql("DROP TRIGGER no")
    leads.change("policy.yaml", lambda policy: policy["people"].pop("ann"))
    told = leads.run("apply", "--resume", "latest")
    assert (told.code, "agentctl approve" in told.all) == (Exit.CONSENT, True), told.all
    assert leads.sql("SELECT tier FROM customers WHERE id = 1") == [("monthly",)]
    assert approve(leads, digest, "ben").code == Exit.OK
    told = leads.run("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert leads.sql("SELECT tier FROM customers WHERE id = 1") == [("annual",)]


@pytest.mark.parametrize("garbage", [b"", b"{}\n", b"\xff\xfe\n", b"x" * 300_000], ids=["empty", "other", "binary", "long"])
def test_a_damaged_file_among_the_approvals_consents_to_nothing_and_stops_nothing_else(leads, garbage):
    digest = planned(leads)
    assert approve(leads, digest, "ann").code == Exit.OK
    kept = leads.ours / "approvals"
    (kept / f"{'0' * 16}-{'0' * 32}.approval").write_bytes(garbage)
    (kept / "stray.approval").write_bytes(garbage)
    (kept / f"{digest[7:23]}-{'1' * 32}.approval").write_bytes(garbage)
    os.mkfifo(kept / "pipe.approval")
    (kept / "folder.approval").mkdir()
    listed = leads.run("approvals", digest, "--format", "json").json
    assert (len(listed["approvals"]), len(listed["damaged"])) == (1, 4), "that of another digest is no concern"
    assert "no approval, and counts for nothing" in leads.run("approvals").out
    assert leads.run("apply", digest).code == Exit.OK


def test_an_approval_that_was_damaged_is_missing_and_nothing_worse(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann").code == Exit.OK
    (kept,) = (leads.ours / "approvals").iterdir()
    kept.write_bytes(kept.read_bytes()[:-40])
    told = leads.run("apply", digest)
    assert told.code == Exit.CONSENT, told.all
    assert leads.runs() == []


@pytest.fixture
def ssh_agent(tmp_path_factory):
    """Start an ssh-agent that holds nothing, and return its socket."""
    socket = tmp_path_factory.mktemp("agent") / "socket"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    assert agent.stdout is not None
    agent.stdout.readline()     # it says where it listens once it does
    try:
        yield str(socket)
    finally:
        agent.terminate()
        agent.wait()
        agent.stdout.close()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_key_that_only_ssh_agent_holds_signs_by_its_public_file(leads, ssh_agent, kind):
    path = leads.home / f"agents-{kind}"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "a passphrase", "-f", path], check=True)
    ask = leads.home / "ask"
    ask.write_text("#!/bin/sh\necho 'a passphrase'\n")
    ask.chmod(0o700)
    environ = {**os.environ, "SSH_AUTH_SOCK": ssh_agent, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    subprocess.run(["ssh-add", "-q", path], env=environ, check=True, capture_output=True)
    path.unlink()
    leads.change("policy.yaml", lambda policy: policy["people"]["ann"].update(keys=[public(leads, path.name)]))
    digest = planned(leads)
    told = leads.typed("approve", digest, "--as", "ann", "--key", f"{path}.pub")
    assert told.code == Exit.USAGE, "without the agent there is nothing to sign with"
    assert "Nothing was signed" in told.all
    told = leads.typed("approve", digest, "--as", "ann", "--key", f"{path}.pub", SSH_AUTH_SOCK=ssh_agent)
    assert told.code == Exit.OK, told.all
    assert leads.run("apply", digest).code == Exit.OK


def test_an_approval_nobody_made_forges_no_line_of_ours(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann", "-o", "lead.approval").code == Exit.OK
    path = leads.root / "lead.approval"
    forged = path.read_bytes().replace(b'"person":"ann"', b'"person":"x\\nerror: fine"')
    path.write_bytes(forged)
    (kept,) = (leads.ours / "approvals").iterdir()
    kept.write_bytes(forged)
    for told in (leads.run("apply", digest, "--approval", "lead.approval"), leads.run("apply", digest)):
        assert told.code == Exit.CONSENT
        assert not any(line.strip().startswith("error: fine") for line in told.all.splitlines())
