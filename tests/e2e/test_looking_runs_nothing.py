"""Looking at a plan runs nothing that its author could have put into the workspace, the repository or the database."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.connectors.test_git_hostile import HOOKS, PROGRAMS
from tests.e2e.house import PATIENCE, House, Told, step, update

# What a program or interpreter that trusts the current folder would load from it.
MODULES = (
    "sitecustomize", "usercustomize", "yaml", "typer", "rich", "git", "json", "sqlalchemy", "agentctl_site", "conftest",
    "jsonschema_rs",
)
PLACED = ("git", "ssh-keygen", "sh", "python3", "less", "vi", "agentctl")
LOOKS = (
    ("validate", "plan.yaml"), ("plan", "plan.yaml"), ("plan", "plan.yaml", "--format", "markdown"), ("show",), ("runs",), ("drift",), ("verify",),
    ("state", "list"), ("policy", "explain", "plan.yaml"), ("policy", "lint"), ("policy", "show"), ("policy", "replay", "--base", "policy.yaml"), ("connectors", "list"),
    ("connectors", "show", "code"), ("approvals",), ("lock", "show"), ("clock", "show"),
)


@pytest.fixture
def mined(house: House) -> House:
    """A workspace that was lived in, and in which everything somebody could come to run leaves a mark."""
    house.plan(update("tier"), step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10", "count": 1}))
    assert house.typed("apply", "plan.yaml").code == 0
    house.plan(
        update("tier", tier="none"), step("row", "crm.row.update", "customers/1", {"tier": "annual"}),
        step("look", "crm.row.read", "customers/2"),
        step("page", "site.text.replace", "index.html", {"find": "$10", "replace": "$9", "count": 1}),
        step("branch", "code.branch.create", "agent/x", {"from": "main"}),
        step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": "x"}),
        evidence=[{"id": "log", "uri": "git:main:notes.txt"}, {"id": "notes", "uri": "file:code/notes.txt", "quote": "unrelated"},
                  {"id": "web", "uri": "ext::sh -c it-ran".replace(" ", "%20")}],
    )
    script = mark(house, house.root / "evil")
    for folder in (house.root, house.root / "code"):
        for name in MODULES:
            (folder / f"{name}.py").write_text(f"open({str(canary(house))!r}, 'a').write({name!r})\n")
        for name in PLACED:
            if not (folder / name).exists():
                mark(house, folder / name)
    repository = house.root / "code/.git"
    (repository / "hooks").mkdir(exist_ok=True)
    for name in (*HOOKS, "pre-push", "pre-auto-gc", "post-fetch"):
        mark(house, repository / "hooks" / name)
    (house.root / "code/.gitattributes").write_text("* diff=evil merge=evil\n*.txt filter=evil\n")
    (repository / "info").mkdir(exist_ok=True)
    (repository / "info/attributes").write_text("* diff=evil merge=evil\n*.txt filter=evil\n")
    for key in PROGRAMS:
        house.git("config", key, str(script))
    house.git("config", "core.hooksPath", str(repository / "hooks"))
    (house.root / "more.gitconfig").write_text(f"[core]\n\tfsmonitor = {script}\n\tpager = {script}\n[alias]\n\tcat-file = !{script}\n")
    house.git("config", "include.path", str(house.root / "more.gitconfig"))
    with closing(sqlite3.connect(house.root / "crm.db")) as database:
        for event in ("UPDATE", "INSERT", "DELETE"):
            database.execute(f"CREATE TRIGGER t{event} AFTER {event} ON customers BEGIN INSERT INTO marks VALUES ('{event}'); END")
        database.execute("CREATE TABLE marks (name TEXT)")
        database.execute("CREATE VIEW loads AS SELECT load_extension('evil')")
        database.commit()
    canary(house).unlink(missing_ok=True)       # setting the trap may have sprung it
    return house


def canary(house: House) -> Path:
    return house.home / "it-ran"


def mark(house: House, path: Path) -> Path:
    path.write_text(f'#!/bin/sh\necho "$0 $*" >> {canary(house)}\n')
    path.chmod(0o755)
    return path


def run(house: House, *words: str) -> Told:
    """Run the installed program, as people do."""
    done = subprocess.run(
        [Path(sys.executable).with_name("agentctl"), *words], cwd=house.root, env=house.environ(PYTHONPATH=""), stdin=subprocess.DEVNULL,
        capture_output=True, timeout=PATIENCE, check=False,
    )
    return Told(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def test_no_command_that_looks_runs_anything_of_the_workspace(mined):
    for words in LOOKS:
        told = run(mined, *words)
        assert told.code in (0, 4), (words, told.all)
        assert not canary(mined).exists(), (words, canary(mined).read_text())
    assert mined.sql("SELECT count(*) FROM marks") == [(0,)]
    assert mined.sql("SELECT tier FROM customers WHERE id = 1") == [("monthly",)]


def test_the_trap_would_be_sprung_by_a_program_that_trusts_the_folder(mined):
    """Or the test above would show nothing."""
    subprocess.run([sys.executable, "-c", "import yaml"], cwd=mined.root, env=mined.environ(PYTHONPATH=str(mined.root)), check=False)
    assert canary(mined).exists()
    canary(mined).unlink()
    subprocess.run(["git", "status"], cwd=mined.root / "code", env=mined.environ(), capture_output=True, check=False)
    assert canary(mined).exists()
