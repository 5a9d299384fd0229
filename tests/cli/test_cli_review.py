"""What a reviewer is shown before and after, with the workspace key and without."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing

import pytest

from agentctl.errors import Exit
from tests.cli.conftest import Terminal

CRM = """\
version: 1
kind: Plan
intent: Take over the new address.
agent: assistant
steps:
  - id: contact
    action: crm.row.update
    target: customers/42
    with: {email: new@acme.example, iban: DE-NEW}
    because: They moved.
"""


@pytest.fixture
def says_yes(monkeypatch):
    """Return a function that puts a person at the terminal who says yes; it returns what they are told there."""

    def sit_down() -> Terminal:
        told = Terminal()
        monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
        monkeypatch.setattr(sys, "stderr", told)
        return told

    return sit_down


@pytest.fixture
def crm(workspace):
    """Add a database with a sealed and a sensitive column, and a plan that changes both."""
    with closing(sqlite3.connect(workspace / "crm.db")) as database:
        database.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, iban TEXT)")
        database.execute("INSERT INTO customers VALUES (42, 'old@acme.example', 'DE-OLD')")
        database.commit()
    with (workspace / "agentctl.yaml").open("a") as file:
        settings = '{type: sql, url: "sqlite:///crm.db", sealed: [customers.email], sensitive: [customers.iban]}'
        file.write(f"  crm: {settings}\n")
    (workspace / "crm.yaml").write_text(CRM)


def digest_of(said) -> str:
    return said.out.rpartition("agentctl apply ")[2].strip()


def test_sealed_values_are_shown_to_who_holds_the_key_and_sensitive_ones_to_nobody(workspace, agentctl, crm):
    planned = agentctl("plan", "crm.yaml")
    stored = agentctl("show", digest_of(planned))
    for said in (planned, stored, agentctl("plan", "crm.yaml", "--format", "json"), agentctl("plan", "crm.yaml", "--diff", "full")):
        assert "old@acme.example" in said.out
        assert "new@acme.example" in said.out
        assert "DE-" not in said.out + said.err
    assert 'email: "old@acme.example" → "new@acme.example"' in planned.out
    assert "iban: (hidden, changed)" in planned.out


def test_without_the_key_a_changeset_is_explained_and_sealed_values_stay_hidden(
    workspace, agentctl, crm, monkeypatch, tmp_path
):
    digest = digest_of(agentctl("plan", "crm.yaml"))
    monkeypatch.setenv("AGENTCTL_KEY_FILE", str(tmp_path / "nowhere"))
    said = agentctl("show", digest)
    assert said.code == Exit.OK
    assert "email: (hidden, changed)" in said.out
    assert "acme.example" not in said.out


def test_the_question_follows_the_review_with_no_command_between(workspace, agentctl, says_yes):
    (workspace / "pricing.md").write_text("Annual: $12\n")
    told = says_yes()
    said = agentctl("apply", "plan.yaml")
    assert said.code == Exit.OK
    assert "agentctl apply" not in said.out
    assert told.getvalue().startswith("Do exactly this?")


def test_a_reviewed_rollback_that_leaves_a_step_alone_is_no_success(workspace, agentctl, says_yes):
    (workspace / "note.txt").write_text("somebody else's")
    said = agentctl("rollback", "latest", "-o", "undo.changeset", "--json-into", "undo.json")
    assert said.code == Exit.OK
    assert said.out.index("Left alone by this rollback") < said.out.index("undo-page")
    assert said.out.splitlines()[-1].strip().startswith("agentctl apply ")
    assert [item["step"] for item in json.loads((workspace / "undo.json").read_text())["left"]] == ["note"]
    says_yes()
    said = agentctl("apply", "undo.changeset")
    assert said.code == Exit.INCOMPLETE
    assert "1 left alone: the rollback is not whole." in said.out
    assert (workspace / "pricing.md").read_text() == "Annual: $12\n"
    assert (workspace / "note.txt").read_text() == "somebody else's"


def test_a_rollback_with_nothing_left_to_do_ends_with_what_to_type(workspace, agentctl):
    (workspace / "note.txt").write_text("somebody else's")
    (workspace / "pricing.md").write_text("somebody else's")
    said = agentctl("rollback", "latest")
    assert said.code == Exit.INCOMPLETE
    assert said.out.splitlines()[-1] == "    agentctl drift"


def test_an_outcome_that_cannot_be_written_never_claims_that_nothing_happened(workspace, agentctl, says_yes):
    (workspace / "pricing.md").write_text("Annual: $12\n")
    told = says_yes()
    said = agentctl("apply", "plan.yaml", "--json-into", "no/such/folder/run.json")
    assert said.code == Exit.INCOMPLETE
    assert (workspace / "pricing.md").read_text() == "Annual: $10\n"
    assert "agentctl show " in told.getvalue().splitlines()[-1]


@pytest.mark.parametrize("detail", ["summary", "compact", "full"])
def test_every_detail_ends_with_the_same_figures(workspace, agentctl, detail):
    (workspace / "pricing.md").write_text("Annual: $12\n")
    figures = agentctl("plan", "plan.yaml", "--diff", detail).out.partition("\nPlan: ")[2]
    assert figures == agentctl("plan", "plan.yaml").out.partition("\nPlan: ")[2]
    assert figures.startswith("0 to add, 1 to change, 0 to destroy, 0 side effects.\n2 steps: 1 waiting for consent, 1 already so.")


def test_several_plans_are_each_told_valid_or_not(workspace, agentctl):
    (workspace / "broken.yaml").write_text("version: 1\nkind: Plan\n")
    said = agentctl("validate", "plan.yaml", "broken.yaml", "missing.yaml")
    assert said.code == Exit.INVALID
    assert said.out.splitlines()[-2:] == ["Valid: plan.yaml.", "Not valid: broken.yaml, missing.yaml (4 errors)."]
    document = json.loads(agentctl("validate", "plan.yaml", "broken.yaml", "--format", "json").out)
    assert {item["pointer"] for item in document["diagnostics"]} == {""}
    assert document["error_count"] == 3


def test_a_second_init_keeps_everything(workspace, agentctl):
    before = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    said = agentctl("init", "--policy", "read-only")
    assert said.code == Exit.OK
    assert "is a workspace already" in said.err
    assert {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("policy", ["read-only", "draft-only", "write-with-approval", "operations"])
def test_each_first_policy_makes_a_workspace_that_works(tmp_path, agentctl, monkeypatch, policy):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AGENTCTL_KEY_FILE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    assert agentctl("init", "ws", "--policy", policy).code == Exit.OK
    (tmp_path / "ws/plan.yaml").write_text(
        "version: 1\nkind: Plan\nintent: look\nagent: assistant\nsteps:\n"
        "  - {id: look, action: files.text.read, target: plan.yaml, because: to see}\n"
    )
    assert agentctl("-C", "ws", "plan", "plan.yaml").code == Exit.OK


def test_init_says_what_it_kept(tmp_path, agentctl, monkeypatch):
    monkeypatch.setenv("AGENTCTL_KEY_FILE", str(tmp_path / "key"))
    folder = tmp_path / "ws"
    folder.mkdir()
    monkeypatch.chdir(folder)
    text = "version: 1\nkind: Workspace\ntenant: acme\nenvironment: prod\npolicy: policy.yaml\nconnectors: {}\n"
    (folder / "agentctl.yaml").write_text(text)
    said = agentctl("init", "--policy", "read-only")
    assert said.code == Exit.OK
    assert "kept  agentctl.yaml" in said.err
    assert (folder / "agentctl.yaml").read_text() == text
