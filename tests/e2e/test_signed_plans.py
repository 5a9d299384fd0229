"""Plans their agents signed, through the real command line and the real ssh-keygen: what is proven, and what is not."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, Told, create, update


@pytest.fixture
def signing(house) -> House:
    """A house whose agent has a key and may update without anybody being asked, if it proves who it is."""
    make_key(house, "agent")
    make_key(house, "stranger")
    keys(house, public(house, "agent"))
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(mode="auto"))
    return house


def make_key(house: House, name: str, *kind: str) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", *(kind or ("-t", "ed25519")), "-N", "", "-C", name, "-f", house.home / name], check=True
    )


def public(house: House, name: str) -> str:
    return (house.home / f"{name}.pub").read_text().strip()


def keys(house: House, *lines: str) -> None:
    house.change("policy.yaml", lambda policy: policy["agents"]["helper"].update(keys=list(lines)))


def sign(house: House, name: str = "agent", plan: str = "plan.yaml", namespace: str = "agentctl-plan") -> Path:
    """Sign as the documentation says."""
    beside = house.root / f"{plan}.sig"
    beside.unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", house.home / name, plan], cwd=house.root, check=True
    )
    return beside


def fingerprint(house: House, name: str) -> str:
    told = subprocess.run(
        ["ssh-keygen", "-l", "-f", house.home / f"{name}.pub"], check=True, capture_output=True, text=True
    )
    return told.stdout.split()[1]


def tier(house: House) -> str:
    return house.memory()["customers/1"]["tier"]


def is_denied(house: House, told: Told, why: str) -> None:
    """Exit 4, with the rule and its place, why, and what the agent types."""
    words = " ".join(told.all.split())
    assert told.code == Exit.REFUSED, told.all
    assert why in words, told.all
    assert "ssh-keygen -Y sign -n agentctl-plan -f KEY" in words
    assert tier(house) == "monthly"


def test_a_signed_plan_is_proven_and_may_do_what_its_grants_say_unasked(signing):
    signing.plan(update("tier"))
    sign(signing)
    assert signing.run("validate", "plan.yaml").code == Exit.OK
    told = signing.run("apply", "plan.yaml", "--auto-approve")
    assert told.code == Exit.OK, told.all
    assert tier(signing) == "annual"
    (started,) = [record for record in signing.records() if record["kind"] == "run_started"]
    assert started["body"]["author"]["standing"] == "proven"
    assert started["body"]["author"]["key"] == fingerprint(signing, "agent")
    shown = signing.run("show", "latest")
    assert f"proven: signed with {fingerprint(signing, 'agent')}" in shown.out


def test_without_keys_in_policy_the_same_plan_waits_for_a_person_and_its_signature_is_told_to_prove_nothing(signing):
    signing.change("policy.yaml", lambda policy: policy["agents"]["helper"].pop("keys"))
    signing.plan(update("tier"))
    sign(signing)
    told = signing.run("plan", "plan.yaml")
    assert "policy lists no keys of this agent" in " ".join(told.out.split())
    assert "yes` on a terminal" in told.out
    checked = signing.run("validate", "plan.yaml")
    assert (checked.code, "Signature not checked" in checked.all) == (Exit.OK, True)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_plan_without_a_signature_is_denied_with_the_keys_place_and_the_command(signing, command):
    signing.plan(update("tier"))
    told = signing.run(command, "plan.yaml")
    is_denied(signing, told, "it carries no signature")
    line = (signing.root / "policy.yaml").read_text().splitlines().index("    keys:") + 1
    assert f"policy.yaml:{line + 1}" in told.all


def test_a_signature_of_other_bytes_is_denied(signing):
    signing.plan(update("tier", tier="trial"))
    sign(signing)
    signing.plan(update("tier"))
    is_denied(signing, signing.run("plan", "plan.yaml"), "the plan was changed after it was signed")


def test_one_byte_more_in_a_comment_is_denied(signing):
    path = signing.plan(update("tier"))
    sign(signing)
    path.write_bytes(path.read_bytes() + b"# harmless\n")
    is_denied(signing, signing.run("apply", "plan.yaml"), "the plan was changed after it was signed")


def test_a_strangers_signature_is_denied_and_named(signing):
    signing.plan(update("tier"))
    sign(signing, "stranger")
    is_denied(signing, signing.run("plan", "plan.yaml"), f"signed with {fingerprint(signing, 'stranger')}, which is no key")


def test_a_signature_for_another_use_is_denied(signing):
    signing.plan(update("tier"))
    sign(signing, namespace="agentctl-approval")
    is_denied(signing, signing.run("plan", "plan.yaml"), "for another use than plans")


@pytest.mark.parametrize("content", [b"", b"not a signature", b"\xff\xfe", b"-----BEGIN SSH SIGNATURE-----\n"])
def test_what_is_no_signature_is_denied(signing, content):
    signing.plan(update("tier"))
    (signing.root / "plan.yaml.sig").write_bytes(content)
    is_denied(signing, signing.run("plan", "plan.yaml"), "is not an ssh signature")


def test_validate_says_it_offline(signing):
    signing.plan(update("tier"))
    told = signing.run("validate", "plan.yaml", "--format", "json")
    assert told.code == Exit.REFUSED
    (found,) = told.json["diagnostics"]
    assert (found["summary"], "policy.yaml:" in found["detail"]) == ("Plan not signed by its agent", True)


def test_a_plan_is_read_once_so_that_what_was_signed_is_what_is_parsed(signing):
    """From a pipe: a second look would find something else there, or nobody."""
    path = signing.plan(update("tier"))
    sign(signing)
    text = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(path.write_bytes, text)
        told = signing.run("plan", "plan.yaml", "--format", "json")
        assert told.code == Exit.OK, told.all
        assert told.json["author"]["standing"] == "proven"
        assert written.result(30) == len(text)


def test_a_fifo_instead_of_a_signature_holds_nobody_up(signing):
    signing.plan(update("tier"))
    os.mkfifo(signing.root / "plan.yaml.sig")
    told = signing.run("plan", "plan.yaml")
    assert (told.code, "is not a file" in told.all) == (Exit.INVALID, True)


@pytest.mark.parametrize("kind", [("-t", "rsa", "-b", "3072"), ("-t", "ecdsa", "-b", "384")])
def test_any_kind_of_key_that_ssh_keygen_verifies_will_do(signing, kind):
    make_key(signing, "other", *kind)
    keys(signing, public(signing, "agent"), public(signing, "other"))
    signing.plan(update("tier"))
    sign(signing, "other")
    assert signing.run("apply", "plan.yaml", "--auto-approve").code == Exit.OK
    assert tier(signing) == "annual"


def test_the_proof_goes_with_the_changeset_by_digest_and_by_file(signing):
    path = signing.plan(update("tier"))
    beside = sign(signing)
    planned = signing.run("plan", "plan.yaml", "--format", "json", "-o", "reviewed.changeset")
    assert planned.json["author"]["standing"] == "proven"
    path.unlink()
    beside.unlink()
    shown = signing.run("show", planned.json["digest"], "--format", "json")
    assert shown.json["author"] == planned.json["author"]
    assert signing.run("apply", planned.json["digest"], "--auto-approve").code == Exit.OK
    assert tier(signing) == "annual"
    assert signing.typed("rollback", "latest").code == Exit.OK
    (stored,) = [one for one in (signing.ours / "changesets").glob("*") if one.stem == planned.json["digest"][7:]]
    stored.unlink()
    told = signing.run("apply", "reviewed.changeset", "--auto-approve")
    assert told.code == Exit.OK, told.all
    assert tier(signing) == "annual"


def planned(house: House) -> tuple[str, Path]:
    house.plan(update("tier"))
    sign(house)
    digest = house.run("plan", "plan.yaml", "--format", "json").json["digest"]
    return digest, house.ours / "changesets" / f"{digest[7:]}.jsonl"


def test_a_changeset_that_lost_its_proof_is_denied(signing):
    digest, stored = planned(signing)
    lines = stored.read_bytes().splitlines(keepends=True)
    assert lines[-1].startswith(b'{"proof":')
    stored.write_bytes(b"".join(lines[:-1]))
    is_denied(signing, signing.run("apply", digest, "--auto-approve"), "its signature cannot be read here")


def test_the_proof_of_another_changeset_is_denied(signing):
    digest, stored = planned(signing)
    signing.plan(update("tier", tier="trial"))
    sign(signing)
    other = signing.run("plan", "plan.yaml", "--format", "json").json["digest"]
    proof = (stored.parent / f"{other[7:]}.jsonl").read_bytes().splitlines(keepends=True)[-1]
    stored.write_bytes(b"".join([*stored.read_bytes().splitlines(keepends=True)[:-1], proof]))
    is_denied(signing, signing.run("apply", digest, "--auto-approve"), "its signature cannot be read here")


def test_a_proof_with_any_byte_changed_is_denied_or_called_damaged(signing):
    digest, stored = planned(signing)
    whole = stored.read_bytes()
    start = whole.rindex(b'{"proof":')
    for place in (start, start + 5, start + 12, start + 200, len(whole) - 4, len(whole) - 1):
        stored.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        told = signing.run("apply", digest, "--auto-approve")
        assert told.code in (Exit.REFUSED, Exit.INTEGRITY), told.all
    stored.write_bytes(whole + whole[start:])
    assert signing.run("apply", digest, "--auto-approve").code == Exit.INTEGRITY
    assert tier(signing) == "monthly"


def test_a_changeset_rewritten_with_all_its_digests_proves_nothing(signing):
    """Whoever can write the store, and knows how digests are made, still cannot make the agent say something else."""
    from agentctl.model.canonical import canonical
    from agentctl.store import changesets

    _, stored = planned(signing)
    lines = stored.read_bytes().splitlines(keepends=True)
    header, change = json.loads(lines[0]), json.loads(lines[1])
    header["plan"]["steps"][0]["with"]["tier"] = "gratis"
    change["arguments"]["tier"] = "gratis"
    change["records"][0]["after"]["tier"] = "gratis"
    del header["effects"], header["digest"], header["changes"]
    forged = changesets._changeset(header, (changesets.change_from_wire(change),), json.loads(lines[2])["proof"])
    changesets.write(stored.parent / f"{forged.digest[7:]}.jsonl", forged, 0o600)
    assert canonical(forged.digest)
    told = signing.run("apply", forged.digest, "--auto-approve")
    is_denied(signing, told, "its signature cannot be read here")


def test_a_signature_of_one_plan_does_not_carry_over_to_a_plan_stored_under_it(signing):
    """Sealed with the workspace's own key, signed by the agent: but what was signed is not what would be done."""
    from agentctl.identity import keys as key_files
    from agentctl.identity.vault import Vault
    from agentctl.model.authorship import Signed
    from agentctl.store import changesets
    from agentctl.workspace import proving

    _, stored = planned(signing)
    lineage = (signing.ours / "lineage").read_text().strip()
    vault = Vault(key_files.load(signing.key, lineage))
    source, signature = (signing.root / "plan.yaml").read_bytes(), (signing.root / "plan.yaml.sig").read_text()
    lines = stored.read_bytes().splitlines(keepends=True)
    header, change = json.loads(lines[0]), json.loads(lines[1])
    header["plan"]["steps"][0]["with"]["tier"] = "gratis"
    change["arguments"]["tier"] = "gratis"
    change["records"][0]["after"]["tier"] = "gratis"
    del header["effects"], header["digest"], header["changes"]
    bare = changesets._changeset(header, (changesets.change_from_wire(change),), "")
    proof = proving.seal(Signed(source=source, signature=signature), bare.digest, vault)
    forged = changesets._changeset(header, (changesets.change_from_wire(change),), proof)
    changesets.write(stored.parent / f"{forged.digest[7:]}.jsonl", forged, 0o600)
    told = signing.run("apply", forged.digest, "--auto-approve")
    is_denied(signing, told, "the text that was signed does not give this plan")
    assert base64.b64decode(proof)


