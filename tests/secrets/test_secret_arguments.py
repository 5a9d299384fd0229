"""A secret goes from where it is kept to the one call it is for, when it is granted, and nowhere else."""

from __future__ import annotations

import json
import os
import sys

import pytest
import yaml

from agentctl.errors import Exit, Invalid, Unreachable
from agentctl.identity.secret import Command, File, Secrets, Variable
from agentctl.workspace.file import load
from tests.e2e.house import FILE, step
from tests.secrets.conftest import SMTP, account, traces_of


def test_a_granted_secret_reaches_the_system_and_nothing_else(relayed):
    house = relayed.house
    house.plan(account())
    told = [house.run("validate", "plan.yaml"), house.run("plan", "plan.yaml"), house.typed("apply", "plan.yaml")]
    told += [house.run("show"), house.run("show", "--format", "json"), house.run("verify")]
    assert [one.code for one in told] == [Exit.OK] * 6, [one.all for one in told]
    assert relayed.world()["passwords"] == {"accounts/ada": SMTP}
    assert "uses  (secret smtp) as password" in told[1].out
    assert traces_of(house, SMTP, [one.all for one in told]) == []


def test_a_secret_that_was_rotated_between_plan_and_apply_voids_no_consent(relayed):
    house = relayed.house
    house.plan(account())
    planned = house.run("plan", "plan.yaml", "-o", "reviewed")
    applied = house.typed("apply", "reviewed", SMTP_PASSWORD="the-new-one-of-today")
    assert (planned.code, applied.code) == (Exit.OK, Exit.OK), applied.all
    assert relayed.world()["passwords"] == {"accounts/ada": "the-new-one-of-today"}


def test_undoing_asks_for_the_secret_again_by_its_name(relayed):
    house = relayed.house
    house.plan(account())
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    without = house.typed("rollback", "latest", answers=("yes", "delete 1"), SMTP_PASSWORD="")
    assert without.code == Exit.UNREACHABLE, without.all
    assert "the environment variable SMTP_PASSWORD is empty" in without.err
    assert "accounts/ada" in relayed.world()["accounts"]
    told = house.typed("rollback", "latest", answers=("yes", "delete 1"))
    assert told.code == Exit.OK, told.all
    assert relayed.world()["accounts"] == {}
    assert traces_of(house, SMTP, [without.all, told.all]) == []


