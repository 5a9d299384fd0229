"""Promises kept by the whole of agentctl: real commands in a real workspace, looked at from outside."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from agentctl.demo.scratch import make
from agentctl.errors import Exit
from tests.examples.screens import LOGIN, typed
from tests.examples.test_examples import EXAMPLES


@pytest.fixture
def pricing(workspace):
    return made(workspace, "pricing-change")


@pytest.fixture
def config(workspace):
    return made(workspace, "config-edit")


def made(workspace: Path, example: str) -> Path:
    make(EXAMPLES / example, workspace, LOGIN)
    assert agentctl(workspace, "init")[0] == Exit.OK
    return workspace


def agentctl(workspace: Path, *arguments: str) -> tuple[int, str]:
    return typed(workspace, *arguments, answers=["yes"])


def systems(workspace: Path) -> dict[str, object]:
    """Return everything the systems of record hold: files with their modes, refs and index, rows with their types."""
    files = {
        path.relative_to(workspace).as_posix(): (path.read_bytes(), path.stat().st_mode)
        for path in workspace.rglob("*")
        if path.is_file() and path.relative_to(workspace).parts[0] not in {".git", ".agentctl"} and path.suffix != ".db"
    }
    return {"files": files, "git": repository(workspace), "rows": dumps(workspace)}


def repository(workspace: Path) -> list[str]:
    asked = (["for-each-ref"], ["ls-files", "--stage"], ["status", "--porcelain"], ["symbolic-ref", "HEAD"])
    return [subprocess.check_output(["git", *words], cwd=workspace, text=True) for words in asked]


def dumps(workspace: Path) -> dict[str, list[str]]:
    found = {}
    for path in workspace.glob("*.db"):
        with closing(sqlite3.connect(path)) as database:
            found[path.name] = list(database.iterdump())
    return found


def sql(workspace: Path, statement: str) -> None:
    with closing(sqlite3.connect(workspace / "shop.db")) as database:
        database.execute(statement)
        database.commit()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def move_the_shop(workspace: Path) -> None:
    shutil.copy(workspace / "shop.db", workspace / "other.db")
    edit(workspace / "agentctl.yaml", "shop.db", "other.db")


@pytest.mark.parametrize(("change", "code"), [
    (lambda root: edit(root / "reviewed", "10.9", "1.09"), Exit.INTEGRITY),
    (lambda root: edit(root / "policy.yaml", "fields: [amount]", "fields: [amount, currency]"), Exit.STALE),
    (move_the_shop, Exit.STALE),
    (lambda root: sql(root, "UPDATE prices SET amount = 11 WHERE product = 'annual'"), Exit.STALE),
    (lambda root: edit(root / "site" / "pricing.html", "<title>Acme", "<title>ACME"), Exit.STALE),
], ids=["changeset", "policy", "endpoint", "row", "file"])
def test_what_decides_changed_after_consent_is_refused_and_nothing_is_executed(pricing, change, code):
    assert agentctl(pricing, "plan", "plan.yaml", "-o", "reviewed")[0] == Exit.OK
    change(pricing)
    before = systems(pricing)
    refused, told = agentctl(pricing, "apply", "reviewed")
    assert (refused, systems(pricing)) == (code, before), told


def test_a_record_that_changed_between_plan_and_apply_is_refused_with_planned_and_now(pricing):
    agentctl(pricing, "plan", "plan.yaml", "-o", "reviewed")
    sql(pricing, "UPDATE prices SET amount = 11.25 WHERE product = 'annual'")
    before = systems(pricing)
    code, told = agentctl(pricing, "apply", "reviewed")
    assert code == Exit.STALE
    assert "amount" in told
    assert "12.5" in told, "as planned"
    assert "11.25" in told, "as it is now"
    assert systems(pricing) == before


def test_a_bystanders_change_does_not_void_consent(pricing):
    agentctl(pricing, "plan", "plan.yaml", "-o", "reviewed")
    sql(pricing, "UPDATE prices SET amount = 11.25 WHERE product = 'monthly'")
    sql(pricing, "UPDATE prices SET currency = 'EUR' WHERE product = 'annual'")
    code, told = agentctl(pricing, "apply", "reviewed")
    assert code == Exit.OK, told
    assert "VALUES('annual','EUR',10.9" in "".join(dumps(pricing)["shop.db"])


def test_two_steps_on_one_record_preview_and_apply_with_the_second_seeing_the_first(config):
    code, told = agentctl(config, "plan", "plan.yaml", "--diff", "full")
    assert code == Exit.OK
    assert told.count("+   requests_per_minute: 1200") == 1, "what the first step does is not the second one's change"
    assert told.count("    requests_per_minute: 1200") >= 1, "but it is what the second one starts from"
    assert agentctl(config, "apply", "plan.yaml")[0] == Exit.OK
    limits = (config / "service" / "limits.yaml").read_text("utf-8")
    assert "requests_per_minute: 1200    # raised in March" in limits
    assert "flags: {new-checkout: no}\n" in limits


def test_a_step_sees_an_earlier_step_of_another_connector(pricing):
    _, told = agentctl(pricing, "plan", "plan.yaml")
    assert told.count("+ <p>Annual: <b>$10.90</b> a month</p>") == 2, "the page, and the commit of the page"
    assert agentctl(pricing, "apply", "plan.yaml")[0] == Exit.OK
    shown = subprocess.check_output(["git", "show", "main:site/pricing.html"], cwd=pricing, text=True)
    assert shown == (pricing / "site" / "pricing.html").read_text("utf-8")
    assert "$10.90" in shown


@pytest.mark.parametrize("example", ["pricing-change", "config-edit", "bulk-tier-change", "schema-migration"])
def test_apply_then_rollback_restores_every_reversible_record_exactly(workspace, example):
    root = made(workspace, example)
    before = systems(root)
    assert agentctl(root, "apply", "plan.yaml")[0] == Exit.OK
    assert systems(root) != before
    code, told = agentctl(root, "rollback", "latest")
    assert (code, systems(root)) == (Exit.OK, before), told


def test_a_rollback_can_be_rolled_back(pricing):
    agentctl(pricing, "apply", "plan.yaml")
    done = systems(pricing)
    agentctl(pricing, "rollback", "latest")
    code, told = agentctl(pricing, "rollback", "latest")
    assert code == Exit.OK, told
    assert systems(pricing)["files"] == done["files"]
    assert systems(pricing)["rows"] == done["rows"]


def test_a_later_change_by_someone_else_is_not_overwritten_but_reported_and_partial_is_no_success(pricing):
    before = systems(pricing)
    agentctl(pricing, "apply", "plan.yaml")
    sql(pricing, "UPDATE prices SET amount = 9.5 WHERE product = 'annual'")
    code, told = agentctl(pricing, "rollback", "latest")
    assert code == Exit.INCOMPLETE
    assert all(value in told for value in ("12.5", "10.9", "9.5")), "what it was, what we made it, what it is"
    after = systems(pricing)
    assert (after["files"], after["git"]) == (before["files"], before["git"])
    assert "VALUES('annual','USD',9.5" in "".join(dumps(pricing)["shop.db"])


def test_plan_changes_nothing(pricing):
    def everything() -> dict[str, str]:
        ours = {".agentctl/changesets", ".agentctl/packs"}
        return {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in pricing.rglob("*")
            if path.is_file() and not any((name := path.relative_to(pricing).as_posix()).startswith(o) for o in ours)
        }

    before = everything()
    for command in (["validate", "plan.yaml"], ["plan", "plan.yaml"], ["plan", "plan.yaml", "--diff", "full"]):
        assert agentctl(pricing, *command)[0] == Exit.OK
    assert everything() == before


def test_the_same_plan_applied_twice_does_not_repeat_itself(pricing):
    agentctl(pricing, "apply", "plan.yaml")
    done = systems(pricing)
    agentctl(pricing, "apply", "plan.yaml")
    assert systems(pricing) == done


def test_what_is_drawn_is_what_the_document_holds(pricing):
    _, told = agentctl(pricing, "plan", "plan.yaml", "--json-into", "review.json")
    summary = json.loads((pricing / "review.json").read_text("utf-8"))["summary"]
    line = "Plan: {add} to add, {change} to change, {destroy} to destroy, {side_effects} side effects."
    assert line.format(**summary) in told


def test_no_secret_field_stands_in_clear_under_agentctl_nor_on_the_screen(pricing):
    edit(pricing / "agentctl.yaml", '"sqlite:///shop.db"', '"sqlite:///shop.db", sensitive: [prices.currency]')
    edit(pricing / "policy.yaml", "fields: [amount]", "fields: [amount, currency]")
    edit(pricing / "plan.yaml", "{amount: 10.90}", "{amount: 10.90, currency: CANARY-NEW}")
    sql(pricing, "UPDATE prices SET currency = 'CANARY-OLD' WHERE product = 'annual'")
    told = []
    for command in (["plan", "plan.yaml"], ["apply", "plan.yaml"], ["show"], ["drift"], ["rollback", "latest"], ["show"]):
        _, said = agentctl(pricing, *command)
        told.append(said)
    assert "CANARY-OLD" in "".join(dumps(pricing)["shop.db"]), "it was applied and rolled back"
    kept = {path: path.read_bytes() for path in (pricing / ".agentctl").rglob("*") if path.is_file()}
    assert len(kept) > 5
    assert [path for path, data in kept.items() if b"CANARY" in data] == []
    assert "CANARY" not in "".join(told)