def test_a_key_revoked_between_plan_and_apply_is_refused(signing):
    digest, _ = planned(signing)
    keys(signing, public(signing, "stranger"))
    told = signing.run("apply", digest, "--auto-approve")
    assert told.code in (Exit.STALE, Exit.REFUSED), told.all
    assert tier(signing) == "monthly"
    is_denied(signing, signing.run("apply", "plan.yaml"), "which is no key of this agent")


def test_a_key_that_an_agent_shares_is_an_error_where_it_stands(signing):
    signing.change("policy.yaml", lambda policy: policy["agents"].update(
        reader={"roles": ["looks"], "keys": [public(signing, "agent") + " again"]}))
    told = signing.run("plan", signing.plan(update("tier")))
    assert (told.code, "Key of two" in told.err, "agent `helper`'s as well" in told.err) == (Exit.INVALID, True, True)
    signing.change("policy.yaml", lambda policy: policy["agents"]["reader"].pop("keys"))
    signing.change("policy.yaml", lambda policy: policy["people"]["on-call-1"].update(keys=[public(signing, "agent")]))
    told = signing.run("validate", "plan.yaml")
    assert (told.code, "Key of two" in told.err) == (Exit.INVALID, True)


def test_explain_and_replay_know_the_proof(signing):
    signing.plan(update("tier"))
    sign(signing)
    explained = signing.run("policy", "explain", "plan.yaml")
    assert "ALLOW" in explained.out, explained.out
    assert f"proven: signed with {fingerprint(signing, 'agent')}" in explained.out
    assert signing.run("apply", "plan.yaml", "--auto-approve").code == Exit.OK
    old = signing.root / "old.yaml"
    old.write_text((signing.root / "policy.yaml").read_text())
    same = signing.run("policy", "replay", "--base", "old.yaml", "--format", "json")
    assert same.code == Exit.OK, same.all
    keys(signing, public(signing, "stranger"))
    told = signing.run("policy", "replay", "--base", "old.yaml", "--format", "json")
    assert "which is no key of this agent" in json.dumps(told.json)


