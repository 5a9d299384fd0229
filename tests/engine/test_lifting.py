"""Lifting a halt: by whom policy says, by name or by signature, and never more than was looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from agentctl import resources
from agentctl.errors import Invalid, Refused, Rejected, Usage
from agentctl.identity.ssh import make_key
from agentctl.model.canonical import canonical
from agentctl.model.halt import Halt, Reach, Scope, halt_to_wire
from agentctl.syntax.schema import problems
from agentctl.testing import LostReply
from agentctl.workspace.halting import halt
from agentctl.workspace.lifting import Word, unhalt

AGENT, ALL = Scope(Reach.AGENT, "bot"), Scope(Reach.ALL)


@pytest.fixture
def keys(tmp_path) -> dict[str, str]:
    """Public lines by person; the private keys lie beside."""
    return {name: make_key(tmp_path / name, name) for name in ("me", "ann", "eve")}


@pytest.fixture
def strict(world, keys):
    """A workspace in which only on-call may lift, and must sign; ``me`` is on call, ``ann`` leads."""
    rules = world.rules.partition("people:")[0]
    world.policy(rules + "\n".join([
        "people:",
        f"  me: {{groups: [on-call], aliases: [USER], keys: ['{keys['me']}']}}",
        f"  ann: {{groups: [leads], keys: ['{keys['ann']}']}}",
        "rollback: {from: [on-call]}",
        "unhalt: {from: [on-call], signed: true}",
        "",
    ]))
    halt(world.workspace, AGENT, "2 a.m.")
    return world


def named(world, unhalt: str):
    world.policy(world.rules.partition("unhalt:")[0] + f"unhalt: {unhalt}\n")
    return world


def stands(world) -> bool:
    return bool(world.workspace.halts())


def body(world):
    return [act for act in world.workspace.history().acts if act.kind == "unhalt"][-1].body


def test_without_a_rule_whoever_may_write_here_may_lift_and_is_named_as_far_as_known(world):
    halt(world.workspace, AGENT, "2 a.m.")
    said = unhalt(world.workspace, AGENT, "fixed")
    assert not stands(world)
    assert body(world)["person"] == "me", "policy has the login name as an alias"
    assert "signed" not in body(world)
    assert "Lifted: agent `bot` is halted since" in said


def test_somebody_outside_the_group_may_not_lift_and_is_told_who_may(world):
    named(world, "{from: [on-call]}")
    halt(world.workspace, AGENT, "2 a.m.")
    unhalt(world.workspace, AGENT, "fixed")
    named(world, "{from: [leads]}")
    halt(world.workspace, AGENT, "2 a.m.")
    with pytest.raises(Refused, match="Halts are not yours to lift") as told:
        unhalt(world.workspace, AGENT, "fixed")
    assert "policy.yaml:" in told.value.detail
    assert "`me`" in told.value.detail or "is in on-call" in told.value.detail
    assert stands(world)


def test_where_policy_asks_for_a_signature_a_login_name_lifts_nothing(strict, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    with pytest.raises(Usage, match="Nothing was signed"):
        unhalt(strict.workspace, AGENT, "fixed")
    assert stands(strict)


def test_a_signature_lifts_and_ssh_keygen_alone_can_check_the_record(strict, tmp_path, keys):
    unhalt(strict.workspace, AGENT, "fixed", Word(key=tmp_path / "me"))
    assert not stands(strict)
    told = body(strict)
    assert told["person"] == "me"
    statement = told["signed"]["statement"]
    assert not problems(resources.schema("unhalt"), statement)
    assert statement["reason"] == "fixed"
    (tmp_path / "signers").write_text(f"me {keys['me']}\n")
    (tmp_path / "sig").write_text(told["signed"]["signature"])
    checked = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", tmp_path / "signers", "-I", "me", "-n", "agentctl-unhalt", "-s", tmp_path / "sig"],
        input=canonical(statement) + b"\n", capture_output=True, check=False,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("word", "error"), [
    (("ann", "ann"), "Halts are not yours to lift"),        # signs well, and may not
    (("me", "ann"), "The signature does not count"),        # says to be somebody else
    (("me", "eve"), "The signature does not count"),        # a key nobody has
    (("eve", "eve"), "Halts are not yours to lift"),
    (("bot", "me"), "Halts are not yours to lift"),
])
def test_a_signature_of_anybody_else_lifts_nothing(strict, tmp_path, word, error):
    person, key = word
    with pytest.raises(Refused, match=error):
        unhalt(strict.workspace, AGENT, "fixed", Word(person=person, key=tmp_path / key))
    assert stands(strict)


def test_what_was_signed_lifts_no_halt_that_came_while_it_was_signed(strict, tmp_path, monkeypatch):
    """The slow part is the person at the key: what is asked for meanwhile must stand."""
    again = Halt(id="again", scope=AGENT, by="ann", host="ops", at="2026-01-01T00:00:00Z", reason="and again")
    (tmp_path / "again.json").write_bytes(canonical(halt_to_wire(again)))
    slow = tmp_path / "bin/ssh-keygen"
    slow.parent.mkdir()
    slow.write_text(
        f"#!/bin/sh\nmkdir -p {strict.workspace.layout.halts}\n"
        f'cp {tmp_path}/again.json {strict.workspace.layout.halts}/\nexec {shutil.which("ssh-keygen")} "$@"\n'
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    with pytest.raises(Refused, match="Halted again meanwhile"):
        unhalt(strict.workspace, AGENT, "fixed", Word(key=tmp_path / "me"))
    assert [one.reason for one in strict.workspace.halts()] == ["2 a.m.", "and again"]


def test_a_key_taken_out_of_the_policy_lifts_nothing_more(strict, tmp_path, keys):
    strict.policy(strict.rules.replace(keys["me"], keys["eve"]))
    with pytest.raises(Refused, match="The signature does not count"):
        unhalt(strict.workspace, AGENT, "fixed", Word(key=tmp_path / "me"))
    assert stands(strict)


def test_a_broken_policy_lets_nobody_lift(world):
    halt(world.workspace, ALL, "2 a.m.")
    world.policy("version: 1\nkind: Policy\nnonsense: 1\n")
    with pytest.raises(Invalid):
        unhalt(world.workspace, ALL, "fixed")
    assert stands(world)


def test_foreign_text_in_what_is_lifted_reaches_no_terminal_as_it_is(world):
    halt(world.workspace, AGENT, "a\x1b[31mb\u202ec\nd")
    said = unhalt(world.workspace, AGENT, "fixed")
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert len(said.splitlines()) == 2


def test_what_trips_and_who_lifts_is_recorded_as_the_trace_format_says(strict, tmp_path):
    """A breaker's definition, its halt and a signed lifting, each as other programs may rely on it."""
    strict.policy(strict.rules + "breakers: [{id: guard, on: failures, count: 1, per: 1h, halt: connector, connectors: [mem]}]\n")
    unhalt(strict.workspace, AGENT, "fixed", Word(key=tmp_path / "me"))

    class Refuses(LostReply):
        def execute(self, change, call):
            raise Rejected("No", "the system will not have it")

    strict.wrap = Refuses
    strict.apply("  - {id: a, action: mem.record.create, target: c/a, with: {n: 1}}\n")
    unhalt(strict.workspace, Scope(Reach.CONNECTOR, "mem"), "well again", Word(key=tmp_path / "me"))
    lines = [line for path in sorted(strict.workspace.layout.trace.glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    schema = resources.schema("trace")
    assert [problems(schema, json.loads(line)) for line in lines] == [()] * len(lines)
    bodies = [json.loads(line)["body"] for line in lines]
    assert [body["tripped"]["breaker"] for body in bodies if "tripped" in body] == ["guard"]
    assert [body["breakers"][0]["connectors"] for body in bodies if "breakers" in body] == [["mem"]]
    assert sum("signed" in body for body in bodies) == 2