def test_a_run_cut_off_goes_on_with_the_secret_fetched_again(relayed):
    house = relayed.house
    relayed.tells("doubt")
    house.plan(account())
    doubtful = house.typed("apply", "plan.yaml")
    assert doubtful.code == Exit.INCOMPLETE, doubtful.all
    relayed.tells()
    without = house.run("apply", "--resume", "latest", SMTP_PASSWORD="")
    assert without.code in (Exit.INCOMPLETE, Exit.UNREACHABLE), without.all
    assert "SMTP_PASSWORD is empty" in without.err
    assert house.run("show", "--format", "json").json["steps"][0]["status"] in ("in doubt", "in-doubt")
    told = house.run("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert relayed.world()["passwords"] == {"accounts/ada": SMTP}
    assert traces_of(house, SMTP, [doubtful.all, without.all, told.all]) == []


# ---- where it comes from

def test_a_file_only_its_owner_reads_holds_one(relayed):
    house = relayed.house
    relayed.secrets(smtp={"file": "smtp.password"})
    path = house.root / "smtp.password"
    path.write_text(SMTP + "\n")
    path.chmod(0o640)
    house.plan(account())
    refused = house.typed("apply", "plan.yaml")
    assert refused.code == Exit.UNREACHABLE
    assert "has mode 0640, so that others can read it" in refused.err
    assert house.runs() == []
    path.chmod(0o400)
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    assert relayed.world()["passwords"] == {"accounts/ada": SMTP}


def test_a_command_prints_one_and_is_run_only_for_the_call(relayed):
    house = relayed.house
    told = f"import os, sys; open('ran', 'a').write('x'); sys.stderr.write({SMTP!r}); print({SMTP!r})"
    (house.root / "tell.py").write_text(told)
    relayed.secrets(smtp={"command": [sys.executable, "tell.py"]})
    house.plan(account())
    plan = house.run("plan", "plan.yaml")
    assert plan.code == Exit.OK
    assert not (house.root / "ran").exists(), "planning reads no secret"
    applied = house.typed("apply", "plan.yaml")
    assert applied.code == Exit.OK, applied.all
    assert (house.root / "ran").read_text() == "x"
    assert relayed.world()["passwords"] == {"accounts/ada": SMTP}
    assert SMTP not in plan.all + applied.all


def test_no_program_started_from_here_inherits_a_secret(relayed):
    house = relayed.house
    editor = house.root / "editor.py"
    editor.write_text("import json, os\njson.dump(dict(os.environ), open('seen.json', 'w'))\n")
    (house.root / "tell.sh").write_text("#!/bin/sh\nenv > told.env\nprintf %s another-secret\n")
    (house.root / "tell.sh").chmod(0o700)
    relayed.secrets(smtp={"env": "SMTP_PASSWORD"}, other={"command": ["./tell.sh"]})
    relayed.grant("smtp", "other")
    house.plan(account(secret="other"), step("tier", "mem.record.update", "customers/1", {"tier": "annual"}))
    digest = house.run("plan", "plan.yaml", "--format", "json").json["digest"]
    edited = house.typed("edit", digest, "tier", EDITOR=f"{sys.executable} {editor}")
    seen = json.loads((house.root / "seen.json").read_text())
    assert edited.code is not None
    assert "PATH" in seen
    assert "SMTP_PASSWORD" not in seen
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    told = (house.root / "told.env").read_text()
    assert "PATH=" in told
    assert "SMTP_PASSWORD" not in told


def test_what_cannot_be_had_is_said_before_anything_runs(relayed):
    house = relayed.house
    house.plan(step("first", "mem.record.update", "customers/1", {"tier": "annual"}), account())
    told = house.typed("apply", "plan.yaml", SMTP_PASSWORD="")
    assert told.code == Exit.UNREACHABLE, told.all
    assert "Secret not available" in told.err
    assert house.runs() == [], "the first step was not begun either"
    assert house.memory()["customers/1"]["tier"] == "monthly"


def test_what_a_command_cannot_tell_fails_the_step_before_its_effect(relayed):
    house = relayed.house
    relayed.secrets(smtp={"command": [sys.executable, "-c", "import sys; sys.exit(3)"]})
    house.plan(account())
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.UNREACHABLE, told.all
    assert "ended with 3" in house.run("show", "--format", "json").json["steps"][0]["reason"]
    assert relayed.world()["accounts"] == {}
    assert not any(record["kind"] == "step_started" for record in house.records())


@pytest.mark.parametrize(("source", "why"), [
    (Variable("EMPTY"), "the environment variable EMPTY is empty"),
    (Variable("NOT_SET"), "the environment variable NOT_SET is not set"),
    (File("nowhere"), "nowhere: No such file or directory"),
    (File("folder"), "folder is not a regular file"),
    (File("pipe"), "pipe is not a regular file"),
    (File("open"), "has mode 0644, so that others can read it"),
    (Command(("no-such-program-here",)), "there is no program `no-such-program-here`"),
    (Command(("./open",)), "there is no program `./open`"),
])
def test_what_cannot_be_had_shows_without_reading_it(tmp_path, source, why):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "open").write_text(SMTP)
    (tmp_path / "open").chmod(0o644)
    secrets = Secrets(sources={"smtp": source}, root=tmp_path, environ={"EMPTY": "", "PATH": os.environ["PATH"]})
    for ask in (lambda: secrets.check(["smtp"]), lambda: secrets.value("smtp")):
        with pytest.raises(Unreachable, match="Secret not available") as refusal:
            ask()
        assert why in refusal.value.detail
        assert SMTP not in str(refusal.value)