def test_a_run_goes_on_by_the_same_proof_and_not_without_it(signing):
    signing.plan(update("tier"), create("after"))
    sign(signing)
    digest = signing.run("plan", "plan.yaml", "--format", "json").json["digest"]
    with signing.memory_is_busy() as over, signing.sitting("apply", digest, "--auto-approve") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        assert signing.run("halt", "--all", "--reason", "wait").code == Exit.OK
        over()
        assert sitting.ended().code == Exit.INCOMPLETE
    assert signing.run("unhalt", "--all", "--reason", "go on").code == Exit.OK
    stored = signing.ours / "changesets" / f"{digest[7:]}.jsonl"
    whole = stored.read_bytes()
    stored.write_bytes(whole[: whole.rindex(b'{"proof":')])
    told = signing.run("apply", "--resume", "latest")
    assert told.code == Exit.INCOMPLETE, told.all
    assert "its signature cannot be read here" in " ".join(told.all.split())
    assert len(signing.memory()) == 1
    stored.write_bytes(whole)
    told = signing.run("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert len(signing.memory()) == 2


@pytest.mark.parametrize(("name", "hint"), [("h\u0435lper", "helper"), ("r\u0435ader", "reader")])
def test_an_agent_whose_name_looks_like_anothers_is_nobody(house, name, hint):
    house.plan(update("tier"), agent=name)
    told = house.run("plan", "plan.yaml")
    assert told.code == Exit.INVALID
    assert tier(house) == "monthly"
    assert f"is U+0435 CYRILLIC SMALL LETTER IE. Did you mean `{hint}`?" in " ".join(told.err.split())