@pytest.mark.parametrize(("written", "why"), [
    (b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe12345678", "is not text in UTF-8"),
    (b"abcdefgh\0", "holds a zero character"), (b"a" * 70_000, "is longer than 64 KiB"),
])
@pytest.mark.parametrize("how", ["file", "command"])
def test_what_is_no_secret_is_refused_without_quoting_it(tmp_path, how, written, why):
    path = tmp_path / "kept"
    path.write_bytes(written)
    path.chmod(0o600)
    source = File("kept") if how == "file" else Command(("cat", "kept"))
    with pytest.raises(Unreachable) as refusal:
        Secrets(sources={"smtp": source}, root=tmp_path, environ={"PATH": os.environ["PATH"]}).value("smtp")
    assert why in refusal.value.detail
    assert "12345678" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("written", [f"{SMTP}", f"{SMTP}\n", f"{SMTP}\r\n"])
def test_the_newline_that_ends_a_file_is_no_part_of_a_secret(tmp_path, written):
    (tmp_path / "kept").write_bytes(written.encode())
    (tmp_path / "kept").chmod(0o600)
    assert Secrets(sources={"smtp": File("kept")}, root=tmp_path, environ={}).value("smtp") == SMTP


def test_a_secret_the_action_does_not_take_is_refused_without_telling_what_is_wrong_with_it(relayed):
    house = relayed.house
    house.plan(account())
    told = house.typed("apply", "plan.yaml", SMTP_PASSWORD="sh0rt")
    assert told.code == Exit.UNREACHABLE, told.all
    shown = house.run("show", "--format", "json")
    assert shown.json["steps"][0]["reason"] == (
        "Secret of the wrong form: What `smtp` stands for is not what relay.account.create takes."
    )
    assert traces_of(house, "sh0rt", [told.all, shown.all]) == []


# ---- who may use it

def test_a_name_nobody_configured_is_refused_with_its_place(relayed):
    house = relayed.house
    house.plan(account(secret="smpt"))
    told = house.run("validate", "plan.yaml", "--format", "json")
    (found,) = told.json["diagnostics"]
    assert (told.code, found["code"], found["summary"]) == (Exit.INVALID, "unknown-secret", "Unknown secret")
    assert found["hint"] == "Did you mean `smtp`?"
    assert house.run("plan", "plan.yaml").code == Exit.INVALID


def test_a_stored_plan_whose_secret_is_no_longer_configured_is_not_begun(relayed):
    house = relayed.house
    house.plan(account())
    house.run("plan", "plan.yaml", "-o", "reviewed")
    relayed.secrets(other={"env": "OTHER"})
    told = house.typed("apply", "reviewed")
    assert told.code != Exit.OK
    assert "smtp" in told.err
    assert house.runs() == []


def test_a_secret_no_grant_lists_is_denied(relayed):
    house = relayed.house
    relayed.grant()
    house.plan(account())
    told = house.run("plan", "plan.yaml")
    assert told.code == Exit.REFUSED
    assert "does not list the secret `smtp`" in told.all
    assert house.typed("apply", "plan.yaml").code == Exit.REFUSED
    assert house.runs() == []


def test_a_grant_withdrawn_between_two_steps_keeps_the_second_from_getting_it(relayed):
    house = relayed.house
    house.plan(account())
    assert house.run("plan", "plan.yaml", "-o", "reviewed").code == Exit.OK
    relayed.grant()
    told = house.typed("apply", "reviewed")
    assert told.code in (Exit.REFUSED, Exit.STALE), told.all
    assert relayed.world()["passwords"] == {}


def test_a_secret_stands_in_secret_arguments_only_and_nothing_else_does(relayed):
    house = relayed.house
    wrong = {
        "elsewhere": {"password": {"$secret": "smtp"}, "quota": {"$secret": "smtp"}},
        "nested": {"password": {"nested": {"$secret": "smtp"}}},
        "literal": {"password": "literal-in-the-plan"},
        "brought": {"password": {"$from": "steps.other.after.tier"}},
    }
    other = step("other", "mem.record.update", "customers/1", {"tier": "annual"})
    house.plan(other, *(step(name, "relay.account.create", f"accounts/{name}", with_) for name, with_ in wrong.items()))
    told = house.run("validate", "plan.yaml", "--format", "json")
    assert told.code == Exit.INVALID
    found = {(item["pointer"].split("/")[2], item["code"]) for item in told.json["diagnostics"]}
    assert {("1", "secret-not-allowed"), ("2", "secret-not-allowed"), ("3", "secret-required"), ("4", "secret-required")} <= found
    assert "literal-in-the-plan" not in told.all


@pytest.mark.parametrize("wrong", [
    {"smtp": "a-literal-password"}, {"smtp": {"env": "A", "file": "b"}}, {"smtp": {"env": "a-literal-password x"}}, {"smtp": {}},
    {"smtp": {"command": "pass a-literal-password"}}, {"smtp": {"command": []}}, {"sm tp": {"env": "A"}}, {"smtp": {"vault": "x"}},
])
def test_a_source_that_is_none_is_refused_without_repeating_what_may_be_the_secret(tmp_path, wrong):
    (tmp_path / "agentctl.yaml").write_text(yaml.safe_dump(FILE | {"secrets": wrong}))
    with pytest.raises(Invalid) as refusal:
        load(tmp_path)
    assert refusal.value.diagnostics
    assert "a-literal-password" not in repr(refusal.value.diagnostics)
